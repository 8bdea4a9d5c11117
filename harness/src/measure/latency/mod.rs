//! Latency histograms: the sink records into them, and results summarise them.

mod bounds;
pub(crate) mod hdr_format;
mod intervals;
pub(crate) mod live_counts;
mod over_time;
pub(crate) mod parts;
mod tally;

use std::sync::Arc;

use dataflow::exchange::sink::Wants;
use dataflow::record::emission_times::Timed;
use dataflow::record::latency_trace::{LatencyTrace, Sampling};
use dataflow::{EventTime, ProcessingTime, StampUnit};
use hdrhistogram::Histogram;
use reports::schema::{Latencies, LatencyParts, LatencySummary, SeriesRow};
use workloads::schedule::load_shape::LoadShape;

use bounds::HIGHEST_NANOS;
pub(crate) use intervals::Interval;
use intervals::Intervals;
use over_time::OverTime;
use parts::Parts;
use tally::Tally;

use live_counts::LiveCounts;

/// Shortest latency that the histogram resolves, in nanoseconds: stamps are in microseconds.
const LOWEST_NANOS: u64 = 1_000;
/// Significant decimal digits.
const DIGITS: u8 = 3;
/// Samples that must lie beyond a percentile for it to be printed.
const SAMPLES_BEYOND: f64 = 10.0;
/// Batches, flushes or checkpoints that samples must come from for a percentile to be printed.
const FEWEST_EMISSIONS: u64 = 10;

/// When an event time was planned to happen, in nanoseconds since the run's start.
#[derive(Clone, Debug)]
pub struct WindowClock {
    /// Events per second of event time.
    pub event_rate: f64,
    /// Events per second of the plan.
    pub rate: f64,
    /// How both change over time.
    pub shape: LoadShape,
}

impl WindowClock {
    /// Planned time of the end of a window whose results carry `last`, its last nanosecond.
    fn planned_end(&self, last: EventTime) -> Option<u64> {
        let event_nanos = last.0.checked_add(1).filter(|nanos| *nanos >= 0)?;
        Some(self.shape.on_clock(event_nanos as u64, self.event_rate / self.rate))
    }
}

/// The latencies of one subtask's sink.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// Planned and readable at the same instant, as generated events are: recorded once.
    together: Intervals,
    from_planned: Intervals,
    from_ingestion: Histogram<u64>,
    after_window_end: Histogram<u64>,
    clipped: u64,
    /// Emitted before they were planned.
    early: u64,
    /// Times at which something that is timed was emitted.
    emissions: u64,
    over_time: OverTime,
    parts: Parts,
    start: ProcessingTime,
    unit: StampUnit,
    windows: Option<WindowClock>,
    /// Counted there too, for the live view.
    seen: Option<Arc<LiveCounts>>,
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(LOWEST_NANOS, HIGHEST_NANOS, DIGITS).expect("the bounds are sound")
}

impl Recorder {
    /// For a run that started at `start`; with a window clock when results come from windows.
    pub fn new(start: ProcessingTime, unit: StampUnit, windows: Option<WindowClock>) -> Self {
        Self {
            together: Intervals::new(histogram()),
            from_planned: Intervals::new(histogram()),
            from_ingestion: histogram(),
            after_window_end: histogram(),
            clipped: 0,
            early: 0,
            emissions: 0,
            over_time: OverTime::default(),
            parts: Parts::default(),
            start,
            unit,
            windows,
            seen: None,
        }
    }

    /// The same, which also counts latencies for the live view.
    #[must_use]
    pub fn seen_by(self, seen: Option<Arc<LiveCounts>>) -> Self {
        Self { seen, ..self }
    }

    /// The same with trails of about one in `one_in` records.
    #[must_use]
    pub fn with_trails(mut self, one_in: u32) -> Self {
        self.parts = Parts::new(Some(Sampling::one_in(one_in, self.start, self.unit)));
        self
    }

    /// Which records leave a trail.
    pub const fn sampling(&self) -> Option<Sampling> {
        self.parts.sampling()
    }

    /// What a sink must be given for `latency` to be measured; `rows` if it writes them, too.
    pub fn wants(latency: Option<&Self>, rows: bool) -> Wants {
        Wants {
            stamps: latency.is_some(),
            event_times: latency.is_some_and(|it| it.windows.is_some()),
            rows,
            trails: latency.and_then(Self::sampling),
        }
    }

    /// Takes trails that have come to their end, and how many samples have none.
    pub fn record_trails(&mut self, trails: &[LatencyTrace], without_trail: u64) {
        self.parts.record(trails, without_trail);
    }

    /// Where the time of the latencies from the planned time went.
    pub fn parts(&self) -> LatencyParts {
        self.parts.summary()
    }

    /// Records results that were emitted at `now`.
    pub fn record(&mut self, times: &[Timed], now: ProcessingTime) {
        let now_nanos = now.since(self.start);
        let planned_nanos = |it: &Timed| self.unit.instant(it.stamps.planned).0;
        let since = |nanos: u64| now_nanos.saturating_sub(nanos);
        let (heat, apart_heat) = self.over_time.scratch();
        let mut together = Tally::of(self.together.at(now_nanos)).seen_by(heat);
        let mut from_planned = Tally::of(self.from_planned.at(now_nanos)).seen_by(apart_heat);
        let mut from_ingestion = Tally::of(&mut self.from_ingestion);
        let (mut all, mut largest_nanos) = (0, 0);
        for it in times {
            let records = u64::from(it.records);
            all += records;
            if !it.stamps.is_timed() {
                continue;
            }
            let planned = planned_nanos(it);
            let nanos = since(planned);
            largest_nanos = nanos.max(largest_nanos);
            self.early += if planned > now_nanos { records } else { 0 };
            if it.stamps.is_punctual() {
                together.add(nanos, records);
            } else {
                from_planned.add(nanos, records);
                from_ingestion.add(since(self.unit.instant(it.stamps.ingested).0), records);
            }
        }
        self.clipped += together.finish() + from_planned.finish() + from_ingestion.finish();
        self.over_time.note(now, all, largest_nanos);
        self.emissions += u64::from(times.iter().any(|it| it.stamps.is_timed()));
        let timed = || times.iter().filter(|it| it.stamps.is_timed());
        if let Some(seen) = &self.seen {
            seen.add(timed().map(|it| (since(planned_nanos(it)), u64::from(it.records))));
        }
        if let Some(clock) = &self.windows {
            let mut after_end = Tally::of(&mut self.after_window_end);
            let (mut last, mut end) = (EventTime::MIN, None);
            for it in timed() {
                if it.event_time != last {
                    (last, end) = (it.event_time, clock.planned_end(it.event_time));
                }
                if let Some(end) = end {
                    after_end.add(since(end), u64::from(it.records));
                }
            }
            self.clipped += after_end.finish();
        }
    }

    /// Brings in what another subtask has recorded.
    pub fn merge(&mut self, other: &Self) {
        let add =
            |into: &mut Histogram<u64>, from| into.add(from).expect("the bounds are the same");
        self.together.merge(&other.together);
        self.from_planned.merge(&other.from_planned);
        add(&mut self.from_ingestion, &other.from_ingestion);
        add(&mut self.after_window_end, &other.after_window_end);
        self.clipped += other.clipped;
        self.early += other.early;
        self.emissions += other.emissions;
        self.over_time.merge(&other.over_time);
        self.parts.merge(&other.parts);
    }

    /// Timed results that were emitted before their planned time.
    pub const fn emitted_early(&self) -> u64 {
        self.early
    }

    /// How often something that is timed was emitted: hand-overs to the sinks of all subtasks.
    pub const fn emissions(&self) -> u64 {
        self.emissions
    }

    /// Latencies from the planned time, second by second of the run, those without a sample left
    /// out.
    pub fn intervals(&self) -> Vec<Interval> {
        let mut all = self.together.clone();
        all.merge(&self.from_planned);
        all.intervals()
    }

    /// All latencies from the planned time.
    pub fn from_planned(&self) -> Histogram<u64> {
        let mut all = self.together.total();
        all.add(self.from_planned.total()).expect("the bounds are the same");
        all
    }

    /// What was emitted over time, without the bins in which nothing was.
    pub fn series(&self) -> Vec<SeriesRow> {
        self.over_time.rows()
    }

    /// Summaries for results. `emissions` is how often results came out: those of one batch, flush or
    /// checkpoint depend on one another.
    pub fn summaries(&self, emissions: u64) -> Latencies {
        let mut from_ingestion = self.together.total();
        from_ingestion.add(&self.from_ingestion).expect("the bounds are the same");
        Latencies {
            from_planned: summary(&self.from_planned(), self.clipped, emissions),
            from_ingestion: summary(&from_ingestion, self.clipped, emissions),
            after_window_end: summary(&self.after_window_end, self.clipped, emissions),
        }
    }
}

fn summary(histogram: &Histogram<u64>, clipped: u64, emissions: u64) -> LatencySummary {
    let count = histogram.len();
    if count == 0 {
        return LatencySummary { clipped, ..LatencySummary::default() };
    }
    let at = |quantile: f64| {
        let beyond = count as f64 * (1.0 - quantile);
        (beyond >= SAMPLES_BEYOND && emissions >= FEWEST_EMISSIONS)
            .then(|| histogram.value_at_quantile(quantile))
    };
    LatencySummary {
        count,
        mean: Some(histogram.mean()),
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: Some(histogram.max()),
        clipped,
        curve: curve(histogram),
    }
}

/// Steps of the curve per factor of ten on the axis 1/(1-q).
const STEPS_PER_DECADE: i32 = 16;

/// Points evenly spread on the axis 1/(1-q), up to the last sample.
fn curve(histogram: &Histogram<u64>) -> Vec<(f64, u64)> {
    let mut points = Vec::new();
    for step in 0.. {
        let beyond = 10f64.powf(-f64::from(step) / f64::from(STEPS_PER_DECADE));
        if beyond * (histogram.len() as f64) < 1.0 {
            break;
        }
        let quantile = 1.0 - beyond;
        points.push((quantile, histogram.value_at_quantile(quantile)));
    }
    points.push((1.0, histogram.max()));
    points
}

#[cfg(test)]
mod tests {
    use dataflow::Stamps;
    use proptest::prelude::*;

    use super::*;

    /// What was planned and readable at these microseconds, or is not timed.
    fn planned(micros: impl IntoIterator<Item = Option<u64>>) -> Vec<Timed> {
        let stamps = |micros: Option<u64>| {
            let Some(micros) = micros else { return Stamps::UNTIMED };
            let stamp = StampUnit::MICROSECOND.stamp(micros * 1_000).expect("a short run");
            Stamps { planned: stamp, ingested: stamp }
        };
        let timed = |micros| Timed { event_time: EventTime(0), stamps: stamps(micros), records: 1 };
        micros.into_iter().map(timed).collect()
    }

    fn recorded(micros: impl Iterator<Item = Option<u64>>, now_nanos: u64) -> Recorder {
        let mut recorder = Recorder::new(ProcessingTime::ZERO, StampUnit::MICROSECOND, None);
        recorder.record(&planned(micros), ProcessingTime(now_nanos));
        recorder
    }

    #[test]
    fn percentiles_are_those_of_the_samples_and_need_ten_beyond() {
        // 1, 2, ..., 1000 ms.
        let recorder = recorded((0..1_000).map(|it| Some(it * 1_000)), 1_000_000_000);
        let latencies = recorder.summaries(10);
        let close = |value: Option<u64>, millis: f64| {
            let got = value.expect("enough samples") as f64 / 1e6;
            assert!((got - millis).abs() <= millis * 0.002, "{got} is not {millis}");
        };
        close(latencies.from_planned.p50, 500.0);
        close(latencies.from_planned.p99, 990.0);
        close(latencies.from_planned.max, 1_000.0);
        assert_eq!(latencies.from_planned.p999, None, "one sample lies beyond");
        assert_eq!(latencies.from_ingestion, latencies.from_planned);
        assert_eq!(latencies.after_window_end.count, 0);
        let few = recorder.summaries(9).from_planned;
        assert_eq!((few.count, few.p50, few.max), (1_000, None, latencies.from_planned.max));
        let curve = &latencies.from_planned.curve;
        assert!(curve.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{curve:?}");
    }

    proptest! {
        /// Counting neighbours first changes no counter.
        #[test]
        fn a_tally_records_what_the_histogram_would_have(
            samples in proptest::collection::vec(
                prop_oneof![0..3_000u64, 16_000_000..16_050_000u64, 0..2 * HIGHEST_NANOS], 0..200
            )
        ) {
            let (mut tallied, mut plain) = (histogram(), histogram());
            let mut tally = Tally::of(&mut tallied);
            samples.iter().for_each(|&nanos| tally.add(nanos, 1));
            let clipped = tally.finish();
            samples.iter().for_each(|&nanos| plain.saturating_record(nanos));
            let counters = |it: &Histogram<u64>| {
                it.iter_recorded().map(|at| (at.value_iterated_to(), at.count_at_value())).collect()
            };
            let (tallied_counters, plain_counters): (Vec<_>, Vec<_>) =
                (counters(&tallied), counters(&plain));
            prop_assert_eq!(tallied_counters, plain_counters);
            prop_assert_eq!((tallied.max(), tallied.min()), (plain.max(), plain.min()));
            let too_long = samples.iter().filter(|&&nanos| nanos > HIGHEST_NANOS).count();
            prop_assert_eq!(clipped, too_long as u64);
        }

        /// Records that share their times are recorded as they would be singly.
        #[test]
        fn what_is_counted_together_is_recorded_as_singly(
            around in 0..6_000_000u64,
            odd in proptest::collection::vec((0..100usize, any::<u16>(), any::<u32>()), 0..6),
            records in proptest::collection::vec(1..5u32, 100),
        ) {
            // Close together, but for a few that are elsewhere, were late or are not timed.
            let mut times = planned((0..100).map(|number| Some(around + number / 3)));
            for (place, kind, elsewhere) in odd {
                let stamps = &mut times[place].stamps;
                match kind % 4 {
                    0 => *stamps = Stamps::UNTIMED,
                    1 => stamps.planned = elsewhere & !3,
                    2 => *stamps = stamps.sampled(),
                    _ => stamps.ingested = stamps.ingested.saturating_add(2 * u32::from(kind)),
                }
            }
            times.iter_mut().zip(records).for_each(|(it, records)| it.records = records);
            let now = ProcessingTime(5_000_000_000);
            let mut singly = Recorder::new(ProcessingTime::ZERO, StampUnit::MICROSECOND, None);
            let mut at_once = singly.clone();
            at_once.record(&times, now);
            for it in &times {
                let one = Timed { records: 1, ..*it };
                (0..it.records).for_each(|_| singly.record(&[one], now));
            }
            prop_assert_eq!(at_once.summaries(10), singly.summaries(10));
            prop_assert_eq!(at_once.emitted_early(), singly.emitted_early());
            prop_assert_eq!(at_once.series(), singly.series());
        }
    }

    #[test]
    fn what_is_too_long_is_counted_as_clipped_and_what_is_untimed_not_at_all() {
        let two_hours = 2 * HIGHEST_NANOS;
        let recorder = recorded([Some(0), None].into_iter(), two_hours);
        let latencies = recorder.summaries(10);
        assert_eq!((latencies.from_planned.count, latencies.from_planned.clipped), (1, 1));
    }

    #[test]
    fn what_is_emitted_falls_into_bins_by_its_emission() {
        // Planned times count from 10 ms on; emissions count as the runtime does.
        let start = ProcessingTime(10_000_000);
        let mut one = Recorder::new(start, StampUnit::MICROSECOND, None);
        let mut other = one.clone();
        one.record(&planned([Some(0), Some(20_000), None]), ProcessingTime(99_999_999));
        one.record(&[], ProcessingTime(700_000_000));
        one.record(&planned([None]), ProcessingTime(300_000_000));
        other.record(&planned([Some(40_000)]), ProcessingTime(50_000_000));
        other.record(&planned([Some(0)]), ProcessingTime(2 * HIGHEST_NANOS));
        other.record(&planned([Some(400_000)]), ProcessingTime(500_000_000));
        one.merge(&other);
        let row = |at_ns, records, latency_ns_max| (at_ns, records, latency_ns_max);
        let expected =
            [row(0, 4, 89_999_999), row(300_000_000, 1, 0), row(500_000_000, 1, 90_000_000)];
        let series = one.series();
        let got = series.iter().map(|it| (it.at_ns, it.records, it.latency_ns_max));
        assert!(got.eq(expected), "{series:?}");
        // 20 and 0 ms after 0 (89.999999 and 69.999999 ms), 40 ms at 0 (0 ms).
        let counted: u64 = series[0].latency_buckets.iter().map(|(_, count)| count).sum();
        assert_eq!(counted, 3);
        assert!(series[1].latency_buckets.is_empty(), "nothing was timed");
    }

    #[test]
    fn a_window_end_is_planned_where_its_event_time_is() {
        // 1,000 events a second, 10,000 events per second of event time: ten times as fast.
        let clock = WindowClock { event_rate: 10_000.0, rate: 1_000.0, shape: LoadShape::CONSTANT };
        assert_eq!(clock.planned_end(EventTime(999_999_999)), Some(10_000_000_000));
        assert_eq!(clock.planned_end(EventTime(i64::MAX)), None);
    }
}
