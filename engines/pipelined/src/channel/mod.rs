//! How buffers get from subtask to subtask: gates, credits and links.

pub mod credit;
pub mod input_gate;
pub(crate) mod link_task;
