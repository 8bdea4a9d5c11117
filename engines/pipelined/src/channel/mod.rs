//! How buffers get from subtask to subtask: gates, credits and links.

pub(crate) mod credit;
pub(crate) mod input_gate;
pub(crate) mod link_task;
