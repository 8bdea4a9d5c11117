//! The pipelined model: long-lived subtasks connected by buffers and credits, as Apache Flink.
//!
//! Each subtask is an async loop: take a buffer from the input gate, process it, hand full
//! buffers to channels as credit allows, suspend only between batches. Nothing here knows the
//! micro-batch model.
//!
//! The modules, from the lowest up; each uses only those before it:
//! - `channel`: gates, credits and links, by which buffers get from subtask to subtask
//! - `checkpoint`: when checkpoints are triggered, what is told about them, and where they are kept
//! - `settings`: what can be set
//! - `task`: the loop of a subtask, its two kinds, and its part in checkpoints
//! - `job`: lays a plan out over subtasks, and makes one attempt after another to run it

mod channel;
mod checkpoint;
mod job;
mod settings;
mod task;

pub use job::Pipelined;
pub use settings::SETTINGS;
