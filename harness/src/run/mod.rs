//! One run of one engine, and what is written down about it.

pub mod clock;
pub mod environment;
pub mod execute;
pub mod fault;
pub mod job_file;
pub(crate) mod result;
pub mod supervisor;
pub mod validity;
