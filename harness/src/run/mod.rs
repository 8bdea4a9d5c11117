//! One run of one engine: what is described, who makes it, and what is written down about it.

pub(crate) mod answer;
pub(crate) mod audience;
pub(crate) mod clock;
pub(crate) mod environment;
pub(crate) mod executor;
pub(crate) mod fault;
mod generator;
pub(crate) mod io;
pub(crate) mod job_file;
pub(crate) mod job_input;
#[cfg(test)]
pub(crate) mod mock;
pub(crate) mod real;
pub(crate) mod result;
mod run_sink;
pub(crate) mod spec;
mod supervisor;
pub(crate) mod topic_input;
pub(crate) mod validity;
mod warming;
