//! Workloads, each with its own evaluator.
//!
//! A [`Workload`](spec::Workload) is a stream of events, a plan over it, and the answer computed
//! by other means. The [`registry`] holds them by name with their types erased.

pub mod event_time;
pub mod events;
pub mod inputs;
pub mod knobs;
pub mod nexmark;
pub mod queries;
mod registered;
pub mod registry;
pub mod schedule;
pub mod spec;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod run_plan;
