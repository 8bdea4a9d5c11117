//! The pipelined model: long-lived subtasks connected by buffers and credits, as Apache Flink.
//!
//! Each subtask is an async loop: take a buffer from the input gate, process it, hand full
//! buffers to channels as credit allows, suspend only between batches. Nothing here knows the
//! micro-batch model.
//!
//! The rooms, lowest first: `channel` (gates, credits, links), `checkpoint` (aligned checkpoints),
//! `settings`, `task` (the loop of a subtask), `job` (wiring, attempts, restarts).

pub mod channel;
pub mod checkpoint;
mod job;
mod settings;
pub mod task;

pub use job::Pipelined;
pub use settings::SETTINGS;
