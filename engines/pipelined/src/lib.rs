//! The pipelined model: long-lived subtasks connected by buffers and credits, as Apache Flink.
//!
//! Each subtask is an async loop: take a buffer from the input gate, process it, hand full
//! buffers to channels as credit allows, suspend only between batches. Nothing here knows the
//! micro-batch model.

mod attempt;
pub mod barrier_aligner;
mod carrier;
pub mod checkpoint_coordinator;
mod checkpoint_store;
mod checkpointing;
pub mod credit;
pub mod flusher;
mod inner_task;
pub mod input_gate;
mod job;
mod mailbox;
mod output;
pub mod restart_backoff;
mod settings;
mod source_task;
mod status;
mod subtask;
mod wiring;

pub use job::Pipelined;
pub use settings::SETTINGS;
