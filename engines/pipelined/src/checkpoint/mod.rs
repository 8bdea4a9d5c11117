//! Aligned checkpoints: when they are triggered, what a subtask does, and where they are kept.

pub mod barrier_aligner;
pub(crate) mod checkpointing;
pub mod coordinator;
pub(crate) mod store;
