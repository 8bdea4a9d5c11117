//! `compare`: a suite on several engines in alternation.

pub mod baseline;
pub mod dry_run;

use std::path::{Path, PathBuf};
use std::time::Duration;

use dataflow::StopSignal;
use reports::schema::{COMPARE_SCHEMA, CompareResult, RunResult, Sweep};
use reports::words::units;

use crate::analysis::comparisons::Comparing;
use crate::analysis::diff::Diff;
use crate::analysis::statistics::stopping::{CONFIDENCE_LOOKED_AT, MOST_REPEATS};
use crate::analysis::statistics::{CONFIDENCE, Decision, SoFar, Stopping};
use crate::analysis::threshold::Threshold;
use crate::analysis::{comparisons, threshold};
use crate::cli::CompareArgs;
use crate::commands::runs::compare::baseline::Baselines;
use crate::commands::runs::compare::dry_run::dry_run;
use crate::error::{Error, Outcome, Result};
use crate::experiment::registry::{EngineSpec, Registry};
use crate::experiment::sizing::{Fixed, Oracle, spec};
use crate::experiment::suite::{Experiment, Length, Overrides, Suite};
use crate::files;
use crate::files::result_folder::ResultFolder;
use crate::files::series_csv as series_files;
use crate::measure::latency::Recorder;
use crate::measure::latency::hdr_format as histogram_files;
use crate::run::clock::{Clock, clock};
use crate::run::execute::{Executed, RunSpec, Surroundings, execute};
use crate::run::{environment, validity};
use crate::terminal::progress::Progress;
use crate::terminal::{out, table};

/// Windows that a workload with windows closes at least before the end of its input.
pub const FEWEST_WINDOWS: u64 = 20;

/// Runs the command.
///
/// # Errors
/// For bad usage, and when an engine fails; what was measured until then is saved.
pub fn compare(args: &CompareArgs, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    let suite = suite(args, registry)?;
    let baselines = Baselines::open(&args.baseline, &suite, stop)?;
    if args.dry_run {
        return dry_run(&suite, &baselines, args.json, stop);
    }
    let folder = ResultFolder::make(args.out.as_deref(), &suite.name)?;
    let manner = Manner {
        sweep: None,
        against_itself: args.against_itself,
        until: args.until.map(|target| Stopping { target, budget: args.budget }),
        baselines,
        thresholds: &args.shared.thresholds,
        json: args.json,
        live: args.live,
    };
    measure(&suite, &folder, manner, stop)
}

/// How a suite is run and told of.
pub(crate) struct Manner<'a> {
    /// What is varied, when experiments are points of a sweep.
    pub(crate) sweep: Option<Sweep>,
    /// Whether every variant meets only its own repetition.
    pub(crate) against_itself: bool,
    /// When an experiment has been repeated often enough, if not by its number of repeats.
    pub(crate) until: Option<Stopping>,
    /// Earlier results to compare with, and where to keep these.
    pub(crate) baselines: Baselines,
    /// What the medians of valid runs must keep to.
    pub(crate) thresholds: &'a [Threshold],
    /// Whether the result is printed as JSON.
    pub(crate) json: bool,
    /// Whether engines are shown while they run.
    pub(crate) live: bool,
}

/// Runs a suite into a folder, compares, draws and prints.
///
/// # Errors
/// When an engine fails; what was measured until then is saved.
pub(crate) fn measure(
    suite: &Suite,
    folder: &ResultFolder,
    manner: Manner<'_>,
    stop: &StopSignal,
) -> Result<Outcome> {
    let runs_folder = folder.inner(reports::schema::read::RUNS_DIRECTORY)?;
    let total = suite.experiments.iter().map(|it| it.variants.len() as u64 * u64::from(it.repeats));
    let Manner { sweep, against_itself, until, baselines, thresholds, json, live } = manner;
    let progress = Progress::with_view(total.sum(), json, live);
    let mut session = Session {
        folder: runs_folder,
        runs: Vec::new(),
        stop,
        progress: &progress,
        against_itself,
        until,
        baselines: &baselines,
    };
    let ended = session.run_all(suite);
    progress.finish();

    let confidence = if until.is_some() { CONFIDENCE_LOOKED_AT } else { CONFIDENCE };
    let how = Comparing { against_itself, confidence };
    let result = CompareResult {
        schema: COMPARE_SCHEMA.to_owned(),
        suite: suite.name.clone(),
        started: folder.started.clone(),
        command: command_line(),
        interrupted: stop.is_requested(),
        comparisons: comparisons::all(&session.runs, how),
        noise: comparisons::noise(&session.runs, how),
        runs: session.runs,
        sweep,
        environment: environment::describe(),
    };
    let filled = folder.fill(&result)?;
    ended?;
    let diff = baselines.diff(&result);
    match (&diff, json) {
        (Some(diff), true) => print_with(diff, &result)?,
        (Some(diff), false) => filled
            .print(false, || format!("{}\n\n{}", table::comparison(&result), table::diff(diff))),
        (None, json) => filled.print(json, || table::comparison(&result)),
    }
    let mut wrong = baselines.regressions(diff.as_ref());
    wrong.extend(threshold::violations(thresholds, &result.runs));
    wrong.iter().for_each(|line| out::note(line));
    let outcome = match outcome(&result) {
        Outcome::Good if !wrong.is_empty() => Outcome::Failed,
        outcome => outcome,
    };
    if outcome != Outcome::Good && baselines.saves() {
        out::note("The results are not good, so they are kept as no baseline.");
    } else if let Some(path) = baselines.save(&result)?.filter(|_| !json) {
        out::line(&format!("Baseline: {}", path.display()));
    }
    Ok(outcome)
}

/// The result as one JSON value, with the diff as its field `diff`.
fn print_with(diff: &Diff, result: &CompareResult) -> Result<()> {
    let mut value = serde_json::to_value(result).map_err(Error::run)?;
    value["diff"] = serde_json::to_value(diff).map_err(Error::run)?;
    out::json(&value);
    Ok(())
}

fn outcome(result: &CompareResult) -> Outcome {
    if result.interrupted {
        Outcome::Interrupted
    } else if result.runs.iter().any(wrong_output) || no_valid_pair(result) {
        Outcome::Failed
    } else {
        Outcome::Good
    }
}

/// Whether a run's answer is not the evaluator's.
pub(crate) fn wrong_output(run: &RunResult) -> bool {
    run.output.expected_digest.as_ref().is_some_and(|expected| *expected != run.output.digest)
}

fn no_valid_pair(result: &CompareResult) -> bool {
    !result.comparisons.is_empty() && result.comparisons.iter().all(|it| it.repeats == 0)
}

fn suite(args: &CompareArgs, registry: &Registry) -> Result<Suite> {
    let shared = &args.shared;
    let length = match (shared.events, shared.duration) {
        (Some(events), _) => Some(Length::Events(events)),
        (None, duration) => duration.map(Length::Duration),
    };
    let overrides = Overrides {
        engines: args.engines.iter().map(|it| EngineSpec::parse(it)).collect::<Result<_>>()?,
        workloads: args.workloads.clone(),
        repeats: args.until.map(|_| MOST_REPEATS).or(shared.repeats),
        warm_up: shared.warm_up,
        rate: shared.rate,
        length,
        parallelism: shared.parallelism,
        seed: shared.seed,
        set: shared.settings()?,
    };
    let suite = match &args.suite {
        Some(name) => Suite::open(name, registry)?,
        None if args.quick || args.workloads.is_empty() => Suite::open("quick", registry)?,
        None => Suite::of_workloads(&args.workloads, registry)?,
    };
    let suite = suite.with(&overrides, registry)?;
    Ok(if args.against_itself { suite.against_itself() } else { suite })
}

/// The command line, quoted for a shell where needed.
pub(crate) fn command_line() -> String {
    let arguments = std::env::args().skip(1).map(|argument| {
        let plain = argument.chars().all(|it| it.is_ascii_alphanumeric() || "-_=.,/:".contains(it));
        if plain { argument } else { format!("'{argument}'") }
    });
    std::iter::once("streamgauge".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// The runs of a suite, each saved as soon as it has ended.
struct Session<'a> {
    folder: PathBuf,
    runs: Vec<RunResult>,
    stop: &'a StopSignal,
    progress: &'a Progress,
    against_itself: bool,
    /// When there are enough repeats; as many as the experiment says if `None`.
    until: Option<Stopping>,
    baselines: &'a Baselines,
}

impl Session<'_> {
    fn run_all(&mut self, suite: &Suite) -> Result<()> {
        let mut oracle = Oracle::default();
        for (place, experiment) in suite.experiments.iter().enumerate() {
            let (began, first_run) = (self.progress.elapsed(), self.runs.len());
            // What is left of the budget is shared by the experiments that are left.
            let share = |budget: Duration| {
                budget.saturating_sub(began) / (suite.experiments.len() - place) as u32
            };
            let until = self.until;
            let until = until.map(|it| Stopping { budget: it.budget.map(share), ..it });
            let fixed = self.baselines.fix(experiment, self.stop, self.progress)?;
            for repeat in 0..experiment.repeats {
                // ABBA: every other round runs the other way, so that a drift of the machine
                // falls on all alike.
                let mut order: Vec<usize> = (0..experiment.variants.len()).collect();
                if repeat % 2 == 1 {
                    order.reverse();
                }
                for place in order {
                    if self.stop.is_requested() {
                        return Ok(());
                    }
                    self.run(experiment, place, fixed, repeat, &mut oracle)?;
                }
                let spent = self.progress.elapsed().saturating_sub(began);
                if until.is_some_and(|rule| self.is_enough(rule, experiment, first_run, spent)) {
                    let left = u64::from(experiment.repeats - repeat - 1);
                    self.progress.skip(left * experiment.variants.len() as u64);
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
        self.progress.note(&format!(
            "{}: {repeats} repeats, and not every interval is within {target}: {because}",
            experiment.name
        ));
        true
    }

    fn run(
        &mut self,
        experiment: &Experiment,
        place: usize,
        fixed: Fixed,
        repeat: u32,
        oracle: &mut Oracle,
    ) -> Result<()> {
        let spec = spec(experiment, &experiment.variants[place], fixed, repeat)?;
        let mut executed = self.execute(&spec, oracle)?;
        if may_be_chance(&executed.result) && !self.stop.is_requested() {
            // Once more, in its place; the first one stays in the results.
            executed.result.superseded = true;
            self.keep(&spec, executed)?;
            executed = self.execute(&spec, oracle)?;
        }
        self.keep(&spec, executed)?;
        self.progress.step();
        Ok(())
    }

    fn execute(&self, spec: &RunSpec, oracle: &mut Oracle) -> Result<Executed> {
        let events = spec.workload.generate(&spec.knobs, spec.seed);
        let run_clock = clock(Clock::Wall, spec.seed, spec.parallelism, false)?;
        let around = Surroundings::of(&*events, self.stop, self.progress, &run_clock);
        let mut expected = || oracle.expected(spec, &*events, self.progress);
        let mut executed = execute(spec, around, &mut expected)?;
        let result = &mut executed.result;
        if let Some(because) = validity::too_few_windows(result) {
            result.valid = false;
            result.invalid_because.push(because);
        }
        Ok(executed)
    }

    /// Saves a run that has ended, and what it says of itself.
    fn keep(&mut self, spec: &RunSpec, executed: Executed) -> Result<()> {
        let Executed { result, latency } = executed;
        self.progress.result(&result);
        save(&self.folder, self.runs.len(), &result, latency.as_ref())?;
        for because in &result.invalid_because {
            self.progress.note(&format!(
                "invalid: {} on {}: {because}",
                spec.workload.name(),
                spec.variant
            ));
        }
        self.runs.push(result);
        Ok(())
    }
}

/// Whether a run is invalid for a reason that the next one may not have: the machine was busy.
fn may_be_chance(run: &RunResult) -> bool {
    !run.valid && !run.interrupted && !wrong_output(run)
}

/// Saves a run as `<n>-<workload>-<engine>-<repeat>.json`, and its latencies and series beside it.
fn save(folder: &Path, number: usize, run: &RunResult, latency: Option<&Recorder>) -> Result<()> {
    let stem = format!("{number:04}-{}-{}-{}", run.workload, run.engine, run.repeat);
    let text = serde_json::to_string_pretty(run).map_err(Error::run)?;
    let mut whole = vec![(format!("{stem}.json"), text)];
    if let Some(latency) = latency {
        whole.push((format!("{stem}.hgrm"), histogram_files::percentiles(&latency.from_planned())));
        whole.push((format!("{stem}.hlog"), histogram_files::interval_log(&latency.intervals())));
    }
    for (ending, text) in series_files::series(run)? {
        whole.push((format!("{stem}{ending}"), text));
    }
    for (name, text) in whole {
        let path = folder.join(name);
        files::write_whole(&path, text.as_bytes())
            .map_err(|error| Error::Run(format!("cannot write {}: {error}", path.display())))?;
    }
    Ok(())
}
