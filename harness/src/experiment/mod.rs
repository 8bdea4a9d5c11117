//! What is compared: engines and workloads by name, suites, and how long a run is.

pub mod registry;
pub mod sizing;
pub mod suite;
