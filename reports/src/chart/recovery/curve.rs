//! Curves over time of what a run emitted: how much, and how late.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::schema::{SERIES_BIN_NS, SeriesRow};

/// Bins drawn at most: the hour that a series holds.
const MOST_BINS: u64 = 36_000;
/// Settings by which a run emits at intervals, in ms.
const INTERVALS: [&str; 2] = ["checkpoint_interval_ms", "batch_interval_ms"];
/// A rate is the mean over this many intervals: what comes in bursts has no rate within one.
const INTERVALS_OF_A_MEAN: f64 = 2.0;
/// A mean over at most this many bins.
const WIDEST_MEAN: f64 = 100.0;

/// Width of a bin, in seconds.
const BIN_SECONDS: f64 = SERIES_BIN_NS as f64 / 1e9;

/// Bins over which rates are averaged, so that no run's own interval shows.
pub(crate) fn bins_of_a_mean<'a>(
    settings: impl Iterator<Item = &'a BTreeMap<String, Value>>,
) -> usize {
    let intervals =
        settings.flat_map(|it| INTERVALS.map(|name| it.get(name).and_then(Value::as_f64)));
    let longest = intervals.flatten().fold(0.0, f64::max) * 1e6 * INTERVALS_OF_A_MEAN;
    (longest / SERIES_BIN_NS as f64).ceil().clamp(1.0, WIDEST_MEAN) as usize
}

/// Length of that many bins, in seconds.
pub(crate) fn seconds(bins: usize) -> f64 {
    bins as f64 * BIN_SECONDS
}

/// (seconds, records per second), one point at the end of each bin: the mean over the past `mean`
/// bins. The bin in which the run ended, or last emitted when it is not said, has none.
pub(crate) fn rate(series: &[SeriesRow], ended_ns: Option<u64>, mean: usize) -> Vec<(f64, f64)> {
    let last = || drawn(series).map(|row| row.at_ns).max().unwrap_or(0);
    let full = (ended_ns.unwrap_or_else(last) / SERIES_BIN_NS).min(MOST_BINS) as usize;
    let mut records = vec![0.0; full];
    for row in drawn(series) {
        if let Some(bin) = records.get_mut((row.at_ns / SERIES_BIN_NS) as usize) {
            *bin += row.records as f64;
        }
    }
    (0..full)
        .map(|bin| {
            let past = &records[(bin + 1).saturating_sub(mean)..=bin];
            (seconds(bin + 1), past.iter().sum::<f64>() / seconds(past.len()))
        })
        .collect()
}

/// (seconds, nanoseconds) of the largest latency in each bin that has one, parted where nothing
/// came for longer than `mean` bins.
pub(crate) fn latency(series: &[SeriesRow], mean: usize) -> Vec<Vec<(f64, f64)>> {
    let mut parts: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut last = None;
    for row in drawn(series).filter(|row| row.latency_ns_max > 0) {
        let bin = row.at_ns / SERIES_BIN_NS;
        let point = (seconds(bin as usize) + BIN_SECONDS / 2.0, row.latency_ns_max as f64);
        match parts.last_mut() {
            Some(part) if last.is_some_and(|last| bin <= last + mean as u64) => part.push(point),
            _ => parts.push(vec![point]),
        }
        last = Some(bin);
    }
    parts
}

fn drawn(series: &[SeriesRow]) -> impl Iterator<Item = &SeriesRow> {
    series.iter().filter(|row| row.at_ns / SERIES_BIN_NS < MOST_BINS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many records, so late, in bins of these numbers.
    fn series(bins: &[(u64, u64, u64)]) -> Vec<SeriesRow> {
        let row = |&(bin, records, latency_ns_max): &(u64, u64, u64)| SeriesRow {
            at_ns: bin * SERIES_BIN_NS,
            records,
            latency_ns_max,
            ..SeriesRow::default()
        };
        bins.iter().map(row).collect()
    }

    fn close(points: &[(f64, f64)], expected: &[(f64, f64)]) {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6 * b.abs().max(1.0);
        let same = points.iter().zip(expected).all(|(a, b)| near(a.0, b.0) && near(a.1, b.1));
        assert!(same && points.len() == expected.len(), "{points:?} is not {expected:?}");
    }

    #[test]
    fn a_rate_is_the_mean_of_the_past_and_nothing_emitted_is_zero() {
        let emitted = series(&[(0, 100, 1), (1, 300, 1), (4, 200, 1), (5, 50, 1)]);
        let expected = [(0.1, 1e3), (0.2, 2e3), (0.3, 1.5e3), (0.4, 0.0), (0.5, 1e3)];
        close(&rate(&emitted, None, 2), &expected);
    }

    #[test]
    fn a_run_that_ended_early_is_drawn_up_to_its_end() {
        let emitted = series(&[(0, 100, 1), (1, 100, 1)]);
        let expected = [(0.1, 1e3), (0.2, 1e3), (0.3, 0.0)];
        close(&rate(&emitted, Some(350_000_000), 1), &expected);
    }

    #[test]
    fn latencies_part_where_nothing_came() {
        let parts = latency(&series(&[(0, 1, 7), (1, 1, 0), (2, 1, 8), (5, 1, 9)]), 2);
        assert_eq!(parts.len(), 2, "{parts:?}");
        close(&parts[0], &[(0.05, 7.0), (0.25, 8.0)]);
        close(&parts[1], &[(0.55, 9.0)]);
    }

    #[test]
    fn bins_that_no_series_has_are_left_out() {
        let odd = series(&[(1, u64::MAX, u64::MAX), (u64::MAX / SERIES_BIN_NS, 1, 1)]);
        assert_eq!(rate(&odd, None, 1).len(), 1);
        assert_eq!(latency(&odd, 1).len(), 1);
        assert_eq!(rate(&odd, Some(u64::MAX), 1).len(), MOST_BINS as usize);
    }

    #[test]
    fn a_mean_is_over_two_of_the_longest_interval() {
        let set = |name: &str, millis: f64| BTreeMap::from([(name.to_owned(), millis.into())]);
        let mean = |settings: &[BTreeMap<String, Value>]| bins_of_a_mean(settings.iter());
        assert_eq!(mean(&[set("checkpoint_interval_ms", 200.0)]), 4);
        let both = [set("checkpoint_interval_ms", 200.0), set("batch_interval_ms", 250.0)];
        assert_eq!(mean(&both), 5);
        assert_eq!(mean(&[set("batch_interval_ms", 1e9)]), 100);
        assert_eq!(mean(&[set("batch_interval_ms", f64::NAN)]), 1);
        assert_eq!(mean(&[]), 1);
    }
}
