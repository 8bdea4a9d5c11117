//! The micro-batch model: a driver and short tasks, as Spark Structured Streaming.
//!
//! The driver cuts the offsets of a batch, runs the stages in order as short tasks over slots
//! with a barrier between stages and materialised shuffle blocks, and applies the watermark of
//! the batches before once, after the records. Nothing here knows the pipelined model.

pub mod cut;
mod driver;
mod scheduler;
mod settings;
mod status;
mod task;
pub mod trigger;

pub use driver::MicroBatch;
pub use settings::SETTINGS;
