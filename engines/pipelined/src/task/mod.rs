//! The loop of a subtask, and its two kinds: one reads splits, one reads a gate.

pub mod flusher;
pub(crate) mod inner_task;
pub(crate) mod output;
pub(crate) mod source_task;
pub(crate) mod subtask;
