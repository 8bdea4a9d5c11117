//! The workloads, one per file: plan and evaluator side by side.

mod changes;
pub(crate) mod forward;
pub(crate) mod keyed_count;
pub(crate) mod nexmark;
mod running;
pub(crate) mod transfers;
pub(crate) mod uppercase;
pub(crate) mod windowed_count;
pub(crate) mod word_count;

pub use keyed_count::KeyedCount;
pub use word_count::WordCount;
