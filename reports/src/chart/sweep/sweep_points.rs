//! The points of a sweep with the runs that were made there.

use serde_json::Value;

use crate::schema::{Better, Measures, Metric, Sweep};
use crate::words::summary::{Experiment, Spread};
use crate::words::units::setting;

/// Where a value of an axis stands, and what its tick says.
pub(crate) struct Places {
    pub(crate) values: Vec<f64>,
    pub(crate) labels: Vec<String>,
    pub(crate) logarithmic: bool,
    /// Values stand side by side, whatever their distance.
    pub(crate) ordinal: bool,
}

/// Values that differ by this factor stand on a logarithmic axis.
const WIDE: f64 = 8.0;

impl Places {
    /// Of the values of an axis: numbers where they are, and side by side if one is not a number,
    /// or where 0 is among numbers too far apart for a linear axis.
    pub(crate) fn of(values: &[Value]) -> Self {
        let labels = values.iter().map(setting).collect();
        let numbers: Option<Vec<f64>> = values.iter().map(Value::as_f64).collect();
        let ordinal = Self {
            values: (0..values.len()).map(|n| n as f64).collect(),
            labels,
            logarithmic: false,
            ordinal: true,
        };
        let Some(numbers) = numbers else { return ordinal };
        let positive = || numbers.iter().copied().filter(|it| *it > 0.0);
        let (least, most) =
            (positive().fold(f64::INFINITY, f64::min), positive().fold(0.0, f64::max));
        let all_positive = numbers.iter().all(|it| *it > 0.0);
        match (most / least > WIDE, all_positive) {
            (true, false) => ordinal,
            (logarithmic, _) => Self { values: numbers, logarithmic, ordinal: false, ..ordinal },
        }
    }
}

/// What stands at an axis: settings and knobs have their unit in their name.
pub(crate) fn axis_caption(name: &str) -> String {
    match name {
        "rate" => "Planned rate, events/s".to_owned(),
        name => name.to_owned(),
    }
}

/// The metrics for what was measured; the one that decides comes last.
pub(crate) fn metrics(measures: Measures) -> [&'static Metric; 2] {
    match measures {
        Measures::Latency => [&Metric::MEAN_LATENCY, &Metric::P99_LATENCY],
        Measures::Throughput => [&Metric::COST, &Metric::THROUGHPUT],
    }
}

/// The experiment at a point, if it has run.
pub(crate) fn at<'a, 'b>(
    sweep: &Sweep,
    point: usize,
    experiments: &'b [Experiment<'a>],
) -> Option<&'b Experiment<'a>> {
    let name = &sweep.points.get(point)?.experiment;
    experiments.iter().find(|it| it.name == name)
}

/// Every variant of any point, in the order in which they first ran.
pub(crate) fn variants<'a>(experiments: &[Experiment<'a>]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for variant in experiments.iter().flat_map(|it| &it.variants) {
        if !names.contains(&variant.name) {
            names.push(variant.name);
        }
    }
    names
}

/// A figure of a variant at a point.
pub(crate) fn spread(
    experiment: &Experiment<'_>,
    variant: &str,
    metric: &Metric,
) -> Option<Spread> {
    experiment.variant(variant)?.figure(metric)
}

/// Who is ahead at a point, and by which factor over the next one; `None` with fewer than two that
/// have a figure.
pub(crate) fn winner<'a>(experiment: &Experiment<'a>, metric: &Metric) -> Option<(&'a str, f64)> {
    let of = |name: &'a str| Some((name, spread(experiment, name, metric)?.median));
    let mut figures: Vec<(&str, f64)> =
        experiment.variants.iter().filter_map(|variant| of(variant.name)).collect();
    figures.sort_by(|a, b| a.1.total_cmp(&b.1));
    let more_is_better = metric.better == Better::More;
    if more_is_better {
        figures.reverse();
    }
    let [first, second, ..] = figures.as_slice() else { return None };
    let factor = if more_is_better { first.1 / second.1 } else { second.1 / first.1 };
    (factor.is_finite() && first.1 > 0.0).then_some((first.0, factor))
}
