//! What is stored of a job, and whether it may go on from there: seals, fingerprints of the input,
//! refusals, and how often it starts again.

pub mod fingerprint;
pub mod output_promise;
pub mod refusal;
pub mod restart_limit;
pub mod seal;
