//! What is measured in a run, without the engine knowing.

pub(crate) mod batches;
pub mod catch_up;
pub mod latency;
pub mod run_observer;
pub mod sink;
pub mod transactional;
