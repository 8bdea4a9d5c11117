//! What is measured in a run, without the engine knowing.

pub(crate) mod batches;
pub(crate) mod catch_up;
pub(crate) mod latency;
pub(crate) mod machine;
mod rescale_rows;
pub(crate) mod run_observer;
pub(crate) mod sink;
pub(crate) mod snapshot;
pub(crate) mod transactional;
