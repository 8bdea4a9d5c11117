//! Charts of throughput and of what a record costs.

pub(crate) mod cost_per_record;
pub(crate) mod throughput_bars;
pub(crate) mod throughput_over_time;
