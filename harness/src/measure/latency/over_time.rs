//! What was emitted in each bin of time.

use dataflow::ProcessingTime;
use reports::schema::{SERIES_BIN_NS, SeriesRow};

use super::bounds::HIGHEST_NANOS;

/// Bins kept: an hour.
const BINS_KEPT: usize = (HIGHEST_NANOS / SERIES_BIN_NS) as usize;

/// (bucket, records).
pub(super) type BucketCounts = Vec<(u8, u64)>;

/// Bins of time from the runtime's start.
#[derive(Clone, Debug, Default)]
pub(super) struct OverTime {
    bins: Vec<Bin>,
    /// Buckets of the samples at hand, in the order of the samples: planned and ingested at once,
    /// and apart.
    heat: (BucketCounts, BucketCounts),
}

#[derive(Clone, Debug, Default)]
struct Bin {
    records: u64,
    largest_nanos: u64,
    /// Records by bucket of latency, rising.
    buckets: BucketCounts,
}

impl Bin {
    fn add(&mut self, bucket: u8, count: u64) {
        match self.buckets.binary_search_by_key(&bucket, |it| it.0) {
            Ok(place) => self.buckets[place].1 += count,
            Err(place) => self.buckets.insert(place, (bucket, count)),
        }
    }
}

impl OverTime {
    /// Where the buckets of samples are counted before [`OverTime::note`] is called for them.
    pub(super) fn scratch(&mut self) -> (&mut BucketCounts, &mut BucketCounts) {
        (&mut self.heat.0, &mut self.heat.1)
    }

    /// So many records were emitted now; the largest latency of those that are timed.
    pub(super) fn note(&mut self, now: ProcessingTime, records: u64, largest_nanos: u64) {
        let place = (now.0 / SERIES_BIN_NS) as usize;
        if records == 0 || place >= BINS_KEPT {
            self.heat.0.clear();
            self.heat.1.clear();
            return;
        }
        if place >= self.bins.len() {
            self.bins.resize_with(place + 1, Bin::default);
        }
        let bin = &mut self.bins[place];
        bin.records += records;
        bin.largest_nanos = bin.largest_nanos.max(largest_nanos);
        for (bucket, count) in self.heat.0.drain(..).chain(self.heat.1.drain(..)) {
            bin.add(bucket, count);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if other.bins.len() > self.bins.len() {
            self.bins.resize_with(other.bins.len(), Bin::default);
        }
        for (bin, other) in self.bins.iter_mut().zip(&other.bins) {
            bin.records += other.records;
            bin.largest_nanos = bin.largest_nanos.max(other.largest_nanos);
            other.buckets.iter().for_each(|&(bucket, count)| bin.add(bucket, count));
        }
    }

    /// The bins in which something was emitted.
    pub(super) fn rows(&self) -> Vec<SeriesRow> {
        let rows = (0..).zip(&self.bins).map(|(place, bin)| SeriesRow {
            at_ns: place * SERIES_BIN_NS,
            records: bin.records,
            latency_ns_max: bin.largest_nanos,
            latency_buckets: bin.buckets.clone(),
            unread: 0,
        });
        rows.filter(|row| row.records > 0).collect()
    }
}
