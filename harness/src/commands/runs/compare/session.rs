//! The runs of a suite: in alternation, each repeated often enough and saved as soon as it has
//! ended.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reports::schema::{ContentionRow, PooledRow, RunResult};
use reports::words::units;

use super::baseline::Baselines;
use super::pooled;
use crate::analysis::comparisons;
use crate::analysis::statistics::pooled::SliceCounts;
use crate::analysis::statistics::{Decision, SoFar, Stopping};
use crate::error::{Error, Result};
use crate::experiment::duet::Duet;
use crate::experiment::foresight::{self, Foresight};
use crate::experiment::rounds;
use crate::experiment::sizing::{RunSize, spec};
use crate::experiment::suite::{Experiment, Suite};
use crate::files;
use crate::files::series_csv;
use crate::measure::latency::{Recorder, hdr_format};
use crate::run::answer::{Answer, Oracle};
use crate::run::executor::Runner;
use crate::run::validity;

/// The runs of a suite, each saved as soon as it has ended.
pub(super) struct SuiteSession<'a> {
    runner: Runner<'a>,
    /// Where runs are saved.
    folder: PathBuf,
    oracle: Oracle,
    /// Every run that has ended, in the order in which they were made.
    runs: Vec<RunResult>,
    /// The latencies of each of these, second by second.
    slices: Vec<Vec<SliceCounts>>,
    /// Why experiments were not run, of which no run could be valid.
    refused: Vec<String>,
    /// Whether every variant meets only its own repetition.
    against_itself: bool,
    /// When there are enough repeats; as many as the experiment says if `None`.
    until: Option<Stopping>,
    baselines: &'a Baselines,
    /// Makes two runs at a time; one after the other if `None`.
    duet: Option<Duet>,
    /// How much the variants of duets are slowed by what runs beside them.
    contention: Vec<ContentionRow>,
}

/// What a suite has come to.
pub(super) struct Found {
    /// Every run that has ended.
    pub(super) runs: Vec<RunResult>,
    /// Percentiles over several of them.
    pub(super) pooled: Vec<PooledRow>,
    /// What is known of contention.
    pub(super) contention: Vec<ContentionRow>,
    /// Why experiments were not run.
    pub(super) refused: Vec<String>,
}

impl<'a> SuiteSession<'a> {
    pub(super) fn new(
        runner: Runner<'a>,
        folder: PathBuf,
        against_itself: bool,
        until: Option<Stopping>,
        (baselines, duet): (&'a Baselines, Option<Duet>),
    ) -> Self {
        let (oracle, runs, refused) = (Oracle::default(), Vec::new(), Vec::new());
        let contention = Vec::new();
        Self {
            runner,
            folder,
            oracle,
            runs,
            slices: Vec::new(),
            refused,
            against_itself,
            until,
            baselines,
            duet,
            contention,
        }
    }

    /// What has come of it.
    pub(super) fn into_found(self) -> Found {
        let pooled = pooled::rows(&self.runs, &self.slices);
        Found { runs: self.runs, pooled, contention: self.contention, refused: self.refused }
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
            let size = self.size(experiment)?;
            if self.runner.is_to_stop() {
                return Ok(());
            }
            if let Err(error) = self.foresee(experiment, size) {
                self.refused.push(error.to_string());
                self.runner.audience.skip(experiment.runs());
                continue;
            }
            self.look_into_contention(experiment, size)?;
            for repeat in 0..experiment.repeats {
                if !self.round(experiment, size, repeat)? {
                    return Ok(());
                }
                let spent = self.runner.audience.elapsed().saturating_sub(began);
                if until.is_some_and(|rule| self.is_enough(rule, experiment, first_run, spent)) {
                    let left = u64::from(experiment.repeats - repeat - 1);
                    self.runner.audience.skip(left * experiment.runs_of_round());
                    break;
                }
            }
        }
        match self.refused.first().filter(|_| self.runs.is_empty()) {
            Some(because) => Err(Error::Input(because.clone())),
            None => Ok(()),
        }
    }

    /// How long the runs of an experiment are; its pilots run as its runs will.
    fn size(&mut self, experiment: &Experiment) -> Result<RunSize> {
        let (baselines, runner) = (self.baselines, &mut self.runner);
        match &self.duet {
            Some(duet) => duet.as_a_side(|| baselines.size(experiment, runner)),
            None => baselines.size(experiment, runner),
        }
    }

    /// Refuses an experiment of which no run could be valid, now that its size is known. What will be
    /// missing was said before, unless it hung on that.
    fn foresee(&self, experiment: &Experiment, size: RunSize) -> Result<()> {
        let foreseen = Foresight::of(experiment, size)?;
        foreseen.check(&experiment.name)?;
        if !foresight::is_known(experiment) {
            let missing = foreseen.missing.iter();
            missing.for_each(|it| self.runner.audience.note(&format!("{}: {it}", experiment.name)));
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

    /// Runs every variant once. A round is judged as a whole: where the machine was disturbed in one
    /// of its runs, all are made once more, and if it still is, all are left out. Returns whether to
    /// go on.
    fn round(&mut self, experiment: &Experiment, size: RunSize, repeat: u32) -> Result<bool> {
        if self.duet.is_some() {
            return self.duets(experiment, size, repeat);
        }
        let first = self.runs.len();
        let mut complete = self.make_round(experiment, size, repeat)?;
        let again = self.runs.len();
        if self.fall_together(first..again)? && complete && !self.runner.is_to_stop() {
            complete = self.make_round(experiment, size, repeat)?;
            self.fall_together(again..self.runs.len())?;
            // The first attempt counts as long as there is no other.
            for place in (first..again).filter(|_| complete) {
                self.amend(place, |run| run.superseded = true)?;
            }
        }
        if complete {
            experiment.variants.iter().for_each(|_| self.runner.audience.step());
        }
        Ok(complete && !self.runner.is_to_stop())
    }

    /// Finds out whether duets of an experiment may be believed, unless they are made to find that out.
    fn look_into_contention(&mut self, experiment: &Experiment, size: RunSize) -> Result<()> {
        let company = (self.runner.stop, self.runner.audience);
        if let Some(duet) = self.duet.as_mut().filter(|_| !self.against_itself) {
            self.contention.extend(duet.contention(experiment, size, company)?);
        }
        Ok(())
    }

    /// Runs every pair of variants at once. Returns whether to go on.
    fn duets(&mut self, experiment: &Experiment, size: RunSize, repeat: u32) -> Result<bool> {
        let audience = self.runner.audience;
        for places in &experiment.duets {
            let pair = places.map(|place| &experiment.variants[place]);
            if self.runner.is_to_stop() {
                return Ok(false);
            }
            let Some(duet) = &mut self.duet else { return Ok(false) };
            let stop = (self.runner.stop, audience);
            let Some(runs) = duet.run(experiment, pair, (size, repeat), stop)? else {
                return Ok(false);
            };
            for result in runs {
                self.keep(result, None)?;
                audience.step();
            }
        }
        Ok(!self.runner.is_to_stop())
    }

    /// Makes the runs of a round, each saved as soon as it has ended. Returns whether all were made,
    /// to their ends.
    fn make_round(&mut self, experiment: &Experiment, size: RunSize, repeat: u32) -> Result<bool> {
        for place in rounds::order(experiment.variants.len(), experiment.seed, repeat) {
            if self.runner.is_to_stop() {
                return Ok(false);
            }
            let spec = spec(experiment, &experiment.variants[place], size, repeat)?;
            let executed = self.runner.run(&spec, Answer::Remembered(&mut self.oracle))?;
            let interrupted = executed.result.interrupted;
            self.keep(executed.result, executed.latency.as_ref())?;
            if interrupted {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Leaves out all runs of a round if one was disturbed. Returns whether one was.
    fn fall_together(&mut self, round: Range<usize>) -> Result<bool> {
        let disturbed = self.runs[round.clone()].iter().find(|run| validity::is_disturbed(run));
        let Some(because) = disturbed.map(validity::fell_with) else { return Ok(false) };
        for place in round {
            if !validity::is_disturbed(&self.runs[place]) {
                self.amend(place, |run| {
                    run.valid = false;
                    run.invalid_because.push(because.clone());
                })?;
            }
        }
        Ok(true)
    }

    /// Saves a run that has ended.
    fn keep(&mut self, result: RunResult, latency: Option<&Recorder>) -> Result<()> {
        self.runner.audience.result(&result);
        save(&self.folder, self.runs.len(), &result, latency)?;
        self.slices.push(pooled::slices(&result, latency));
        self.runs.push(result);
        Ok(())
    }

    /// Changes what is known of a run, and saves it again.
    fn amend(&mut self, place: usize, change: impl FnOnce(&mut RunResult)) -> Result<()> {
        change(&mut self.runs[place]);
        save_json(&self.folder, place, &self.runs[place])
    }
}

/// Saves a run as `<n>-<workload>-<engine>-<repeat>.json`, and its latencies and series beside it.
fn save(folder: &Path, number: usize, run: &RunResult, latency: Option<&Recorder>) -> Result<()> {
    save_json(folder, number, run)?;
    let mut beside = Vec::new();
    if let Some(latency) = latency {
        beside.push((".hgrm", hdr_format::percentiles(&latency.from_planned())));
        beside.push((".hlog", hdr_format::interval_log(&latency.intervals())));
    }
    beside.extend(series_csv::series(run)?);
    beside.into_iter().try_for_each(|(ending, text)| write(folder, number, run, ending, &text))
}

fn save_json(folder: &Path, number: usize, run: &RunResult) -> Result<()> {
    let text = serde_json::to_string_pretty(run).map_err(Error::run)?;
    write(folder, number, run, ".json", &text)
}

fn write(folder: &Path, number: usize, run: &RunResult, ending: &str, text: &str) -> Result<()> {
    let (workload, engine, repeat) = (&run.workload, &run.engine, run.repeat);
    let path = folder.join(format!("{number:04}-{workload}-{engine}-{repeat}{ending}"));
    files::write_whole(&path, text.as_bytes())
        .map_err(|error| Error::Run(format!("cannot write {}: {error}", path.display())))
}
