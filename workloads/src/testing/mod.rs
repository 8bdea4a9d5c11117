//! What the tests of this crate share.

pub(crate) mod golden;
pub(crate) mod knobs;
pub(crate) mod memory_log;
pub(crate) mod run_plan;
