//! An experiment of flow control: the runs, and the cases that are read from their files.

use reports::formulas::{Case, Prediction, Reading};
use reports::schema::RunResult;
use reports::schema::samples::{SAMPLES_SCHEMA, Sample, Samples};
use serde::Serialize;
use serde_json::Value;

use super::trial::FlowTrial;
use crate::analysis::statistics::{CONFIDENCE, student_interval};
use crate::commands::model::formulas::case_runner::{CaseDraft, CaseRunner, ResultFile};
use crate::error::{Error, Result};
use crate::run::executor::Runner;
use crate::run::validity;

/// The name of the formula.
pub(super) const NAME: &str = "flow-control";
pub(super) const PIPELINED: &str = "pipelined";
pub(super) const MICRO_BATCH: &str = "microbatch";

/// A run, or the same one several times, and the cases that are read from it.
pub(super) struct FlowExperiment {
    /// Of the file.
    pub(super) name: &'static str,
    pub(super) trial: FlowTrial,
    pub(super) repeats: Repeats,
    pub(super) asked: Vec<FlowDraft>,
}

/// How often a trial is made.
#[derive(Clone, Debug)]
pub(super) enum Repeats {
    /// Once: virtual time has nothing to repeat.
    Once,
    /// With this many seeds, of which a file keeps one figure each.
    Seeds(u64, Reading),
    /// So many times on the wall clock, all kept whole.
    Wall(u32),
}

/// A case before anything has been measured.
pub(super) struct FlowDraft {
    pub(super) case: String,
    pub(super) quantity: &'static str,
    pub(super) prediction: Prediction,
    pub(super) reading: Reading,
    pub(super) at: Vec<(&'static str, Value)>,
}

/// Runs kept in one file.
#[derive(Serialize)]
struct Runs<'a> {
    schema: &'static str,
    runs: &'a [RunResult],
}

impl FlowExperiment {
    pub(super) fn once(name: &'static str, trial: FlowTrial, asked: Vec<FlowDraft>) -> Self {
        Self { name, trial, repeats: Repeats::Once, asked }
    }

    /// Runs it and saves what came of it.
    pub(super) fn save(&self, runner: &mut CaseRunner<'_>) -> Result<ResultFile> {
        let Self { name, trial, repeats, .. } = self;
        let engine = trial.engine.name();
        let clock = trial.clock.name();
        match repeats {
            Repeats::Once => {
                let run = trial.run(&mut runner.runner)?;
                runner.save(name, &run, engine, clock)
            }
            Repeats::Seeds(seeds, reading) => {
                let mut samples = Vec::new();
                for number in trial.seed..trial.seed + seeds {
                    let run =
                        FlowTrial { seed: number, ..trial.clone() }.run(&mut runner.runner)?;
                    let run = serde_json::to_value(&run).map_err(Error::run)?;
                    samples.push(Sample { number, value: reading.read(&run).map_err(Error::run)? });
                }
                let quantity = self.asked.first().map_or("", |draft| draft.quantity);
                let samples = Samples {
                    schema: SAMPLES_SCHEMA.to_owned(),
                    quantity: quantity.to_owned(),
                    over: "seed".to_owned(),
                    samples,
                };
                runner.save(name, &samples, engine, clock)
            }
            Repeats::Wall(repeats) => {
                let mut runs = Vec::new();
                for repeat in 0..*repeats {
                    let seed = trial.seed + u64::from(repeat);
                    let trial = FlowTrial { seed, ..trial.clone() };
                    let run = undisturbed(&trial, name, &mut runner.runner)?;
                    runs.push(RunResult { repeat, ..run });
                }
                runner.save(name, &Runs { schema: RUNS_SCHEMA, runs: &runs }, engine, clock)
            }
        }
    }
}

/// Runs a trial on the wall clock: once more if the machine was disturbed, which is told if it still
/// was.
fn undisturbed(trial: &FlowTrial, name: &str, runner: &mut Runner<'_>) -> Result<RunResult> {
    let run = trial.run(runner)?;
    if !validity::is_disturbed(&run) || runner.is_to_stop() {
        return Ok(run);
    }
    let again = trial.run(runner)?;
    if let Some(because) = again.machine.as_ref().and_then(|it| it.disturbed_because.as_ref()) {
        let engine = trial.engine.name();
        runner.audience.note(&format!(
            "{name} on {engine}: a run says more about the machine than about the formula, as \
             {because}; see `doctor`."
        ));
    }
    Ok(again)
}

/// Schema tag of a file of several runs, `{"schema", "runs": [..]}`.
const RUNS_SCHEMA: &str = "streamgauge.runs/1";

impl FlowDraft {
    pub(super) fn judge(mut self, saved: &ResultFile) -> Result<Case> {
        if let Reading::MeanOverRuns { each } = &self.reading {
            self.at.extend(interval(each, &saved.contents)?);
        }
        saved.case(CaseDraft {
            formula: NAME,
            case: self.case,
            quantity: self.quantity,
            prediction: self.prediction,
            reading: self.reading,
            at: self.at,
        })
    }
}

/// The mean time from planned to emitted, in milliseconds.
pub(super) fn mean_wait() -> Reading {
    Reading::At { pointer: "/latency_ns/from_planned/mean".to_owned(), factor: 1e-6 }
}

/// The longest.
pub(super) fn longest_wait() -> Reading {
    Reading::At { pointer: "/latency_ns/from_planned/max".to_owned(), factor: 1e-6 }
}

/// Records per second over the whole run.
pub(super) fn rate() -> Reading {
    Reading::at("/throughput_per_s")
}

/// What a page says beside the mean: how many repeats there were, and the 95 % interval of the mean
/// by Student's t.
fn interval(each: &Reading, file: &Value) -> Result<Vec<(&'static str, Value)>> {
    let values = each.of_each(file).map_err(Error::run)?;
    let mut at = vec![("repeats", values.len().into())];
    if let Some((low, high)) = student_interval(&values, CONFIDENCE) {
        at.push(("interval_low", low.into()));
        at.push(("interval_high", high.into()));
    }
    Ok(at)
}
