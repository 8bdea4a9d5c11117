//! The range of latencies that is recorded.

/// Longest latency recorded, in nanoseconds: an hour. What is longer is counted as clipped.
pub(super) const HIGHEST_NANOS: u64 = 3_600 * 1_000_000_000;
