//! The runs of a suite: in alternation, each repeated often enough and saved as soon as it has
//! ended.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reports::schema::RunResult;
use reports::words::units;

use super::baseline::Baselines;
use crate::analysis::comparisons;
use crate::analysis::statistics::{Decision, SoFar, Stopping};
use crate::error::{Error, Result};
use crate::experiment::rounds;
use crate::experiment::sizing::{RunSize, spec};
use crate::experiment::suite::{Experiment, Suite};
use crate::files;
use crate::files::series_csv;
use crate::measure::latency::{Recorder, hdr_format};
use crate::run::answer::{Answer, Oracle, is_wrong};
use crate::run::executor::{Executed, Runner};
use crate::run::spec::RunSpec;
use crate::run::validity;

/// The runs of a suite, each saved as soon as it has ended.
pub(super) struct SuiteSession<'a> {
    runner: Runner<'a>,
    /// Where runs are saved.
    folder: PathBuf,
    oracle: Oracle,
    /// Every run that has ended, in the order in which they were made.
    runs: Vec<RunResult>,
    /// Whether every variant meets only its own repetition.
    against_itself: bool,
    /// When there are enough repeats; as many as the experiment says if `None`.
    until: Option<Stopping>,
    baselines: &'a Baselines,
}

impl<'a> SuiteSession<'a> {
    pub(super) fn new(
        runner: Runner<'a>,
        folder: PathBuf,
        against_itself: bool,
        until: Option<Stopping>,
        baselines: &'a Baselines,
    ) -> Self {
        let (oracle, runs) = (Oracle::default(), Vec::new());
        Self { runner, folder, oracle, runs, against_itself, until, baselines }
    }

    /// Every run that has ended.
    pub(super) fn into_runs(self) -> Vec<RunResult> {
        self.runs
    }

    /// Runs every experiment, until all are done or the user stops it.
    ///
    /// # Errors
    /// When an engine fails, or a run cannot be saved; what had ended by then is in the session.
    pub(super) fn run_all(&mut self, suite: &Suite) -> Result<()> {
        for (place, experiment) in suite.experiments.iter().enumerate() {
            let (began, first_run) = (self.runner.audience.elapsed(), self.runs.len());
            // What is left of the budget is shared by the experiments that are left.
            let share = |budget: Duration| {
                budget.saturating_sub(began) / (suite.experiments.len() - place) as u32
            };
            let until = self.until;
            let until = until.map(|it| Stopping { budget: it.budget.map(share), ..it });
            let size = self.baselines.size(experiment, &mut self.runner)?;
            for repeat in 0..experiment.repeats {
                for place in rounds::order(experiment.variants.len(), repeat) {
                    if self.runner.is_to_stop() {
                        return Ok(());
                    }
                    self.run(experiment, place, size, repeat)?;
                }
                let spent = self.runner.audience.elapsed().saturating_sub(began);
                if until.is_some_and(|rule| self.is_enough(rule, experiment, first_run, spent)) {
                    let left = u64::from(experiment.repeats - repeat - 1);
                    self.runner.audience.skip(left * experiment.variants.len() as u64);
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether an experiment whose runs are those from `first_run` on has repeats enough.
    fn is_enough(
        &self,
        rule: Stopping,
        experiment: &Experiment,
        first_run: usize,
        spent: Duration,
    ) -> bool {
        let runs = &self.runs[first_run..];
        let comparisons = comparisons::log_ratios(runs, self.against_itself);
        let repeats = runs.last().map_or(0, |run| run.repeat + 1);
        let decision = rule.decide(SoFar { comparisons: &comparisons, repeats, spent });
        let because = match decision {
            Decision::GoOn => return false,
            Decision::Narrow => return true,
            Decision::RepeatsSpent => "no more are made",
            Decision::TimeSpent => "the budget is spent",
        };
        let target = units::share(rule.target);
        self.runner.audience.note(&format!(
            "{}: {repeats} repeats, and not every interval is within {target}: {because}",
            experiment.name
        ));
        true
    }

    fn run(
        &mut self,
        experiment: &Experiment,
        place: usize,
        size: RunSize,
        repeat: u32,
    ) -> Result<()> {
        let spec = spec(experiment, &experiment.variants[place], size, repeat)?;
        let mut executed = self.execute(&spec)?;
        if may_be_chance(&executed.result) && !self.runner.is_to_stop() {
            // Once more, in its place; the first one stays in the results.
            executed.result.superseded = true;
            self.keep(&spec, executed)?;
            executed = self.execute(&spec)?;
        }
        self.keep(&spec, executed)?;
        self.runner.audience.step();
        Ok(())
    }

    fn execute(&mut self, spec: &RunSpec) -> Result<Executed> {
        let mut executed = self.runner.run(spec, Answer::Remembered(&mut self.oracle))?;
        let result = &mut executed.result;
        if let Some(because) = validity::too_few_windows(result) {
            result.valid = false;
            result.invalid_because.push(because);
        }
        Ok(executed)
    }

    /// Saves a run that has ended, and says why it is invalid if it is.
    fn keep(&mut self, spec: &RunSpec, executed: Executed) -> Result<()> {
        let Executed { result, latency, .. } = executed;
        let audience = self.runner.audience;
        audience.result(&result);
        save(&self.folder, self.runs.len(), &result, latency.as_ref())?;
        for because in &result.invalid_because {
            let (workload, variant) = (spec.workload.name(), &spec.variant);
            audience.note(&format!("invalid: {workload} on {variant}: {because}"));
        }
        self.runs.push(result);
        Ok(())
    }
}

/// Whether a run is invalid for a reason that the next one may not have: the machine was busy.
fn may_be_chance(run: &RunResult) -> bool {
    !run.valid && !run.interrupted && !is_wrong(run)
}

/// Saves a run as `<n>-<workload>-<engine>-<repeat>.json`, and its latencies and series beside it.
fn save(folder: &Path, number: usize, run: &RunResult, latency: Option<&Recorder>) -> Result<()> {
    let stem = format!("{number:04}-{}-{}-{}", run.workload, run.engine, run.repeat);
    let text = serde_json::to_string_pretty(run).map_err(Error::run)?;
    let mut whole = vec![(format!("{stem}.json"), text)];
    if let Some(latency) = latency {
        whole.push((format!("{stem}.hgrm"), hdr_format::percentiles(&latency.from_planned())));
        whole.push((format!("{stem}.hlog"), hdr_format::interval_log(&latency.intervals())));
    }
    for (ending, text) in series_csv::series(run)? {
        whole.push((format!("{stem}{ending}"), text));
    }
    for (name, text) in whole {
        let path = folder.join(name);
        files::write_whole(&path, text.as_bytes())
            .map_err(|error| Error::Run(format!("cannot write {}: {error}", path.display())))?;
    }
    Ok(())
}
