//! A histogram that also knows its seconds, for interval logs.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

const SECOND_NANOS: u64 = 1_000_000_000;

/// The samples of one second.
#[derive(Clone, Debug)]
pub struct Interval {
    /// Which second of the run, from 0.
    pub second: u64,
    /// Its samples.
    pub histogram: Histogram<u64>,
}

/// Samples are recorded into the histogram of the second at hand, which is added to the total and
/// kept as the counters that are not zero once the next second begins.
#[derive(Clone, Debug)]
pub(super) struct Intervals {
    total: Histogram<u64>,
    second: u64,
    current: Histogram<u64>,
    /// (value, count) of the seconds before.
    kept: BTreeMap<u64, Vec<(u64, u64)>>,
}

fn counters(histogram: &Histogram<u64>) -> Vec<(u64, u64)> {
    let recorded = histogram.iter_recorded();
    recorded.map(|it| (it.value_iterated_to(), it.count_at_value())).collect()
}

impl Intervals {
    /// With an empty histogram of the bounds wanted.
    pub(super) fn new(empty: Histogram<u64>) -> Self {
        Self { total: empty.clone(), second: 0, current: empty, kept: BTreeMap::new() }
    }

    /// Where samples of this instant of the run are recorded.
    #[inline]
    pub(super) fn at(&mut self, nanos: u64) -> &mut Histogram<u64> {
        let second = nanos / SECOND_NANOS;
        if second != self.second {
            self.settle();
            self.second = second;
        }
        &mut self.current
    }

    #[cold]
    fn settle(&mut self) {
        if self.current.is_empty() {
            return;
        }
        self.total.add(&self.current).expect("the bounds are the same");
        self.kept.entry(self.second).or_default().extend(counters(&self.current));
        self.current.reset();
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.total.add(&other.total).expect("the bounds are the same");
        for (second, counters) in &other.kept {
            self.kept.entry(*second).or_default().extend(counters);
        }
        if !other.current.is_empty() {
            self.total.add(&other.current).expect("the bounds are the same");
            self.kept.entry(other.second).or_default().extend(counters(&other.current));
        }
    }

    /// Everything that was recorded.
    pub(super) fn total(&self) -> Histogram<u64> {
        let mut total = self.total.clone();
        total.add(&self.current).expect("the bounds are the same");
        total
    }

    /// Second by second.
    pub(super) fn intervals(&self) -> Vec<Interval> {
        let mut all = self.clone();
        all.settle();
        let empty = {
            all.current.reset();
            all.current
        };
        let interval = |(second, counters): (u64, Vec<(u64, u64)>)| {
            let mut histogram = empty.clone();
            for (value, count) in counters {
                histogram.saturating_record_n(value, count);
            }
            Interval { second, histogram }
        };
        all.kept.into_iter().map(interval).collect()
    }
}
