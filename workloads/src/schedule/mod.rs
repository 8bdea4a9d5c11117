//! When events are planned: arrival schedules, and how their rate changes.

pub mod arrival;
pub(crate) mod arrival_gaps;
pub(crate) mod load_segments;
pub mod load_shape;
