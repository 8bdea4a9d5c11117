//! Results in words: medians and ranges, verdicts, findings, units.

pub mod consistency;
pub mod contention;
pub mod markdown;
pub mod pooled;
pub mod recovery;
pub mod skew;
pub mod summary;
pub mod tolerance;
pub mod units;
pub mod verdict;
