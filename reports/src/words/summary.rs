//! Runs grouped by experiment and variant, and medians with ranges over the valid ones.

use crate::schema::{CompareResult, Comparison, Measures, Metric, RunResult, Unit};

/// The runs of one experiment that measure the same thing, by variant.
#[derive(Clone, Debug)]
pub struct Experiment<'a> {
    /// Its name.
    pub name: &'a str,
    /// What its runs were made to measure.
    pub measures: Measures,
    /// Variants, in the order in which they first ran. Never empty, nor is any variant.
    pub variants: Vec<Variant<'a>>,
    /// Comparisons between its variants.
    pub comparisons: Vec<&'a Comparison>,
}

/// One column of a comparison: an engine with its settings.
#[derive(Clone, Debug)]
pub struct Variant<'a> {
    /// Its name.
    pub name: &'a str,
    /// Every run, valid or not, in the order in which they ran.
    pub runs: Vec<&'a RunResult>,
}

/// Median and range of a figure over repeats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Median; the mean of the two middle values of an even number.
    pub median: f64,
    /// Smallest.
    pub low: f64,
    /// Largest.
    pub high: f64,
    /// Number of values.
    pub count: usize,
}

impl Spread {
    /// Of the finite values; `None` without any.
    ///
    /// ```
    /// use reports::words::summary::Spread;
    /// let spread = Spread::of([4.0, f64::NAN, 1.0, 2.0]).unwrap();
    /// assert_eq!((spread.median, spread.low, spread.high, spread.count), (2.0, 1.0, 4.0, 3));
    /// assert_eq!(Spread::of([f64::NAN]), None);
    /// ```
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            1 => values[middle],
            _ => f64::midpoint(values[middle - 1], values[middle]),
        };
        Some(Spread { median, low, high, count: values.len() })
    }
}

impl<'a> Variant<'a> {
    /// The runs whose figures may be used.
    pub fn valid(&self) -> impl Iterator<Item = &'a RunResult> {
        self.runs.iter().copied().filter(|run| run.valid)
    }

    /// Median and range of a figure over the valid runs that have it.
    pub fn spread(&self, figure: impl Fn(&RunResult) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.valid().filter_map(figure))
    }

    /// Median and range of a metric, in its own unit, over the valid runs that have it. A rate of 0
    /// is no figure.
    pub fn figure(&self, metric: &Metric) -> Option<Spread> {
        let is_figure = |value: &f64| metric.unit != Unit::RecordsPerSecond || *value > 0.0;
        self.spread(|run| metric.of(run).filter(is_figure))
    }

    /// As [`figure`](Self::figure), over the invalid runs of a variant that has no valid one.
    pub fn invalid_figure(&self, metric: &Metric) -> Option<Spread> {
        let none_is_valid = self.valid().next().is_none();
        let all = self.runs.iter().filter(|run| none_is_valid && !run.superseded);
        Spread::of(all.filter_map(|run| metric.of(run)).filter(|value| *value > 0.0))
    }

    /// Median and range of the throughput, in records per second, over the valid runs.
    pub fn throughput(&self) -> Option<Spread> {
        self.figure(&Metric::THROUGHPUT)
    }
}

/// Throughput of a run, unless it is not a number above zero.
pub fn throughput(run: &RunResult) -> Option<f64> {
    Some(run.throughput_per_s).filter(|rate| rate.is_finite() && *rate > 0.0)
}

/// Groups a result by experiment and what was measured, in the order in which they first ran.
pub fn experiments(result: &CompareResult) -> Vec<Experiment<'_>> {
    let mut experiments: Vec<Experiment<'_>> = Vec::new();
    for run in &result.runs {
        let (name, measures) = (run.experiment.as_str(), run.measures);
        let known = experiments.iter().position(|e| e.name == name && e.measures == measures);
        let index = known.unwrap_or_else(|| {
            let (variants, comparisons) = (Vec::new(), Vec::new());
            experiments.push(Experiment { name, measures, variants, comparisons });
            experiments.len() - 1
        });
        let variants = &mut experiments[index].variants;
        match variants.iter_mut().find(|variant| variant.name == run.variant) {
            Some(variant) => variant.runs.push(run),
            None => variants.push(Variant { name: &run.variant, runs: vec![run] }),
        }
    }
    for experiment in &mut experiments {
        let latency = experiment.measures == Measures::Latency;
        experiment.comparisons = result
            .comparisons
            .iter()
            .filter(|c| c.experiment == experiment.name)
            .filter(|c| c.metric.starts_with("latency_ns") == latency)
            .collect();
    }
    experiments
}

impl<'a> Experiment<'a> {
    /// Its first run, from which workload, rate and parallelism are told.
    pub fn first_run(&self) -> &'a RunResult {
        self.variants[0].runs[0]
    }

    /// Valid runs and all runs.
    pub(crate) fn valid_of_all(&self) -> (usize, usize) {
        let valid = self.variants.iter().map(|variant| variant.valid().count()).sum();
        (valid, self.variants.iter().map(|variant| variant.runs.len()).sum())
    }

    /// The variant of that name.
    pub fn variant(&self, name: &str) -> Option<&Variant<'a>> {
        self.variants.iter().find(|variant| variant.name == name)
    }
}
