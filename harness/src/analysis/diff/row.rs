//! One metric of one variant in two results, and what it means.

use reports::schema::{Measures, RunResult};
use reports::words::summary::Variant;
use serde::Serialize;

use super::welch::Change;

/// A figure of a run that results are compared by.
#[derive(Debug)]
pub struct Metric {
    /// Its path in a result.
    pub name: &'static str,
    value: fn(&RunResult) -> Option<f64>,
    /// Whether more of it is better.
    pub more_is_better: bool,
    /// Runs that measure it; `None`: all.
    measures: Option<Measures>,
}

const fn latency(name: &'static str, value: fn(&RunResult) -> Option<f64>) -> Metric {
    Metric { name, value, more_is_better: false, measures: Some(Measures::Latency) }
}

/// Every figure that `diff` compares. Throughput is that of throughput runs: at a planned rate it is
/// the plan's.
pub const METRICS: &[Metric] = &[
    Metric {
        name: "throughput_per_s",
        value: |run| Some(run.throughput_per_s),
        more_is_better: true,
        measures: Some(Measures::Throughput),
    },
    latency("latency_ns.from_planned.p50", |run| nanos(run.latency_ns.from_planned.p50)),
    latency("latency_ns.from_planned.p99", |run| nanos(run.latency_ns.from_planned.p99)),
    latency("latency_ns.after_window_end.p50", |run| nanos(run.latency_ns.after_window_end.p50)),
    latency("latency_ns.after_window_end.p99", |run| nanos(run.latency_ns.after_window_end.p99)),
    Metric {
        name: "cpu_ns_per_record",
        value: |run| run.cpu_ns_per_record,
        more_is_better: false,
        measures: None,
    },
    Metric {
        name: "peak_memory_bytes",
        value: |run| run.peak_memory_bytes.map(|bytes| bytes as f64),
        more_is_better: false,
        measures: None,
    },
];

fn nanos(value: Option<u64>) -> Option<f64> {
    value.map(|nanos| nanos as f64)
}

/// A metric of a variant in both results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
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
    /// Median of the valid runs of B; likewise.
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
    pub fn of(metric: &Metric, experiment: &str, a: &Variant<'_>, b: &Variant<'_>) -> Option<Self> {
        let measured = |run: &&RunResult| {
            metric.measures.is_none_or(|it| it == run.measures) && (metric.value)(run).is_some()
        };
        if !a.runs.iter().any(measured) || !b.runs.iter().any(measured) {
            return None;
        }
        let values = |of: &Variant<'_>| of.valid().filter_map(metric.value).collect::<Vec<f64>>();
        let (values_a, values_b) = (values(a), values(b));
        let median = |of: &Variant<'_>| of.spread(metric.value).map(|it| it.median);
        let change = Change::between(&values_a, &values_b);
        Some(Self {
            experiment: experiment.to_owned(),
            measures: a.runs[0].measures,
            variant: a.name.to_owned(),
            metric: metric.name.to_owned(),
            median_a: median(a),
            median_b: median(b),
            runs_a: values_a.len(),
            runs_b: values_b.len(),
            ratio: change.map(|it| it.ratio),
            interval: change.map(|it| it.interval),
            verdict: Verdict::of(metric, change),
        })
    }

    /// Whether more of its metric is better.
    pub fn more_is_better(&self) -> bool {
        METRICS.iter().any(|it| it.name == self.metric && it.more_is_better)
    }
}

/// What a row means for B.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// B is better.
    Better,
    /// B is worse.
    Worse,
    /// The interval contains 1.
    NoDifference,
    /// Fewer than five valid runs on a side that can be compared.
    TooFew,
}

impl Verdict {
    fn of(metric: &Metric, change: Option<Change>) -> Self {
        match change {
            Some(change) if change.is_enough && change.is_open() => Self::NoDifference,
            Some(change) if change.is_enough => {
                if (change.ratio > 1.0) == metric.more_is_better {
                    Self::Better
                } else {
                    Self::Worse
                }
            }
            _ => Self::TooFew,
        }
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoDifference => "no difference shown",
            Self::TooFew => "too few runs",
        }
    }
}
