//! Results in words: medians and ranges, verdicts, units.

pub mod markdown;
pub mod summary;
pub mod units;
pub mod verdict;
