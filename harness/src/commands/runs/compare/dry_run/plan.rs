//! What a dry run says: the runs of a suite, and how long they take.

use serde::Serialize;

/// Schema tag of [`DryRun`].
pub(crate) const DRY_RUN_SCHEMA: &str = "streamgauge.dry-run/1";
/// What a suite will do, and how long that takes.
#[derive(Debug, Serialize)]
pub(crate) struct DryRun {
    /// Always [`DRY_RUN_SCHEMA`].
    pub schema: &'static str,
    /// The suite's name.
    pub suite: String,
    /// Its experiments, in order.
    pub experiments: Vec<PlannedExperiment>,
    /// All runs.
    pub runs: u64,
    /// Share of the trials at a rate that did not keep up, from 0 to 1: as many of those runs will be
    /// invalid, and made again.
    pub again_share: f64,
    /// All of it, in seconds: pilots, evaluators, runs, and those that are made again.
    pub seconds: f64,
}

/// An experiment that is still to be made.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedExperiment {
    /// Its name.
    pub experiment: String,
    /// Its workload.
    pub workload: String,
    /// Planned events per second; `null` for as fast as they are taken.
    pub rate: Option<f64>,
    /// Events of every run.
    pub events: u64,
    /// Time of its pilot, in seconds.
    pub pilot_s: f64,
    /// Time of its evaluator, in seconds; 0 when an experiment before has the same events.
    pub evaluator_s: f64,
    /// Its runs, by variant.
    pub variants: Vec<PlannedVariant>,
}

/// The runs of a variant.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedVariant {
    /// Its name.
    pub variant: String,
    /// How many there are.
    pub repeats: u32,
    /// How long one takes, in seconds.
    pub seconds_each: f64,
}

impl PlannedExperiment {
    /// All of it, in seconds, when this share of the runs at a rate is made again.
    pub(crate) fn seconds(&self, again_share: f64) -> f64 {
        let runs = self.variants.iter().map(|it| f64::from(it.repeats) * it.seconds_each);
        let tries = if self.rate.is_some() { 1.0 + again_share } else { 1.0 };
        self.pilot_s + self.evaluator_s + runs.sum::<f64>() * tries
    }
}
