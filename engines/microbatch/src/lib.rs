//! The micro-batch model: a driver and short tasks, as Spark Structured Streaming.
//!
//! The driver cuts the offsets of a batch, runs the stages in order as short tasks over slots
//! with a barrier between stages and materialised shuffle blocks, and applies the watermark of
//! the batches before once, after the records. With a guarantee every batch is logged before it
//! runs and committed after it, so that a restart runs at most one batch again, exactly as it was.
//! Nothing here knows the pipelined model.
//!
//! The modules, from the lowest up; each uses only those before it:
//! - `watermarks`: the job's watermark, made of the newest event time of every split
//! - `settings`: what can be set
//! - `trigger`: when a batch is due
//! - `cut`: which offsets it holds
//! - [`batch_log`]: offset log, commit log, and the rule by which a restart goes on from them
//! - `state_store`: versions of the state of each partition
//! - `retention`: which logs and versions may be removed
//! - `partition`: what lives from batch to batch
//! - `task`: one partition of one stage of one batch
//! - `slot`: runs tasks, and notices a lost one
//! - `scheduler`: runs the tasks of a stage over slots
//! - `retry`: how often a task may fail
//! - `stages`: the way of a batch through all stages
//! - `recovery`: takes up what the storage holds
//! - `batch_runner`: runs a batch until nothing of it is lost
//! - `driver`: the loop that does all of it

pub mod batch_log;
mod batch_runner;
mod cut;
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
mod trigger;
mod watermarks;

pub use driver::MicroBatch;
pub use settings::SETTINGS;
