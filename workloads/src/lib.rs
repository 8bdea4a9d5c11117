//! Workloads, each with its own evaluator.
pub mod arrival;
pub mod registry;
pub mod spec;
