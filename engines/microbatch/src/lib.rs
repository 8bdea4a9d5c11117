//! The micro-batch model: a driver and short tasks, as Spark Structured Streaming.
//!
//! The driver cuts the offsets of a batch, runs the stages in order as short tasks over slots
//! with a barrier between stages and materialised shuffle blocks, and applies the watermark of
//! the batches before once, after the records. With a guarantee every batch is logged before it
//! runs and committed after it, so that a restart runs at most one batch again, exactly as it was.
//! Nothing here knows the pipelined model.
//!
//! The rooms, lowest first: `settings`; `trigger`, `cut` and `batch_log` (when a batch is due, what
//! it holds, and where that is written); `state_store` and `retention` (versions of state, and which
//! may go); `partition`, `task`, `slot`, `retry`, `scheduler` and `stages` (how a batch runs);
//! `recovery`; `driver` (the loop over batches).

pub mod batch_log;
pub mod cut;
mod driver;
mod partition;
mod recovery;
mod retention;
mod retry;
mod scheduler;
mod settings;
mod slot;
mod stages;
mod state_store;
mod task;
pub mod trigger;

pub use driver::MicroBatch;
pub use settings::SETTINGS;
