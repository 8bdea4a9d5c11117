//! Charts of throughput and of what a record costs.

pub mod cost_per_record;
pub mod throughput_bars;
pub mod throughput_over_time;
