//! Latencies of a run so far, for the live view.

use std::sync::atomic::{AtomicU64, Ordering};

use reports::schema::latency::buckets;
use reports::schema::latency::buckets::bucket;

/// Buckets that there are: the numbers of [`bucket`].
const BUCKETS: usize = 256;
/// Samples that must lie beyond a percentile for it to be shown.
const SAMPLES_BEYOND: f64 = 10.0;

/// Counts of latencies by the buckets of [`reports::schema::latency::buckets`], four to a doubling. Subtasks
/// add to it once per emission and bucket; percentiles of results never come from it.
#[derive(Debug)]
pub struct LiveCounts {
    counts: [AtomicU64; BUCKETS],
}

impl Default for LiveCounts {
    fn default() -> Self {
        Self { counts: [const { AtomicU64::new(0) }; BUCKETS] }
    }
}

impl LiveCounts {
    /// Adds pairs of a latency in nanoseconds and its number of records.
    pub fn add(&self, latencies_ns: impl Iterator<Item = (u64, u64)>) {
        // Neighbours mostly fall into one bucket.
        let (mut last, mut count) = (0, 0);
        for (nanos, records) in latencies_ns {
            let own = bucket(nanos);
            if own != last {
                self.count(last, count);
                (last, count) = (own, 0);
            }
            count += records;
        }
        self.count(last, count);
    }

    fn count(&self, bucket: u8, count: u64) {
        if count > 0 {
            self.counts[usize::from(bucket)].fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Upper bound of the bucket in which a quantile (0 to 1) lies, in nanoseconds: at most a
    /// quarter too high. `None` below ten samples beyond it.
    ///
    /// ```
    /// let seen = streamgauge::internals::LiveCounts::default();
    /// seen.add([(1_000_000, 990), (9_000_000, 10)].into_iter());
    /// let (p50, p99) = (seen.quantile(0.5).unwrap(), seen.quantile(0.995));
    /// assert!((1_000_000..=1_250_000).contains(&p50));
    /// assert_eq!(p99, None, "five samples are beyond it");
    /// ```
    pub fn quantile(&self, quantile: f64) -> Option<u64> {
        let counts: Vec<u64> = self.counts.iter().map(|it| it.load(Ordering::Relaxed)).collect();
        let total = counts.iter().sum::<u64>() as f64;
        if total * (1.0 - quantile) < SAMPLES_BEYOND {
            return None;
        }
        let counts: Vec<(u8, u64)> = (0..=u8::MAX).zip(counts).collect();
        Some(buckets::quantile(&counts, quantile))
    }
}
