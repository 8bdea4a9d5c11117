//! Charts of what tasks, batches and checkpoints spend their time on.

pub(crate) mod batch_anatomy;
pub(crate) mod batch_load;
pub(crate) mod batch_slots;
pub(crate) mod pipeline_anatomy;
