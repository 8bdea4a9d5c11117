//! What a job is made of, and what an engine needs to run it.

pub mod engine;
pub mod link;
pub mod observer;
pub mod plan;
pub mod rescale;
pub mod runtime;
pub mod settings;
pub mod source;
pub mod storage;
