//! `sustain`: the highest rate that an engine keeps up with, by the same rule for every engine.

mod row;
pub(crate) mod search;
mod session;
mod table;

use dataflow::StopSignal;
use reports::schema::{COMPARE_SCHEMA, CompareResult, RunResult, Sweep, SweepAxis, SweepPoint};
use serde_json::Value;

use crate::cli::{SustainArgs, defaults};
use crate::error::{Error, Outcome, Result};
use crate::experiment::suite::{Experiment, Length, Suite, SuiteOverrides};
use crate::files;
use crate::files::invocation::command_line;
use crate::files::result_folder::ResultFolder;
use crate::registry::Registry;
use crate::run::environment;
use crate::run::executor::Runner;
use crate::run::real::Real;
use crate::terminal::interrupted::{Interrupted, Results, with_note};
use crate::terminal::out;
use crate::terminal::progress::Progress;

use session::{SustainSession, SustainTarget};

/// File of the rates that were found, beside the results of every probe.
const SUSTAIN_FILE: &str = "sustain.json";

/// Runs the command.
///
/// # Errors
/// For bad usage, when an engine fails and when its answer is wrong.
pub(crate) fn sustain(
    args: &SustainArgs,
    registry: &Registry,
    stop: &StopSignal,
) -> Result<Outcome> {
    let experiment = experiment(args, registry)?;
    let folder = ResultFolder::make(args.out.folder(), "sustain")?;
    let progress = Progress::new(0, args.json);
    let mut real = Real;
    let runner = Runner::new(&mut real, stop, &progress);
    let target =
        SustainTarget { latency: args.latency, precision: args.precision, clock: args.clock };
    let mut session = SustainSession::new(runner, target);
    let rows = session.search_all(&experiment);
    progress.finish();
    let planned = experiment.runs();
    let done = rows.iter().flatten().map(|row| u64::from(row.ended)).sum::<u64>();
    let interrupted = (stop.is_requested() && done < planned)
        .then(|| Interrupted::after(done, planned, "searches"));
    let result = result(session.into_runs(), &folder, &experiment, interrupted.is_some());
    let filled = folder.fill(&result)?;
    let rows = rows?;
    let text =
        serde_json::to_string_pretty(&Results::new(interrupted, &rows)).map_err(Error::run)?;
    let path = folder.inner("")?.join(SUSTAIN_FILE);
    files::write_whole(&path, text.as_bytes())
        .map_err(|error| Error::Run(format!("cannot write {}: {error}", path.display())))?;
    if args.json {
        out::line(&text);
    } else {
        let table = || table::sustained(experiment.workload.name(), &rows);
        out::results(&filled, false, || with_note(table(), interrupted));
    }
    Ok(if interrupted.is_some() {
        Outcome::Interrupted
    } else if rows.iter().all(|row| row.rate_per_s.is_none()) {
        Outcome::Failed
    } else {
        Outcome::Good
    })
}

fn experiment(args: &SustainArgs, registry: &Registry) -> Result<Experiment> {
    if args.shared.rate.is_some() {
        return Err(Error::Input("sustain looks for the rate: leave --rate out".to_owned()));
    }
    if !args.shared.thresholds.is_empty() {
        return Err(Error::Input(
            "sustain judges no --threshold: its runs are probes at many rates; leave it out, and \
             give --latency for what every probe must keep to, or judge one rate by compare"
                .to_owned(),
        ));
    }
    let given = SuiteOverrides::given(&args.shared, &args.engines)?;
    let overrides = SuiteOverrides {
        repeats: Some(given.repeats.unwrap_or(defaults::SUSTAIN_REPEATS)),
        length: Some(given.length.unwrap_or(Length::Duration(defaults::PROBE_DURATION))),
        force: args.out.force,
        ..given
    };
    let suite = Suite::of_workloads(std::slice::from_ref(&args.workload), registry)?;
    let mut suite = suite.with(&overrides, registry)?;
    suite.experiments.pop().ok_or_else(|| Error::run("a suite of one workload has an experiment"))
}

/// Every probe, as a sweep over the rate.
fn result(
    mut runs: Vec<RunResult>,
    folder: &ResultFolder,
    experiment: &Experiment,
    interrupted: bool,
) -> CompareResult {
    let rate = |run: &RunResult| run.rate.unwrap_or(0.0).round();
    runs.sort_by(|a, b| rate(a).total_cmp(&rate(b)));
    let mut points: Vec<SweepPoint> = Vec::new();
    for run in &runs {
        if points.last().is_none_or(|last| last.experiment != run.experiment) {
            let at = vec![Value::from(rate(run))];
            points.push(SweepPoint { experiment: run.experiment.clone(), at });
        }
    }
    let values = points.iter().map(|point| point.at[0].clone()).collect();
    let axes = vec![SweepAxis { name: "rate".to_owned(), values }];
    CompareResult {
        schema: COMPARE_SCHEMA.to_owned(),
        suite: format!("sustained rate of {}", experiment.workload.name()),
        started: folder.started.clone(),
        command: command_line(),
        interrupted,
        runs,
        sweep: Some(Sweep { axes, points }),
        environment: environment::describe(),
        ..CompareResult::default()
    }
}
