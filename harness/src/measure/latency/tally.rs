//! Counts samples that share a counter of a histogram before they are recorded.

use hdrhistogram::Histogram;
use reports::schema::latency::buckets::bucket;

use super::bounds::HIGHEST_NANOS;

/// Samples on their way into a histogram. Neighbours mostly share one of its counters, as they were
/// planned one after the other and are emitted together; those are counted first and recorded
/// at once.
pub(super) struct Tally<'a> {
    histogram: &'a mut Histogram<u64>,
    /// Bounds of the counter that the last sample belongs to.
    low: u64,
    high: u64,
    count: u64,
    clipped: u64,
    /// Also counted here, by bucket.
    heat: Option<&'a mut Vec<(u8, u64)>>,
}

impl<'a> Tally<'a> {
    pub(super) fn of(histogram: &'a mut Histogram<u64>) -> Self {
        Self { histogram, low: 1, high: 0, count: 0, clipped: 0, heat: None }
    }

    /// Counts buckets of latency there too.
    pub(super) fn seen_by(mut self, heat: &'a mut Vec<(u8, u64)>) -> Self {
        self.heat = Some(heat);
        self
    }

    /// Adds `count` samples of the same length.
    #[inline]
    pub(super) fn add(&mut self, nanos: u64, count: u64) {
        if nanos < self.low || nanos > self.high {
            self.settle();
            (self.low, self.high) = self.counter_of(nanos);
        }
        self.count += count;
    }

    /// Bounds of the counter that a sample belongs to.
    fn counter_of(&self, nanos: u64) -> (u64, u64) {
        if nanos > HIGHEST_NANOS {
            return (nanos, nanos);
        }
        let high = self.histogram.highest_equivalent(nanos).min(HIGHEST_NANOS);
        (self.histogram.lowest_equivalent(nanos), high)
    }

    fn settle(&mut self) {
        if self.count > 0 {
            self.clipped += if self.low > HIGHEST_NANOS { self.count } else { 0 };
            self.histogram.saturating_record_n(self.high, self.count);
            if let Some(heat) = &mut self.heat {
                let bucket = bucket(self.high);
                match heat.last_mut() {
                    Some(last) if last.0 == bucket => last.1 += self.count,
                    _ => heat.push((bucket, self.count)),
                }
            }
            self.count = 0;
        }
    }

    /// Records what is left, and says how many samples were too long for the histogram.
    pub(super) fn finish(mut self) -> u64 {
        self.settle();
        self.clipped
    }
}
