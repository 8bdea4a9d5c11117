//! Charts of latency.

pub(crate) mod latency_histogram;
pub(crate) mod latency_over_time;
pub(crate) mod latency_parts;
pub(crate) mod latency_percentiles;
