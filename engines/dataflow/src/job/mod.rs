//! What a job is made of, and what an engine needs to run it: plan and settings, source, storage and
//! runtime, the observer, and how a job stops, stalls, is refused or is taken up again.

pub mod completion;
pub mod engine;
pub mod error;
pub mod guarantee;
pub mod link;
pub mod message_log;
pub mod observer;
pub mod placement_settings;
pub mod plan;
pub mod recovery;
pub mod rescale;
mod rescale_report;
pub mod runtime;
pub mod settings;
pub mod source;
pub mod split_reader;
pub mod status;
pub mod stop;
pub mod storage;
