//! What measurements mean: statistics, comparisons, thresholds and differences.

pub mod comparisons;
pub mod diff;
pub mod statistics;
pub mod threshold;
