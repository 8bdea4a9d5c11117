//! T = B/R: Little's law over what is buffered, on both engines and both clocks.
//!
//! An [`Experiment`] is what is run and what is read from the file that it leaves. Predictions know
//! settings, rates and costs; measurements know stamps, and neither knows the other.

mod batches;
mod buffers;
mod bursts;
mod eager_source;
mod flusher;
mod links;
mod receivers;
mod speeds;
mod trial;
mod wall;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests read what was written")]
mod tests;

use reports::formulas::{Case, Prediction, Reading};
use reports::schema::RunResult;
use reports::schema::samples::{SAMPLES_SCHEMA, Sample, Samples};
use serde::Serialize;
use serde_json::Value;

use self::trial::Trial;
use super::{Asked, Formula, Lab, Saved};
use crate::error::{Error, Result};
use crate::run::clock::Clock;
use crate::run::fault::FaultSpec;

/// The formula.
pub(super) const FORMULA: Formula = Formula { name: NAME, measure };

const NAME: &str = "flow-control";
const PIPELINED: &str = "pipelined";
const MICRO_BATCH: &str = "microbatch";

/// A run, or the same one several times, and the cases that are read from it.
struct Experiment {
    /// Of the file.
    name: &'static str,
    trial: Trial,
    repeats: Repeats,
    asked: Vec<Draft>,
}

/// How often a trial is made.
#[derive(Clone, Debug)]
enum Repeats {
    /// Once: virtual time has nothing to repeat.
    Once,
    /// With this many seeds, of which a file keeps one figure each.
    Seeds(u64, Reading),
    /// So many times on the wall clock, all kept whole.
    Wall(u32),
}

/// A case before anything has been measured.
struct Draft {
    case: String,
    quantity: &'static str,
    prediction: Prediction,
    reading: Reading,
    at: Vec<(&'static str, Value)>,
}

/// Runs kept in one file.
#[derive(Serialize)]
struct Runs<'a> {
    schema: &'static str,
    runs: &'a [RunResult],
}

fn measure(lab: &mut Lab<'_>) -> Result<Vec<Case>> {
    let mut experiments = virtual_time(lab)?;
    experiments.extend(wall::experiments(lab)?);
    carry_out(lab, experiments, &[])
}

/// Everything that is measured in virtual time.
fn virtual_time(lab: &Lab<'_>) -> Result<Vec<Experiment>> {
    let mut experiments = flusher::experiments(lab, flusher::SEEDS)?;
    experiments.extend(buffers::experiments(lab)?);
    experiments.extend(links::experiments(lab)?);
    experiments.extend(bursts::experiments(lab)?);
    experiments.extend(batches::experiments(lab)?);
    experiments.extend(speeds::experiments(lab)?);
    Ok(experiments)
}

/// Runs experiments, one after the other, with something planned to go wrong in each.
fn carry_out(
    lab: &mut Lab<'_>,
    experiments: Vec<Experiment>,
    faults: &[FaultSpec],
) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for mut experiment in experiments {
        if lab.stop.is_requested() {
            break;
        }
        experiment.trial.faults = faults.to_vec();
        let saved = experiment.save(lab)?;
        for draft in experiment.asked {
            cases.push(draft.judge(&saved)?);
        }
    }
    Ok(cases)
}

impl Experiment {
    fn once(name: &'static str, trial: Trial, asked: Vec<Draft>) -> Self {
        Self { name, trial, repeats: Repeats::Once, asked }
    }

    /// Runs it and saves what came of it.
    fn save(&self, lab: &mut Lab<'_>) -> Result<Saved> {
        let Self { name, trial, repeats, .. } = self;
        let engine = trial.engine.name();
        let clock = if trial.clock == Clock::Wall { "wall" } else { "virtual" };
        match repeats {
            Repeats::Once => {
                let run = trial.run(lab.stop)?;
                lab.save(name, &run, engine, clock)
            }
            Repeats::Seeds(seeds, reading) => {
                let mut samples = Vec::new();
                for number in trial.seed..trial.seed + seeds {
                    let run = Trial { seed: number, ..trial.clone() }.run(lab.stop)?;
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
                lab.save(name, &samples, engine, clock)
            }
            Repeats::Wall(repeats) => {
                let mut runs = Vec::new();
                for repeat in 0..*repeats {
                    let seed = trial.seed + u64::from(repeat);
                    let run = Trial { seed, ..trial.clone() }.run(lab.stop)?;
                    runs.push(RunResult { repeat, ..run });
                }
                lab.save(name, &Runs { schema: RUNS_SCHEMA, runs: &runs }, engine, clock)
            }
        }
    }
}

/// Schema tag of a file of several runs, `{"schema", "runs": [..]}`.
const RUNS_SCHEMA: &str = "streamgauge.runs/1";

impl Draft {
    fn judge(mut self, saved: &Saved) -> Result<Case> {
        if let Reading::MeanOverRuns { each } = &self.reading {
            self.at.extend(wall::interval(each, &saved.contents)?);
        }
        saved.case(Asked {
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
fn mean_wait() -> Reading {
    Reading::At { pointer: "/latency_ns/from_planned/mean".to_owned(), factor: 1e-6 }
}

/// The longest.
fn longest_wait() -> Reading {
    Reading::At { pointer: "/latency_ns/from_planned/max".to_owned(), factor: 1e-6 }
}

/// Records per second over the whole run.
fn rate() -> Reading {
    Reading::at("/throughput_per_s")
}
