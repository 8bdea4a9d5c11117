//! Aligned checkpoints: when they are triggered, what coordinator and subtasks tell one another, and
//! where they are kept.

pub mod barrier_aligner;
pub mod coordinator;
pub(crate) mod mailbox;
pub(crate) mod store;
