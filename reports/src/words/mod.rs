//! Results in words: medians and ranges, verdicts, findings, units.

pub mod consistency;
pub mod markdown;
pub mod recovery;
pub mod skew;
pub mod summary;
pub mod tolerance;
pub mod units;
pub mod verdict;
