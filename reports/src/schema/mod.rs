//! What result files hold: the contract with everything that reads a result later.

pub mod formula_case;
pub mod formula_samples;
pub mod latency_buckets;
pub mod read;
pub mod recovery;
pub mod result;
pub mod skew;
