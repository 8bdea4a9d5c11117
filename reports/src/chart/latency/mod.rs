//! Charts of latency.

pub mod latency_histogram;
pub mod latency_over_time;
pub mod latency_parts;
pub mod latency_percentiles;
