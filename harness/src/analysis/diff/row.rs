//! One metric of one variant in two results, and what it means.

use reports::schema::{Better, LatencyKind, Measures, Metric, Percentile, RunResult};
use reports::words::summary::Variant;
use reports::words::units;
use serde::Serialize;

use super::welch::Change;

/// A difference below this share is not called better or worse, unless another floor is asked for: two
/// processes of one program differ by as much, as their memory lies elsewhere.
pub(crate) const FLOOR: f64 = 0.03;

/// Every metric that `diff` compares.
pub(crate) fn compared() -> impl Iterator<Item = &'static Metric> {
    const OF_ALL: [&Metric; 3] = [&Metric::THROUGHPUT, &Metric::P50_LATENCY, &Metric::P99_LATENCY];
    let after_window_end = [Percentile::P50, Percentile::P99]
        .map(|percentile| Metric::of_latency(LatencyKind::AfterWindowEnd, percentile));
    OF_ALL.into_iter().chain(after_window_end).chain([&Metric::COST, &Metric::PEAK_MEMORY])
}

/// A metric of a variant in both results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Row {
    /// The experiment.
    pub experiment: String,
    /// What its runs measure.
    pub measures: Measures,
    /// The variant.
    pub variant: String,
    /// The metric's path in a result.
    pub metric: String,
    /// Median of the valid runs of A; `null` without one.
    pub median_a: Option<f64>,
    /// Median of the valid runs of B; `null` without one.
    pub median_b: Option<f64>,
    /// Valid runs of A that have it.
    pub runs_a: usize,
    /// Valid runs of B that have it.
    pub runs_b: usize,
    /// Geometric mean of B over that of A.
    pub ratio: Option<f64>,
    /// Welch's 95 % interval of the ratio, or, below five runs on a side, the range.
    pub interval: Option<(f64, f64)>,
    /// What it means for B.
    pub verdict: Verdict,
}

impl Row {
    /// `None` when a side has no run that measures it.
    pub(crate) fn of(
        metric: &Metric,
        experiment: &str,
        (a, b): (&Variant<'_>, &Variant<'_>),
        floor: f64,
    ) -> Option<Self> {
        let measured =
            |run: &&RunResult| metric.measured_by.includes(run) && metric.of(run).is_some();
        if !a.runs.iter().any(measured) || !b.runs.iter().any(measured) {
            return None;
        }
        let values =
            |of: &Variant<'_>| of.valid().filter_map(|run| metric.of(run)).collect::<Vec<f64>>();
        let (values_a, values_b) = (values(a), values(b));
        let median = |of: &Variant<'_>| of.spread(|run| metric.of(run)).map(|it| it.median);
        let change = Change::between(&values_a, &values_b);
        Some(Self {
            experiment: experiment.to_owned(),
            measures: a.runs[0].measures,
            variant: a.name.to_owned(),
            metric: metric.path.to_owned(),
            median_a: median(a),
            median_b: median(b),
            runs_a: values_a.len(),
            runs_b: values_b.len(),
            ratio: change.map(|it| it.ratio),
            interval: change.map(|it| it.interval),
            verdict: Verdict::of(metric, change, floor),
        })
    }

    /// A value of its metric, with its unit.
    pub(crate) fn figure(&self, value: f64) -> String {
        match Metric::named(&self.metric) {
            Some(metric) => units::figure(metric.unit, value),
            None => units::trimmed(value, 3),
        }
    }

    /// Whether more of its metric is better.
    pub(crate) fn more_is_better(&self) -> bool {
        Metric::named(&self.metric).is_some_and(|metric| metric.better == Better::More)
    }
}

/// What a row means for B.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// B is better.
    Better,
    /// B is worse.
    Worse,
    /// It differs, by less than the floor.
    Little,
    /// The interval contains 1.
    NoDifference,
    /// Fewer than five valid runs on a side that can be compared.
    TooFew,
}

impl Verdict {
    fn of(metric: &Metric, change: Option<Change>, floor: f64) -> Self {
        match change {
            Some(change) if change.is_enough && change.is_open() => Self::NoDifference,
            Some(change) if change.is_enough && change.ratio.ln().abs() < floor.ln_1p() => {
                Self::Little
            }
            Some(change) if change.is_enough => match metric.is_better(change.ratio, 1.0) {
                Some(true) => Self::Better,
                _ => Self::Worse,
            },
            _ => Self::TooFew,
        }
    }

    /// For people.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Little => "different by less than the floor",
            Self::NoDifference => "no difference shown",
            Self::TooFew => "too few runs",
        }
    }
}
