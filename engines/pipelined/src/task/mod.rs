//! The loop of a subtask, its two kinds (one reads splits, one reads a gate), and its part in
//! checkpoints.

pub(crate) mod attempt_state;
mod barrier;
pub(crate) mod channels;
pub(crate) mod checkpointing;
pub(crate) mod flusher;
pub(crate) mod inner_task;
pub(crate) mod mini_batch;
pub(crate) mod source_task;
pub(crate) mod source_watermarks;
pub(crate) mod subtask;
pub(crate) mod time_sheet;
