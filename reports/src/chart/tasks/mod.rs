//! Charts of what tasks, batches and checkpoints spend their time on.

pub mod batch_anatomy;
pub mod batch_load;
pub mod batch_slots;
pub mod pipeline_anatomy;
