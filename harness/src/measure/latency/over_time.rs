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
    /// The same once the bin is over: it is kept for the whole run, in no more room than it needs.
    /// For each bucket its number, and the count in groups of seven bits, the lowest first; all but
    /// the last have the highest bit set.
    packed: Box<[u8]>,
}

impl Bin {
    fn add(&mut self, bucket: u8, count: u64) {
        match self.buckets.binary_search_by_key(&bucket, |it| it.0) {
            Ok(place) => self.buckets[place].1 += count,
            Err(place) => self.buckets.insert(place, (bucket, count)),
        }
    }

    /// Nothing more is expected; what comes all the same is added to what is there.
    fn pack(&mut self) {
        if !self.packed.is_empty() {
            return;
        }
        let mut packed = Vec::new();
        for (bucket, mut count) in std::mem::take(&mut self.buckets) {
            packed.push(bucket);
            while count > 0x7f {
                packed.push(count as u8 | 0x80);
                count >>= 7;
            }
            packed.push(count as u8);
        }
        self.packed = packed.into();
    }

    /// Records by bucket of latency, rising.
    fn buckets(&self) -> BucketCounts {
        let mut all = Self { buckets: self.buckets.clone(), ..Self::default() };
        let mut packed = self.packed.iter();
        while let Some(&bucket) = packed.next() {
            let (mut count, mut shift) = (0, 0);
            for group in packed.by_ref() {
                count |= u64::from(group & 0x7f) << shift;
                shift += 7;
                if group & 0x80 == 0 {
                    break;
                }
            }
            all.add(bucket, count);
        }
        all.buckets
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
            self.bins.last_mut().into_iter().for_each(Bin::pack);
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
            other.buckets().into_iter().for_each(|(bucket, count)| bin.add(bucket, count));
        }
    }

    /// The bins in which something was emitted.
    pub(super) fn rows(&self) -> Vec<SeriesRow> {
        let rows = (0..).zip(&self.bins).map(|(place, bin)| SeriesRow {
            at_ns: place * SERIES_BIN_NS,
            records: bin.records,
            latency_ns_max: bin.largest_nanos,
            latency_buckets: bin.buckets(),
            unread: 0,
        });
        rows.filter(|row| row.records > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_that_is_over_takes_little_room_and_tells_the_same() {
        let mut over_time = OverTime::default();
        let many = 300_000_000_000;
        for (millis, bucket, count) in [
            (10, 7, 2),
            (20, 3, 2),
            (30, 7, 2),
            (150, 1, many),
            (160, 9, 127),
            (40, 3, 2),
            (250, 2, 128),
        ] {
            over_time.scratch().0.push((bucket, count));
            over_time.note(ProcessingTime::from_millis(millis), count, u64::from(bucket));
        }
        let first = &over_time.bins[0];
        assert_eq!((first.packed.len(), first.buckets.len()), (4, 1), "one came late");
        let rows = over_time.rows();
        let buckets: Vec<_> = rows.iter().map(|row| row.latency_buckets.clone()).collect();
        assert_eq!(buckets, [vec![(3, 4), (7, 4)], vec![(1, many), (9, 127)], vec![(2, 128)]]);
        let mut sum = OverTime::default();
        sum.merge(&over_time);
        assert_eq!(sum.rows(), rows);
    }
}
