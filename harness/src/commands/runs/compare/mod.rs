//! `compare`: a suite on several engines in alternation.

pub(crate) mod baseline;
mod dry_run;
mod left_out;
mod pooled;
mod session;
mod table;
#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests read what was written")]
mod tests;

use dataflow::StopSignal;
use reports::schema::{COMPARE_SCHEMA, CompareResult, Sweep};
use reports::words::units;

use crate::analysis::comparisons::ComparisonRules;
use crate::analysis::diff::Diff;
use crate::analysis::statistics::stopping::{CONFIDENCE_LOOKED_AT, MOST_REPEATS};
use crate::analysis::statistics::{CONFIDENCE, Stopping};
use crate::analysis::threshold::Threshold;
use crate::analysis::{comparisons, threshold};
use crate::cli::CompareArgs;
use crate::commands::results::diff::table as diff_table;
use crate::error::{Error, Outcome, Result};
use crate::experiment::duet::{self, Duet};
use crate::experiment::foresight;
use crate::experiment::suite::{Experiment, Suite, SuiteOverrides};
use crate::files::invocation::command_line;
use crate::files::result_folder::{ResultFolder, WrittenResults};
use crate::measure::machine::judge::FOREIGN_ALLOWED;
use crate::measure::machine::look::foreign_share;
use crate::registry::Registry;
use crate::run::answer::is_wrong;
use crate::run::audience::{Audience, Silent};
use crate::run::clock::{Clock, clock};
use crate::run::environment;
use crate::run::executor::Runner;
use crate::run::real::Real;
use crate::terminal::out;
use crate::terminal::progress::Progress;

use baseline::Baselines;
use dry_run::dry_run;
use session::{Found, SuiteSession};

/// Runs the command.
///
/// # Errors
/// For bad usage, and when an engine fails; what was measured until then is saved.
pub(crate) fn compare(
    args: &CompareArgs,
    registry: &Registry,
    stop: &StopSignal,
) -> Result<Outcome> {
    let mut suite = suite(args, registry)?;
    if let Some(it) = suite.experiments.iter().find(|it| it.input.is_some() && args.dry_run) {
        return Err(Error::Input(format!(
            "--dry-run tries short runs, and {} reads a whole topic in each: leave it out",
            it.name
        )));
    }
    suite.open_topics(args.topic.settings()?.as_ref(), &out::tell())?;
    foresight::check_suite(&suite)?.iter().for_each(|line| out::note(line));
    let mut real = Real;
    let baselines =
        Baselines::open(&args.baseline, &suite, &mut Runner::new(&mut real, stop, &Silent))?;
    if args.dry_run {
        return dry_run(&suite, &baselines, args.json, stop);
    }
    // What a duet needs is asked for before a folder is made.
    args.duet.then(Duet::new).transpose().map(drop)?;
    let folder = ResultFolder::make(args.out.folder(), &suite.name)?;
    let options = CompareOptions {
        sweep: None,
        against_itself: args.against_itself,
        duet: args.duet,
        until: args.until.map(|target| Stopping { target, budget: args.budget }),
        baselines,
        thresholds: &args.shared.thresholds,
        json: args.json,
        live: args.live,
    };
    compare_suite(&suite, &folder, options, stop)
}

/// Options for running and reporting a suite.
pub(crate) struct CompareOptions<'a> {
    /// What is varied, when experiments are points of a sweep.
    pub(crate) sweep: Option<Sweep>,
    /// Whether every variant meets only its own repetition.
    pub(crate) against_itself: bool,
    /// When an experiment has been repeated often enough, if not by its number of repeats.
    pub(crate) until: Option<Stopping>,
    /// Whether two variants run at a time, each on a core of its own.
    pub(crate) duet: bool,
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
pub(crate) fn compare_suite(
    suite: &Suite,
    folder: &ResultFolder,
    options: CompareOptions<'_>,
    stop: &StopSignal,
) -> Result<Outcome> {
    let runs: u64 = suite.experiments.iter().map(Experiment::runs).sum();
    let progress = Progress::with_view(runs, options.json, options.live);
    if !options.duet && suite.experiments.iter().any(|it| it.clock == Clock::Wall) {
        look_at_machine(&progress)?;
    }
    let mut real = Real;
    let runner = Runner::new(&mut real, stop, &progress);
    let Measured { result, refused, ended } = measure(suite, folder, &options, runner)?;
    progress.finish();
    let filled = folder.fill(&result)?;
    ended?;
    let outcome = report(&result, &filled, &options)?;
    refused.iter().for_each(|line| out::note(line));
    Ok(match outcome {
        Outcome::Good if !refused.is_empty() => Outcome::Failed,
        outcome => outcome,
    })
}

/// Says before the first run if others have the cores.
fn look_at_machine(audience: &dyn Audience) -> Result<()> {
    let clock = clock(Clock::Wall, 0, 1, false)?;
    if let Some(share) = foreign_share(&clock.runtime()).filter(|it| *it > FOREIGN_ALLOWED) {
        audience.note(&format!(
            "Other programs have {} of the cores: runs that they disturb are made once more, and then \
             left out; see `doctor`, or compare with --duet.",
            units::share(share)
        ));
    }
    Ok(())
}

/// What a suite has come to.
pub(super) struct Measured {
    pub(super) result: CompareResult,
    /// Why experiments were not run, of which no run could be valid.
    pub(super) refused: Vec<String>,
    /// How it ended; what had ended before a failure is in the result.
    pub(super) ended: Result<()>,
}

/// Makes the runs of a suite and compares them.
pub(super) fn measure<'a>(
    suite: &Suite,
    folder: &ResultFolder,
    options: &'a CompareOptions<'_>,
    runner: Runner<'a>,
) -> Result<Measured> {
    let runs_folder = folder.inner(reports::schema::read::RUNS_DIRECTORY)?;
    let (against_itself, until) = (options.against_itself, options.until);
    let stop = runner.stop;
    let with = (&options.baselines, options.duet.then(Duet::new).transpose()?);
    let mut session = SuiteSession::new(runner, runs_folder, against_itself, until, with);
    let ended = session.run_all(suite);
    let Found { runs, pooled, contention, refused } = session.into_found();
    let confidence = if until.is_some() { CONFIDENCE_LOOKED_AT } else { CONFIDENCE };
    let how = ComparisonRules { against_itself, confidence };
    let mut comparisons = comparisons::all(&runs, how);
    duet::withhold(&mut comparisons, &contention);
    let result = CompareResult {
        schema: COMPARE_SCHEMA.to_owned(),
        suite: suite.name.clone(),
        started: folder.started.clone(),
        command: command_line(),
        interrupted: stop.is_requested(),
        comparisons,
        noise: comparisons::noise(&runs, how),
        runs,
        sweep: options.sweep.clone(),
        pooled,
        contention,
        environment: environment::describe(),
    };
    Ok(Measured { result, refused, ended })
}

/// Prints a comparison, says what is wrong with it, and keeps it as a baseline if that was asked
/// for.
fn report(
    result: &CompareResult,
    filled: &WrittenResults,
    options: &CompareOptions<'_>,
) -> Result<Outcome> {
    let CompareOptions { baselines, thresholds, json, .. } = options;
    let diff = baselines.diff(result);
    match (&diff, *json) {
        (Some(diff), true) => print_with(diff, result)?,
        (Some(diff), false) => out::results(filled, false, || {
            format!("{}\n\n{}", table::comparison(result), diff_table::diff(diff))
        }),
        (None, json) => out::results(filled, json, || table::comparison(result)),
    }
    left_out::lines(&result.runs).iter().for_each(|line| out::note(line));
    let mut wrong = baselines.regressions(diff.as_ref());
    wrong.extend(threshold::violations(thresholds, &result.runs));
    wrong.iter().for_each(|line| out::note(line));
    let outcome = match outcome(result) {
        Outcome::Good if !wrong.is_empty() => Outcome::Failed,
        outcome => outcome,
    };
    if outcome != Outcome::Good && baselines.saves() {
        out::note("The results are not good, so they are kept as no baseline.");
    } else if let Some(path) = baselines.save(result)?.filter(|_| !json) {
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
    } else if result.runs.iter().any(is_wrong) || no_valid_pair(result) {
        Outcome::Failed
    } else {
        Outcome::Good
    }
}

fn no_valid_pair(result: &CompareResult) -> bool {
    !result.comparisons.is_empty() && result.comparisons.iter().all(|it| it.repeats == 0)
}

/// Refuses what belongs to real time beside experiments that are simulated.
fn check_simulated(args: &CompareArgs, suite: &Suite) -> Result<()> {
    let Some(simulated) = suite.experiments.iter().find(|it| it.clock == Clock::Virtual) else {
        return Ok(());
    };
    let flags = [
        (args.duet, "--duet", "shares the cores of this machine"),
        (args.dry_run, "--dry-run", "says how long runs take"),
        (args.live, "--live", "shows engines while they run"),
        (args.against_itself, "--against-itself", "tells the noise of this machine"),
    ];
    match flags.into_iter().find(|(given, ..)| *given) {
        None => Ok(()),
        Some((_, flag, what)) => Err(Error::Input(format!(
            "{flag} {what}, and {} is simulated (clock=virtual): leave one of the two out",
            simulated.name
        ))),
    }
}

/// The suite that was asked for.
///
/// # Errors
/// For bad usage, and when something in it is wrong.
pub(super) fn suite(args: &CompareArgs, registry: &Registry) -> Result<Suite> {
    let repeats = args.until.map(|_| MOST_REPEATS).or(args.shared.repeats);
    let workloads = args.workloads.clone();
    let overrides = SuiteOverrides {
        workloads,
        repeats,
        parallelism: if args.duet { Some(1) } else { args.shared.parallelism },
        clock: args.clock,
        force: args.out.force,
        input: args.topic.input.clone(),
        ..SuiteOverrides::given(&args.shared, &args.engines)?
    };
    if args.topic.input.is_some() && args.suite.is_none() && args.workloads.is_empty() {
        return Err(Error::Input(
            "--input is read by a workload: name one with --workload".to_owned(),
        ));
    }
    let suite = match &args.suite {
        Some(name) => Suite::open(name, registry)?,
        None if args.quick || args.workloads.is_empty() => Suite::open("quick", registry)?,
        None => Suite::of_workloads(&args.workloads, registry)?,
    };
    let suite = suite.with(&overrides, registry)?;
    check_simulated(args, &suite)?;
    let suite = if args.against_itself { suite.against_itself() } else { suite };
    if args.duet { suite.in_duets(args.against_itself) } else { Ok(suite) }
}
