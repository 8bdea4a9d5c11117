//! The vocabulary both stream-processing models share: records, operators, stages, plans.
pub mod runtime;
pub mod time;
