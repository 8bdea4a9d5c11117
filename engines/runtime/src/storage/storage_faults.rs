//! How a storage fails, and how often it has.

/// The faults of a [`FaultyStorage`](crate::FaultyStorage): for each kind the probability, from 0
/// to 1, that it strikes an operation that it can strike.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct StorageFaults {
    /// What everything is drawn from.
    pub seed: u64,
    /// Any operation takes its time, drawn up to `slowest_nanos`, and is in flight meanwhile: a
    /// crash or the death of its task meets it there.
    pub slow: f64,
    /// The longest that a slow operation takes, in nanoseconds of the runtime's clock.
    pub slowest_nanos: u64,
    /// A put or append finds no space left and does nothing.
    pub full: f64,
    /// Any operation reports an error. One that changes something has happened or not, drawn.
    pub failing: f64,
    /// A put or append reports an error and has happened in part: of a put a torn file is left
    /// under a temporary name, of an append a prefix.
    pub torn: f64,
    /// A put or sync reports success and is not durable: after a crash the file is as it was
    /// before (missing if it was not there), or torn. No engine can stand this; it shows that
    /// a test would notice.
    pub lost_sync: f64,
    /// How many operations are full, failing or torn before no more are, so that who tries again
    /// gets through in the end.
    pub most_failures: u64,
}

impl Default for StorageFaults {
    /// Seed 0 and no faults: only a crash loses what is not durable. Should faults be made
    /// likely, slow operations take up to 10 ms, and 100 fail.
    fn default() -> Self {
        Self {
            seed: 0,
            slow: 0.0,
            slowest_nanos: 10_000_000,
            full: 0.0,
            failing: 0.0,
            torn: 0.0,
            lost_sync: 0.0,
            most_failures: 100,
        }
    }
}

/// How often each fault has struck.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct StorageCounts {
    /// Operations that took their time.
    pub slow: u64,
    /// Puts and appends that found no space.
    pub full: u64,
    /// Operations that reported an error after they had happened as a whole or not at all.
    pub failing: u64,
    /// Puts and appends that reported an error after they had happened in part.
    pub torn: u64,
    /// Puts and syncs that reported success and were not durable.
    pub lost_sync: u64,
    /// Crashes.
    pub crashes: u64,
    /// Operations in flight when the storage crashed or whoever awaited them was dropped.
    pub interrupted: u64,
    /// Files that a crash has cut, taken back or removed.
    pub damaged_files: u64,
}
