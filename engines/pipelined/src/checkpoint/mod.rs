//! Aligned checkpoints: when they are triggered, what coordinator and subtasks tell one another, and
//! where they are kept.

pub(crate) mod barrier_aligner;
pub(crate) mod coordinator;
pub(crate) mod mailbox;
pub(crate) mod store;
