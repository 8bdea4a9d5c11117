//! The pipelined model: long-lived subtasks connected by buffers and credits, as Apache Flink.
//!
//! Each subtask is an async loop: take a buffer from the input gate, process it, hand full
//! buffers to channels as credit allows, suspend only between batches. Nothing here knows the
//! micro-batch model.

pub mod credit;
pub mod flusher;
mod inner_task;
pub mod input_gate;
mod job;
mod output;
mod settings;
mod source_task;
mod status;
mod subtask;

pub use job::Pipelined;
pub use settings::SETTINGS;
