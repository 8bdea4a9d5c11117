//! Curves of latency over 1 / (1 - quantile): of each run of a variant, and their median.

use crate::schema::{LatencyKind, LatencySummary};
use crate::words::summary::{Spread, Variant};

/// A curve stops at the quantile with fewer values than this beyond it.
pub(crate) const VALUES_BEYOND: u64 = 10;

/// Points of a curve per factor of ten in 1 / (1 - quantile).
const POINTS_PER_DECADE: i32 = 24;

/// Latencies of 0 are drawn at this or at the lowest latency above 0, if that is lower: stamps
/// count microseconds.
const FLOOR_NS: f64 = 1_000.0;

/// The curves of one variant, as (1 / (1 - quantile), nanoseconds), rising in both.
pub(crate) struct Curves<'a> {
    /// The variant.
    pub variant: &'a Variant<'a>,
    /// Whether these are its valid runs; else it has none, and these are the invalid ones.
    pub are_valid: bool,
    /// At each quantile, the median over the runs.
    pub median: Vec<(f64, f64)>,
    /// Each run.
    pub repeats: Vec<Vec<(f64, f64)>>,
}

/// The curves of a variant's valid runs, or of all if it has none; `None` without a run that has
/// values enough.
pub(crate) fn curves<'a>(variant: &'a Variant<'a>, kind: LatencyKind) -> Option<Curves<'a>> {
    let are_valid = variant.valid().next().is_some();
    let drawn = variant.runs.iter().filter(|run| run.valid || !are_valid);
    let summaries: Vec<&LatencySummary> =
        drawn.map(|run| kind.of(&run.latency_ns)).filter(|s| points(s).len() > 1).collect();
    let measured: Vec<Vec<(f64, f64)>> = summaries.iter().map(|s| points(s)).collect();
    let limits: Vec<f64> = summaries.iter().map(|s| limit(s)).collect();
    let end = limits.iter().copied().fold(f64::INFINITY, f64::min);
    if !end.is_finite() || end <= 1.0 {
        return None;
    }
    let median = grid(end)
        .map(|x| (x, Spread::of(measured.iter().map(|points| value(points, x)))))
        .filter_map(|(x, spread)| Some((x, spread?.median)))
        .collect();
    let repeats = measured
        .iter()
        .zip(&limits)
        .map(|(points, end)| grid(*end).map(|x| (x, value(points, x))).collect())
        .collect();
    Some(Curves { variant, are_valid, median, repeats })
}

impl Curves<'_> {
    /// Every point of every curve.
    pub(crate) fn all_points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.repeats.iter().flatten().chain(&self.median).copied()
    }

    /// Whether a latency of 0 had to be lifted to fit on a logarithmic axis.
    pub(crate) fn has_zero(&self, kind: LatencyKind) -> bool {
        let mut runs = self.variant.runs.iter().filter(|run| run.valid || !self.are_valid);
        runs.any(|run| kind.of(&run.latency_ns).curve.iter().any(|(_, ns)| *ns == 0))
    }
}

/// The farthest 1 / (1 - quantile) that has [`VALUES_BEYOND`] values beyond it.
fn limit(summary: &LatencySummary) -> f64 {
    summary.count as f64 / VALUES_BEYOND as f64
}

/// 1, ..., `end`, evenly on a logarithmic axis.
fn grid(end: f64) -> impl Iterator<Item = f64> {
    let places = (0..).map(|i| 10f64.powf(f64::from(i) / f64::from(POINTS_PER_DECADE)));
    places.take_while(move |x| *x < end * (1.0 - 1e-9)).chain(std::iter::once(end))
}

/// The summary's curve in chart coordinates, without what cannot be drawn. Its end, quantile 1,
/// stands at the number of values.
fn points(summary: &LatencySummary) -> Vec<(f64, f64)> {
    let positive = summary.curve.iter().map(|(_, ns)| *ns as f64).filter(|ns| *ns > 0.0);
    let floor = positive.fold(FLOOR_NS, f64::min);
    let mut points: Vec<(f64, f64)> = Vec::new();
    for &(quantile, ns) in &summary.curve {
        let x = match quantile {
            q if (0.0..1.0).contains(&q) => (1.0 / (1.0 - q)).min(summary.count.max(1) as f64),
            1.0 => summary.count.max(1) as f64,
            _ => continue,
        };
        let y = (ns as f64).max(floor);
        match points.last_mut() {
            Some(last) if x <= last.0 => last.1 = last.1.max(y),
            Some(last) => {
                let y = y.max(last.1);
                points.push((x, y));
            }
            None => points.push((x, y)),
        }
    }
    points
}

/// The latency at `x`, along straight lines between the points of a chart with logarithmic axes.
fn value(points: &[(f64, f64)], x: f64) -> f64 {
    let next = points.partition_point(|point| point.0 < x);
    match (next.checked_sub(1).map(|before| points[before]), points.get(next)) {
        (Some((x0, y0)), Some(&(x1, y1))) => {
            let share = (x / x0).ln() / (x1 / x0).ln();
            y0 * (y1 / y0).powf(share)
        }
        (None, Some(first)) => first.1,
        (Some(last), None) => last.1,
        (None, None) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_read_between_its_points_and_its_maximum_stands_at_the_count() {
        let curve = vec![(0.0, 100), (0.9, 1_000), (0.99, 10_000), (1.0, 20_000)];
        let summary = LatencySummary { count: 1_000, curve, ..Default::default() };
        let points = points(&summary);
        assert_eq!(points.last(), Some(&(1_000.0, 20_000.0)));
        assert!((value(&points, 10.0) - 1_000.0).abs() < 1e-6);
        assert!((value(&points, 10f64.powf(1.5)) - 1_000.0 * 10f64.sqrt()).abs() < 1e-6);
        assert_eq!(limit(&summary), 100.0);
        assert_eq!(grid(100.0).last(), Some(100.0));
    }

    #[test]
    fn quantiles_that_are_no_quantiles_are_left_out() {
        let curve = vec![(f64::NAN, 1), (-1.0, 1), (0.5, 0), (0.5, 7), (2.0, 9), (1.0, 5)];
        let summary = LatencySummary { count: 100, curve, ..Default::default() };
        assert_eq!(points(&summary), [(2.0, 7.0), (100.0, 7.0)]);
    }
}
