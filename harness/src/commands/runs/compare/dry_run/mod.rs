//! `compare --dry-run`: which runs a suite has, and how long they will take on this machine.
//!
//! The time is made of what will be done. Pilots are made as they will be, and timed. Evaluators are
//! timed on a part of the events. A run at a planned rate lasts as long as its plan, one at `max` as
//! long as its events take at the throughput of a trial; to both comes what a trial of that variant
//! has taken beside its plan or its events: starting, draining, writing down. Of the runs at a rate
//! as large a share is made again as trials could not keep up: the machine is busy then.

pub(super) mod plan;
mod table;

use std::collections::BTreeSet;
use std::time::Duration;

use dataflow::StopSignal;
use reports::schema::RunResult;
use workloads::schedule::load_shape::LoadShape;

use crate::commands::runs::compare::baseline::Baselines;
use crate::error::{Error, Outcome, Result};
use crate::experiment::sizing;
use crate::experiment::sizing::RunSize;
use crate::experiment::suite::{Experiment, Suite, Variant};
use crate::run::answer::{Answer, Oracle, OracleKey};
use crate::run::clock::{Clock, LEAD_NANOS};
use crate::run::executor::Runner;
use crate::run::real::Real;
use crate::run::spec::RunSpec;
use crate::run::validity;
use crate::terminal::out;
use crate::terminal::progress::Progress;

use plan::{DRY_RUN_SCHEMA, DryRun, PlannedExperiment, PlannedVariant};

/// Events of a trial at `max`, and most events that an evaluator is timed on.
const TRIAL_EVENTS: u64 = 100_000;
/// Length of the plan of a trial at a rate.
const TRIAL_PLAN: Duration = Duration::from_millis(200);

/// Plans a suite, and prints the plan.
///
/// # Errors
/// When an engine fails in a trial.
pub(super) fn dry_run(
    suite: &Suite,
    baselines: &Baselines,
    json: bool,
    stop: &StopSignal,
) -> Result<Outcome> {
    let progress = Progress::new(suite.experiments.len() as u64, json);
    let mut real = Real;
    let plan = Planning::new(Runner::new(&mut real, stop, &progress)).plan(suite, baselines);
    progress.finish();
    let plan = plan?;
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
    runner: Runner<'a>,
    /// What evaluators have computed by then.
    evaluated: BTreeSet<OracleKey>,
    /// Trials at a rate: those that did not keep up, and all.
    behind: (u32, u32),
}

impl<'a> Planning<'a> {
    const fn new(runner: Runner<'a>) -> Self {
        Self { runner, evaluated: BTreeSet::new(), behind: (0, 0) }
    }

    fn plan(mut self, suite: &Suite, baselines: &Baselines) -> Result<DryRun> {
        let mut experiments = Vec::new();
        for experiment in &suite.experiments {
            if self.runner.is_to_stop() {
                break;
            }
            experiments.push(self.experiment(experiment, baselines)?);
            self.runner.audience.step();
        }
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
        let (size, pilot_s) = self.timed(|it| baselines.size(experiment, &mut it.runner))?;
        let mut variants = Vec::new();
        for variant in &experiment.variants {
            let what = format!("trial: {} on {}", experiment.name, variant.name);
            self.runner.audience.say(&what);
            variants.push(PlannedVariant {
                variant: variant.name.clone(),
                repeats: experiment.repeats,
                seconds_each: self.run_seconds(experiment, variant, size)?,
            });
        }
        let evaluator_s = match experiment.variants.first() {
            Some(variant) => self.evaluator_seconds(experiment, variant, size)?,
            None => 0.0,
        };
        Ok(PlannedExperiment {
            experiment: experiment.name.clone(),
            workload: experiment.workload.name().to_owned(),
            rate: size.rate.per_second(),
            events: size.events,
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
        size: RunSize,
    ) -> Result<f64> {
        if !size.rate.is_max() {
            let spec = sizing::spec(experiment, variant, size, 0)?;
            return Ok(plan_seconds(&spec) + self.beside_plan(&spec)?);
        }
        let per_s = sizing::throughput(experiment, variant, Clock::Wall, &mut self.runner)?;
        let mut spec = sizing::spec(experiment, variant, size, 0)?;
        spec.events = spec.events.min(TRIAL_EVENTS);
        spec.warm_up = 0;
        let (result, seconds) = self.trial(&spec)?;
        let elapsed_s = result.elapsed_ns as f64 / 1e9;
        Ok(size.events as f64 / per_s + (seconds - elapsed_s).max(0.0))
    }

    /// What a run at a rate takes beside its plan, by a trial with a short one.
    fn beside_plan(&mut self, spec: &RunSpec) -> Result<f64> {
        let mut spec = spec.clone();
        let events =
            spec.rate.per_second().map_or(0.0, |rate| rate * TRIAL_PLAN.as_secs_f64()) as u64;
        spec.events = events.clamp(1, spec.events);
        spec.warm_up = 0;
        // What a fault costs is caught up with within the plan, if the run is to be valid.
        spec.recovery.faults.clear();
        let (result, seconds) = self.trial(&spec)?;
        self.behind.0 += u32::from(!validity::kept_up(&result));
        self.behind.1 += 1;
        Ok((seconds - plan_seconds(&spec)).max(0.0))
    }

    /// Makes a run without checking its answer, and measures its time from the outside, in seconds.
    fn trial(&mut self, spec: &RunSpec) -> Result<(RunResult, f64)> {
        let (executed, seconds) =
            self.timed(|it| it.runner.quiet().run(spec, Answer::Unchecked))?;
        Ok((executed.result, seconds))
    }

    /// How long the evaluator of an experiment will take, in seconds.
    fn evaluator_seconds(
        &mut self,
        experiment: &Experiment,
        variant: &Variant,
        size: RunSize,
    ) -> Result<f64> {
        let spec = sizing::spec(experiment, variant, size, 0)?;
        if !self.evaluated.insert(Oracle::key(&spec)) {
            return Ok(0.0);
        }
        let events = spec.generate();
        let part = spec.events.clamp(1, TRIAL_EVENTS);
        let (_, seconds) = self.timed(|_| Ok::<_, Error>(events.expected(part)))?;
        Ok(seconds * spec.events as f64 / part as f64)
    }

    /// What something comes to, and the seconds that it took.
    fn timed<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T>) -> Result<(T, f64)> {
        let began = self.runner.audience.elapsed();
        let done = act(self)?;
        Ok((done, self.runner.audience.elapsed().saturating_sub(began).as_secs_f64()))
    }
}

/// From the start of a run at a rate to its last planned event, in seconds.
fn plan_seconds(spec: &RunSpec) -> f64 {
    let shape = LoadShape::of(spec.knobs(), spec.seed);
    let nanos = spec.rate.per_second().map_or(0, |rate| shape.time_of(spec.events, 1e9 / rate));
    (nanos + LEAD_NANOS) as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;
    use crate::run::mock::{Mock, Model};

    /// The plan of an experiment on engines that take so much, where only modelled time goes by.
    fn planned(rate: &str, events: u64, pipelined: f64, micro_batch: f64) -> DryRun {
        let text = format!(
            "[[experiment]]\nworkload = \"keyed-count\"\nengines = [\"pipelined\", \"microbatch\"]\n\
             rate = {rate}\nevents = {events}\nrepeats = 5\n"
        );
        let suite = Suite::parse(&text, "modelled.toml", &Registry::standard()).unwrap();
        let mut mock = Mock::new(|spec: &RunSpec, _| {
            let is_pipelined = spec.variant == "pipelined";
            let capacity_per_s = if is_pipelined { pipelined } else { micro_batch };
            Ok(Model { capacity_per_s, ..Model::default() })
        });
        let (stop, listener) = (StopSignal::default(), mock.listener());
        let planning = Planning::new(Runner::new(&mut mock, &stop, &listener));
        planning.plan(&suite, &Baselines::default()).unwrap()
    }

    #[track_caller]
    fn near(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-3, "{found} is not {wanted}");
    }

    #[test]
    fn at_max_a_run_takes_as_long_as_its_events_at_the_throughput_of_a_trial() {
        let plan = planned("\"max\"", 1_000_000, 2e6, 1e6);
        assert_eq!((plan.runs, plan.again_share), (10, 0.0));
        let [pipelined, micro_batch] = plan.experiments[0].variants.as_slice() else {
            panic!("two engines")
        };
        near(pipelined.seconds_each, 0.5);
        near(micro_batch.seconds_each, 1.0);
        near(plan.seconds, 5.0 * 0.5 + 5.0 * 1.0);
    }

    #[test]
    fn at_a_rate_a_run_takes_as_long_as_its_plan_and_what_falls_behind_is_made_again() {
        let lead = LEAD_NANOS as f64 / 1e9;
        let plan = planned("10_000", 20_000, 1e6, 1e6);
        near(plan.seconds, 10.0 * (2.0 + lead));
        // Half of the trials fall behind: their 2,000 events take 0.4 s, planned are 0.2 s and the
        // lead.
        let plan = planned("10_000", 20_000, 1e6, 5_000.0);
        assert_eq!(plan.again_share, 0.5);
        let behind = 2.0 + lead + 0.4 - (0.2 + lead);
        near(plan.seconds, 1.5 * (5.0 * (2.0 + lead) + 5.0 * behind));
    }
}
