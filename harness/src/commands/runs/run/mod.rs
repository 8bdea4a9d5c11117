//! `run`: one workload on one engine.

mod checkpoint_folder;
mod input;
mod job;
mod output;
mod table;
mod usage;

use std::sync::Arc;

use dataflow::StopSignal;
use dataflow::job::status::STALL_TIMEOUT;
use reports::schema::RunResult;
use serde_json::json;

use crate::analysis::threshold;
use crate::cli::{RunArgs, defaults};
use crate::error::{Error, Outcome, Result};
use crate::experiment::suite::{Experiment, Length, SuiteRate, Variant};
use crate::files::uri::OutputUri;
use crate::registry::{EngineSpec, Overrides, Registry};
use crate::run::topic_input::check_knobs;
use crate::terminal::out;

pub(in crate::commands::runs) use input::open_file;
use job::RunJob;

/// After which time without a move a job that writes to a topic ends, in ms: rows wait for two minutes to
/// be delivered, and say so.
const TOPIC_STALL_MS: u64 = 150_000;

/// Runs the command.
///
/// # Errors
/// For bad usage or input, and when the engine fails.
pub(crate) fn run(args: &RunArgs, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    let experiment = experiment(args, registry)?;
    let writes_stdout = args.output == Some(OutputUri::Print);
    usage::check(args)?;
    if let Some(input) = &args.input {
        check_knobs(input, &experiment.knobs)?;
    }
    let mut job = RunJob::new(args, &experiment, stop)?;
    let mut runs: Vec<RunResult> = Vec::new();
    for repeat in 0..experiment.repeats {
        if stop.is_requested() && !runs.is_empty() {
            break;
        }
        let mut result = job.run(repeat, stop)?;
        if args.json {
            out::json(&result);
        } else {
            show(args, &result, writes_stdout);
        }
        // They may be long, and nothing below looks at them.
        (result.batches, result.series) = (Vec::new(), Vec::new());
        runs.push(result);
        // Runs that nobody can see are not made.
        if out::all_written().is_err() {
            break;
        }
    }
    let result = runs.last().ok_or_else(|| Error::run("nothing was run"))?;
    let violations = threshold::violations(&args.shared.thresholds, &runs);
    violations.iter().for_each(|line| out::note(line));
    let stopped_as_asked = args.stop_after.is_some_and(|after| result.records_in >= after);
    Ok(if result.interrupted && !stopped_as_asked {
        Outcome::Interrupted
    } else if (result.valid || result.interrupted) && violations.is_empty() {
        Outcome::Good
    } else {
        Outcome::Failed
    })
}

/// What will be missing of a run, as far as it is known before.
///
/// # Errors
/// For bad usage, and when it cannot be valid.
#[cfg(test)]
pub(super) fn foresee(args: &RunArgs, registry: &Registry) -> Result<Vec<String>> {
    job::missing(args, &experiment(args, registry)?)
}

fn show(args: &RunArgs, result: &RunResult, on_stderr: bool) {
    let mut text = table::run(result);
    if args.batches {
        text.push('\n');
        text.push_str(&match result.batches.as_slice() {
            [] => format!("{} has made no batches; microbatch makes some", result.engine),
            _ => table::batches(result),
        });
    }
    if on_stderr { out::note(&text) } else { out::line(&text) }
}

fn experiment(args: &RunArgs, registry: &Registry) -> Result<Experiment> {
    let workload = registry.workload(&args.workload)?;
    let spec = EngineSpec::parse(&args.engine)?;
    let engine = registry.engine(&spec.name)?;
    let shared = &args.shared;
    let set = shared.settings()?;
    let mut given = Overrides::part(&set, &*workload, &[Arc::clone(&engine)])?;
    given.check_reach(&[(Arc::clone(&engine), &spec.settings)])?;
    if matches!(args.output, Some(OutputUri::Kafka(_)))
        && !spec.settings.contains_key(STALL_TIMEOUT.name)
    {
        // A topic is waited for longer, and says so itself.
        given.settings.entry(STALL_TIMEOUT.name.to_owned()).or_insert(json!(TOPIC_STALL_MS));
    }
    let variant =
        Variant { engine, name: spec.to_string(), own: spec.settings, shared: given.settings };
    Ok(Experiment {
        name: workload.name().to_owned(),
        workload,
        variants: vec![variant],
        rate: SuiteRate::Fixed(shared.rate.unwrap_or_default()),
        length: match (shared.events, shared.duration) {
            (Some(events), _) => Length::Events(events),
            (None, Some(duration)) => Length::Duration(duration),
            (None, None) => Length::Events(defaults::EVENTS),
        },
        warm_up: shared.warm_up,
        repeats: shared.repeats.unwrap_or(1),
        parallelism: shared.parallelism.unwrap_or(defaults::PARALLELISM),
        clock: args.clock,
        seed: shared.seed.unwrap_or(defaults::SEED),
        knobs: given.knobs,
        faults: Vec::new(),
        duets: Vec::new(),
        force: args.force,
        input: None,
        topic: None,
    })
}
