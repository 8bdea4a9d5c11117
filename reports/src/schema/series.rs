//! What a run emitted over time, bin by bin.

use serde::{Deserialize, Serialize};

/// Width of a bin of [`RunResult::series`](super::run::RunResult::series), in nanoseconds.
pub const SERIES_BIN_NS: u64 = 100_000_000;

/// What was emitted in one bin of time, and what waited meanwhile. Under exactly-once a record is
/// emitted at its commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesRow {
    /// Where the bin begins, in the same time as failures, checkpoints and batches.
    pub at_ns: u64,
    /// Records emitted, timed or not.
    pub records: u64,
    /// Largest latency from the planned time among them; 0 when none was timed.
    pub latency_ns_max: u64,
    /// Latencies from the planned time: (bucket of [`crate::schema::latency::buckets`], records), rising.
    #[serde(default)]
    pub latency_buckets: Vec<(u8, u64)>,
    /// Most events that were planned and unread at one time in the bin.
    #[serde(default)]
    pub unread: u64,
}
