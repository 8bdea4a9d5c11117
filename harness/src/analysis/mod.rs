//! What measurements mean: statistics, comparisons, thresholds and differences.

pub(crate) mod comparisons;
mod decisive;
pub(crate) mod diff;
pub(crate) mod statistics;
pub(crate) mod threshold;
