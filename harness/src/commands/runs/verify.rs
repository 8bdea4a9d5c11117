//! `verify`: every workload on every engine against its evaluator.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dataflow::job::engine::WorkloadIdentity;
use dataflow::{Digest, Engine, StopSignal};
use reports::schema::Measures;
use serde::Serialize;
use serde_json::Value;
use workloads::registry::{AnyEvents, AnyWorkload};

use crate::cli::VerifyArgs;
use crate::commands::runs::run::open_file;
use crate::error::{Error, Outcome, Result};
use crate::files::uri::InputUri;
use crate::quantity::Rate;
use crate::registry::{Registry, key_values};
use crate::run::answer::{Answer, is_wrong};
use crate::run::clock::Clock;
use crate::run::executor::Runner;
use crate::run::real::Real;
use crate::run::spec::RunSpec;
use crate::run::topic_input::check_knobs;
use crate::run::validity::FEWEST_WINDOWS;
use crate::terminal::interrupted::{Interrupted, Results, with_note};
use crate::terminal::out;
use crate::terminal::progress::Progress;

/// Windows in the events of a cell.
const WINDOWS_PER_CELL: u64 = 25;
/// Disorder of the cells that have some, as a share of the window.
const DISORDER_SHARE: i64 = 5;
/// Batches in the events of a cell.
const BATCHES_PER_CELL: u64 = 20;
/// Records between two watermarks of a source.
const WATERMARK_RECORDS: i64 = 256;
/// Events per second in virtual time; on the wall clock they are read as fast as they are taken.
const VIRTUAL_RATE: f64 = 1e6;

/// One cell of the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct VerifyCell {
    /// Workload.
    pub workload: String,
    /// Engine.
    pub engine: String,
    /// Subtasks per stage.
    pub parallelism: u32,
    /// `wall` or `virtual`.
    pub clock: String,
    /// How much earlier than in order event times may be.
    pub disorder_ms: i64,
    /// Number of events.
    pub events: u64,
    /// Windows that closed before the end of the input.
    pub windows_closed: Option<u64>,
    /// Whether the digests are equal, no row was called late without a ground, and enough windows
    /// closed.
    pub ok: bool,
    /// Rows that came late and are left out of both results.
    pub late_rows: u64,
    /// Rows that the engine has called late, and that cannot have been.
    pub unfounded_rows: u64,
    /// Digest of the engine's result.
    pub digest: String,
    /// Digest of the evaluator's result.
    pub expected_digest: String,
}

/// Runs the command.
///
/// # Errors
/// For an unknown name, and when an engine fails.
pub(crate) fn verify(args: &VerifyArgs, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    let engines: Vec<Arc<dyn Engine>> = match args.engines.as_slice() {
        [] => registry.engines.clone(),
        names => names.iter().map(|name| registry.engine(name)).collect::<Result<_>>()?,
    };
    let workloads: Vec<Arc<dyn AnyWorkload>> = match args.workloads.as_slice() {
        // Of real systems, what they can run.
        [] => {
            let all = registry.workloads.iter().cloned();
            let clocks = [Clock::Wall, Clock::Virtual];
            let any = |workload: &Arc<dyn AnyWorkload>| {
                let on = |engine: &dyn Engine| {
                    clocks.iter().any(|&clock| runs(engine, &**workload, clock))
                };
                engines.iter().any(|engine| on(&**engine))
            };
            all.filter(any).collect()
        }
        names => names.iter().map(|name| registry.workload(name)).collect::<Result<_>>()?,
    };
    let set = key_values(args.set.iter().map(String::as_str))?;
    let knobs: BTreeSet<&str> =
        workloads.iter().flat_map(|it| it.knobs()).map(|knob| knob.name).collect();
    let knobs: Vec<&str> = knobs.into_iter().collect();
    if let Some(name) = set.keys().find(|name| !knobs.contains(&name.as_str())) {
        return Err(Error::unknown("knob", name, &knobs));
    }
    let clocks = args.clock.map_or(vec![Clock::Wall, Clock::Virtual], |clock| vec![clock]);
    let (progress, mut real) = (Progress::new(0, args.json), Real);
    let mut runner = Runner::new(&mut real, stop, &progress);
    let mut cells = Vec::new();
    let streams: usize = workloads.iter().map(|it| disorders(&**it, &set, args).len()).sum();
    let planned = streams * clocks.len() * args.parallelism.len() * engines.len();
    for workload in &workloads {
        for disorder_ms in disorders(&**workload, &set, args) {
            let prepared = VerifyWorkload::new(workload, disorder_ms, &set, args)?;
            for &clock in &clocks {
                for &parallelism in &args.parallelism {
                    let run = |engine: &&Arc<dyn Engine>| runs(&***engine, &**workload, clock);
                    for engine in engines.iter().filter(run) {
                        let cell = prepared.cell(engine, parallelism, clock, &mut runner)?;
                        if stop.is_requested() {
                            // It may have seen a part of its events only: no answer to judge.
                            return finish(&cells, args.json, Some(planned));
                        }
                        if !args.json && !cell.ok {
                            out::line(&line(&cell));
                        }
                        cells.push(cell);
                    }
                }
            }
            if !args.json {
                let good =
                    cells.iter().filter(|it| it.workload == workload.name() && it.ok).count();
                let name = workload.name();
                out::line(&format!(
                    "{name}: {good} cells equal to the evaluator, up to disorder of {} ms",
                    prepared.disorder_ms
                ));
            }
        }
    }
    finish(&cells, args.json, None)
}

/// Whether there is a cell for an engine: those of real systems run some workloads, and on the wall
/// clock.
fn runs(engine: &dyn Engine, workload: &dyn AnyWorkload, clock: Clock) -> bool {
    let identity = WorkloadIdentity { name: workload.name().to_owned(), ..Default::default() };
    engine.clocks().contains(&clock.name()) && engine.knows(&identity).is_ok()
}

/// `cut_from` is how many cells there would have been, if the user has stopped it.
fn finish(cells: &[VerifyCell], json: bool, cut_from: Option<usize>) -> Result<Outcome> {
    let failed = cells.iter().filter(|cell| !cell.ok).count();
    let done = cells.len() as u64;
    let interrupted = cut_from.map(|planned| Interrupted::after(done, planned as u64, "cells"));
    if json {
        out::json(&Results::new(interrupted, &cells));
    } else {
        out::line(&with_note(format!("{done} cells, {failed} failed"), interrupted));
    }
    Ok(match (interrupted, failed) {
        (Some(_), _) => Outcome::Interrupted,
        (None, 0) => Outcome::Good,
        (None, _) => Outcome::Failed,
    })
}

fn line(cell: &VerifyCell) -> String {
    let VerifyCell { workload, engine, parallelism, clock, digest, expected_digest, .. } = cell;
    let mut because = Vec::new();
    if expected_digest.is_empty() {
        because.push("not compared, as more rows came late than are noted".to_owned());
    } else if digest != expected_digest {
        because.push(format!("{digest} instead of {expected_digest}"));
    }
    if let Some(closed) = cell.windows_closed.filter(|closed| *closed < FEWEST_WINDOWS) {
        because.push(format!(
            "{closed} windows closed before the end, not {FEWEST_WINDOWS}: --events is too small"
        ));
    }
    if cell.unfounded_rows > 0 {
        let rows = cell.unfounded_rows;
        because.push(format!("{rows} rows were called late that cannot have been"));
    }
    let because = because.join("; ");
    format!("FAILED {workload} on {engine}, parallelism {parallelism}, {clock}: {because}")
}

/// In order, and with disorder within the bound if the workload knows any. An input has what it has.
fn disorders(
    workload: &dyn AnyWorkload,
    set: &BTreeMap<String, Value>,
    args: &VerifyArgs,
) -> Vec<i64> {
    let knobs = workload.knobs();
    let knows_disorder = knobs.iter().any(|knob| knob.name == "disorder_ms");
    if set.contains_key("disorder_ms") || !knows_disorder || args.input.is_some() {
        return vec![0];
    }
    let window_ms = knobs.iter().find(|knob| knob.name == "window_ms");
    let window_ms = window_ms.and_then(|knob| knob.default_value(false)?.as_i64()).unwrap_or(1_000);
    vec![0, (window_ms / DISORDER_SHARE).max(1)]
}

/// A workload with its events and their answer.
struct VerifyWorkload {
    workload: Arc<dyn AnyWorkload>,
    /// The workload's knobs, as given.
    given: BTreeMap<String, Value>,
    events: Box<dyn AnyEvents>,
    expected: Digest,
    disorder_ms: i64,
    count: u64,
    /// Whether events are made so that enough windows close.
    is_generated: bool,
    seed: u64,
}

impl VerifyWorkload {
    fn new(
        workload: &Arc<dyn AnyWorkload>,
        disorder_ms: i64,
        set: &BTreeMap<String, Value>,
        args: &VerifyArgs,
    ) -> Result<Self> {
        let known = workload.knobs();
        let has = |name: &str| known.iter().any(|knob| knob.name == name);
        let mut given: BTreeMap<String, Value> =
            set.iter().filter(|(name, _)| has(name)).map(|(a, b)| (a.clone(), b.clone())).collect();
        if disorder_ms > 0 {
            given.insert("disorder_ms".to_owned(), disorder_ms.into());
        }
        let is_generated = args.input.is_none();
        if workload.has_windows() && is_generated && !given.contains_key("event_rate") {
            let resolved = workload.resolve(&given, None).map_err(Error::input)?;
            let windows_per_second = 1_000.0 / resolved.number("window_ms");
            let rate = args.events as f64 / WINDOWS_PER_CELL as f64 * windows_per_second;
            given.insert("event_rate".to_owned(), rate.max(1.0).into());
        }
        let knobs = workload.resolve(&given, None).map_err(Error::input)?;
        let disorder_ms = knobs.get_integer("disorder_ms").unwrap_or(0);
        let events = match &args.input {
            None => workload.generate(&knobs, args.seed),
            Some(path) => {
                check_knobs(&InputUri::File(path.clone()), set)?;
                let name = path.display().to_string();
                workload.lines(&knobs, &name, &mut open_file(path)?).map_err(Error::input)?
            }
        };
        let count = events.replay().most().map_or(args.events, |most| most.min(args.events));
        let expected = events.expected(count);
        Ok(Self {
            workload: Arc::clone(workload),
            given,
            events,
            expected,
            disorder_ms,
            count,
            is_generated,
            seed: args.seed,
        })
    }

    fn cell(
        &self,
        engine: &Arc<dyn Engine>,
        parallelism: u32,
        clock: Clock,
        runner: &mut Runner<'_>,
    ) -> Result<VerifyCell> {
        let shared = BTreeMap::from([
            ("watermark_interval_records".to_owned(), Value::from(WATERMARK_RECORDS)),
            (
                "max_offsets_per_trigger".to_owned(),
                Value::from((self.count / BATCHES_PER_CELL).max(1)),
            ),
            // The suggestion of a workload is for people who watch.
            ("batch_interval_ms".to_owned(), Value::from(0)),
        ]);
        let rate = match clock {
            Clock::Wall => Rate::Max,
            Clock::Virtual => Rate::PerSecond(VIRTUAL_RATE),
        };
        let spec = RunSpec::of(Arc::clone(engine), Arc::clone(&self.workload))
            .experiment("verify")
            .shared_settings(shared)
            .knobs(self.given.clone())
            .rate(rate)
            .tuned_for(Rate::Max)
            .measures(Measures::Throughput)
            .events(self.count)
            .seed(self.seed)
            .parallelism(parallelism)
            .clock(clock)
            .resolve()?;
        let answer = Answer::Known(self.expected);
        let result =
            runner.run_with(&spec, answer, |io| io.events(&*self.events).without_warm_up())?.result;
        // How often a real system moves its watermark is a matter of its own time.
        let enough = engine.system().is_some()
            || !self.is_generated
            || result.windows_closed.is_none_or(|closed| closed >= FEWEST_WINDOWS);
        // A run that was stopped has no expected answer; its cell is thrown away.
        Ok(VerifyCell {
            ok: enough && result.output.expected_digest.is_some() && !is_wrong(&result),
            workload: result.workload,
            engine: result.engine,
            parallelism,
            clock: result.clock,
            disorder_ms: self.disorder_ms,
            events: self.count,
            windows_closed: result.windows_closed,
            late_rows: result.output.late.as_ref().map_or(0, |late| late.left_out),
            unfounded_rows: result.output.late.as_ref().map_or(0, |late| late.unfounded),
            digest: result.output.digest,
            expected_digest: result.output.expected_digest.unwrap_or_default(),
        })
    }
}
