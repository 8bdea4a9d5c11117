//! `compare --dry-run`: which runs a suite has, and how long they will take on this machine.
//!
//! The time is made of what will be done. Pilots are made as they will be, and timed. Evaluators are
//! timed on a part of the events. A run at a planned rate lasts as long as its plan, one at `max` as
//! long as its events take at the throughput of a trial; to both comes what a trial of that variant
//! has taken beside its plan or its events: starting, draining, writing down. Of the runs at a rate
//! as large a share is made again as trials could not keep up: the machine is busy then.

use std::collections::BTreeSet;
use std::time::Duration;

use dataflow::{Digest, StopSignal};
use reports::schema::RunResult;
use reports::words::units;
use serde::Serialize;
use workloads::schedule::load_shape::LoadShape;

use crate::commands::runs::compare::baseline::Baselines;
use crate::error::{Error, Outcome, Result};
use crate::experiment::sizing as pilot;
use crate::experiment::sizing::Fixed;
use crate::experiment::suite::{Experiment, Suite, Variant};
use crate::run::clock::{Clock, LEAD_NANOS, clock};
use crate::run::execute::{RunSpec, Surroundings, execute};
use crate::run::validity;
use crate::terminal::progress::Progress;
use crate::terminal::{out, table};

/// Schema tag of [`DryRun`].
pub const DRY_RUN_SCHEMA: &str = "streamgauge.dry-run/1";
/// Events of a trial at `max`, and most events that an evaluator is timed on.
const TRIAL_EVENTS: u64 = 100_000;
/// Length of the plan of a trial at a rate.
const TRIAL_PLAN: Duration = Duration::from_millis(200);

/// What a suite will do, and how long that takes.
#[derive(Debug, Serialize)]
pub struct DryRun {
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
pub struct PlannedExperiment {
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
pub struct PlannedVariant {
    /// Its name.
    pub variant: String,
    /// How many there are.
    pub repeats: u32,
    /// How long one takes, in seconds.
    pub seconds_each: f64,
}

impl PlannedExperiment {
    /// All of it, in seconds, when this share of the runs at a rate is made again.
    pub fn seconds(&self, again_share: f64) -> f64 {
        let runs = self.variants.iter().map(|it| f64::from(it.repeats) * it.seconds_each);
        let tries = if self.rate.is_some() { 1.0 + again_share } else { 1.0 };
        self.pilot_s + self.evaluator_s + runs.sum::<f64>() * tries
    }
}

/// Plans a suite, and prints the plan.
///
/// # Errors
/// When an engine fails in a trial.
pub fn dry_run(
    suite: &Suite,
    baselines: &Baselines,
    json: bool,
    stop: &StopSignal,
) -> Result<Outcome> {
    let plan = Planning::new(json, suite, stop).plan(suite, baselines)?;
    if stop.is_requested() {
        return Ok(Outcome::Interrupted);
    }
    if json {
        out::json(&plan);
    } else {
        out::line(&table::dry_run(&plan));
    }
    Ok(Outcome::Good)
}

/// Trials under way.
struct Planning<'a> {
    progress: Progress,
    stop: &'a StopSignal,
    /// What evaluators have computed by then: workload, knobs, seed and events.
    evaluated: BTreeSet<(String, String, u64, u64)>,
    /// Trials at a rate: those that did not keep up, and all.
    behind: (u32, u32),
}

impl<'a> Planning<'a> {
    fn new(hidden: bool, suite: &Suite, stop: &'a StopSignal) -> Self {
        let progress = Progress::new(suite.experiments.len() as u64, hidden);
        Self { progress, stop, evaluated: BTreeSet::new(), behind: (0, 0) }
    }

    fn plan(mut self, suite: &Suite, baselines: &Baselines) -> Result<DryRun> {
        let mut experiments = Vec::new();
        for experiment in &suite.experiments {
            if self.stop.is_requested() {
                break;
            }
            experiments.push(self.experiment(experiment, baselines)?);
            self.progress.step();
        }
        self.progress.finish();
        let (behind, trials) = self.behind;
        let again_share = f64::from(behind) / f64::from(trials.max(1));
        Ok(DryRun {
            schema: DRY_RUN_SCHEMA,
            suite: suite.name.clone(),
            runs: suite.experiments.iter().map(Experiment::runs).sum(),
            again_share,
            seconds: experiments.iter().map(|it| it.seconds(again_share)).sum(),
            experiments,
        })
    }

    fn experiment(
        &mut self,
        experiment: &Experiment,
        baselines: &Baselines,
    ) -> Result<PlannedExperiment> {
        let (fixed, pilot_s) = self.timed(|it| baselines.fix(experiment, it.stop, &it.progress))?;
        let mut variants = Vec::new();
        for variant in &experiment.variants {
            self.progress.say(format!("trial: {} on {}", experiment.name, variant.name));
            variants.push(PlannedVariant {
                variant: variant.name.clone(),
                repeats: experiment.repeats,
                seconds_each: self.run_seconds(experiment, variant, fixed)?,
            });
        }
        let evaluator_s = match experiment.variants.first() {
            Some(variant) => self.evaluator_seconds(experiment, variant, fixed)?,
            None => 0.0,
        };
        Ok(PlannedExperiment {
            experiment: experiment.name.clone(),
            workload: experiment.workload.name().to_owned(),
            rate: fixed.rate,
            events: fixed.events,
            pilot_s,
            evaluator_s,
            variants,
        })
    }

    /// How long a run of a variant will take, in seconds.
    fn run_seconds(
        &mut self,
        experiment: &Experiment,
        variant: &Variant,
        fixed: Fixed,
    ) -> Result<f64> {
        if fixed.rate.is_some() {
            let spec = pilot::spec(experiment, variant, fixed, 0)?;
            return Ok(plan_seconds(&spec) + self.beside_plan(&spec)?);
        }
        let per_s = pilot::throughput(experiment, variant, Clock::Wall, self.stop)?;
        let mut spec = pilot::spec(experiment, variant, fixed, 0)?;
        spec.events = spec.events.min(TRIAL_EVENTS);
        spec.warm_up = 0;
        let (result, seconds) = self.trial(&spec)?;
        let elapsed_s = result.elapsed_ns as f64 / 1e9;
        Ok(fixed.events as f64 / per_s + (seconds - elapsed_s).max(0.0))
    }

    /// What a run at a rate takes beside its plan, by a trial with a short one.
    fn beside_plan(&mut self, spec: &RunSpec) -> Result<f64> {
        let mut spec = spec.clone();
        let events = spec.rate.map_or(0.0, |rate| rate * TRIAL_PLAN.as_secs_f64()) as u64;
        spec.events = events.clamp(1, spec.events);
        spec.warm_up = 0;
        // What a fault costs is caught up with within the plan, if the run is to be valid.
        spec.recovery.faults.clear();
        let (result, seconds) = self.trial(&spec)?;
        self.behind.0 += u32::from(!validity::kept_up(&result));
        self.behind.1 += 1;
        Ok((seconds - plan_seconds(&spec)).max(0.0))
    }

    /// Makes a run whose answer nobody looks at, and tells its time from the outside, in seconds.
    fn trial(&mut self, spec: &RunSpec) -> Result<(RunResult, f64)> {
        let (executed, seconds) = self.timed(|it| {
            let events = spec.workload.generate(&spec.knobs, spec.seed);
            let run_clock = clock(Clock::Wall, spec.seed, spec.parallelism, false)?;
            let hidden = Progress::new(0, true);
            let around = Surroundings::of(&*events, it.stop, &hidden, &run_clock);
            execute(spec, around, &mut Digest::default)
        })?;
        Ok((executed.result, seconds))
    }

    /// How long the evaluator of an experiment will take, in seconds.
    fn evaluator_seconds(
        &mut self,
        experiment: &Experiment,
        variant: &Variant,
        fixed: Fixed,
    ) -> Result<f64> {
        let spec = pilot::spec(experiment, variant, fixed, 0)?;
        let knobs = format!("{:?}", spec.knobs.values());
        let cell = (spec.workload.name().to_owned(), knobs, spec.seed, spec.events);
        if !self.evaluated.insert(cell) {
            return Ok(0.0);
        }
        let events = spec.workload.generate(&spec.knobs, spec.seed);
        let part = spec.events.clamp(1, TRIAL_EVENTS);
        let (_, seconds) = self.timed(|_| Ok::<_, Error>(events.expected(part)))?;
        Ok(seconds * spec.events as f64 / part as f64)
    }

    /// What something comes to, and the seconds that it took.
    fn timed<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T>) -> Result<(T, f64)> {
        let began = self.progress.elapsed();
        let done = act(self)?;
        Ok((done, self.progress.elapsed().saturating_sub(began).as_secs_f64()))
    }
}

/// From the start of a run at a rate to its last planned event, in seconds.
fn plan_seconds(spec: &RunSpec) -> f64 {
    let shape = LoadShape::of(&spec.knobs, spec.seed);
    let nanos = spec.rate.map_or(0, |rate| shape.time_of(spec.events, 1e9 / rate));
    (nanos + LEAD_NANOS) as f64 / 1e9
}

/// A time for people, to the second: `7m 20s`.
pub fn about(seconds: f64) -> String {
    if seconds < 10.0 {
        return units::duration(seconds * 1e9);
    }
    humantime::format_duration(Duration::from_secs(seconds.round() as u64)).to_string()
}
