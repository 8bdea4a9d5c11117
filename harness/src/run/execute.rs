//! One run: set up, run, check, write down.

use std::future::Future;
use std::sync::{Arc, Mutex};

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::engine::{Control, Job, Start};
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::Settings;
use dataflow::job::source::SourceError;
use dataflow::job::storage::Storage;
use dataflow::{
    Completion, Digest, Engine, EngineError, Guarantee, ProcessingTime, StampUnit, StopSignal,
};
use reports::schema::{Measures, RunResult};
use workloads::registry::{AnyEvents, AnyWorkload};
use workloads::schedule::arrival::Schedule;
use workloads::schedule::load_shape::LoadShape;

use crate::error::{Error, Result};
use crate::files::rows::RowWriter;
use crate::measure::latency::parts::rarity;
use crate::measure::latency::{Recorder, WindowClock};
use crate::measure::run_observer::Watch;
use crate::measure::sink::{Measured, measuring};
use crate::measure::transactional::{Options, Transactional, transactional};
use crate::run::clock::{Clock, LEAD_NANOS, RunClock};
use crate::run::environment;
use crate::run::environment::Usage;
use crate::run::fault::FaultSpec;
use crate::run::result::{Used, result};
use crate::run::supervisor::{Supervision, supervise};
use crate::terminal::live::SeenLatency;
use crate::terminal::progress::Progress;

/// A run that may take this much longer than its plan still fits its stamps.
const STAMP_SLACK: u64 = 4;
/// A job that outlives its process can be taken up within a day, in nanoseconds.
const LONGEST_OUTAGE_NANOS: u64 = 24 * 3_600 * 1_000_000_000;
/// Time from the death of a driver to its next start, in nanoseconds.
const RESTART_NANOS: u64 = 1_000_000_000;
/// What to run.
#[derive(Clone)]
pub struct RunSpec {
    /// The experiment it belongs to.
    pub experiment: String,
    /// The workload.
    pub workload: Arc<dyn AnyWorkload>,
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// Name of the column.
    pub variant: String,
    /// The engine's settings.
    pub settings: Settings,
    /// The workload's knobs.
    pub knobs: Settings,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Planned events per second, or as fast as they are taken.
    pub rate: Option<f64>,
    /// How many events.
    pub events: u64,
    /// Events at the start that are not timed.
    pub warm_up: u64,
    /// Subtasks per stage.
    pub parallelism: u32,
    /// Which clock.
    pub clock: Clock,
    /// Which repeat, from 0.
    pub repeat: u32,
    /// Whether latency is recorded.
    pub measures: Measures,
    /// What goes wrong, and how it goes on.
    pub recovery: Recovery,
    /// Events per second that the generator makes by itself, when somebody has measured it.
    pub generator_per_s: Option<f64>,
}

impl RunSpec {
    /// What the run promises.
    pub fn guarantee(&self) -> Guarantee {
        Guarantee::named(self.settings.name("guarantee"))
    }
}

/// Failures of a run, and where it begins.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    /// Whether what the storage holds of the job is taken up.
    pub start: Start,
    /// The job is stopped once so many events have been read.
    pub stop_after: Option<u64>,
    /// What goes wrong.
    pub faults: Vec<FaultSpec>,
    /// Whether another process may go on with the job: its times must fit then too.
    pub outlives_process: bool,
}

/// Where a run reads and writes, what it is checked against, and who listens.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Its events.
    pub events: &'a dyn AnyEvents,
    /// Takes the rows, if anybody wants them.
    pub rows: Option<&'a RowWriter>,
    /// The folder that takes them under exactly-once, which has its own way of writing.
    pub folder: Option<&'a Arc<dyn Storage>>,
    /// Stops it.
    pub stop: &'a StopSignal,
    /// Shows how it goes.
    pub progress: &'a Progress,
    /// The clock; see [`crate::run::clock::clock`].
    pub clock: &'a RunClock,
}

impl<'a> Surroundings<'a> {
    /// Of a run that writes its results nowhere.
    pub const fn of(
        events: &'a dyn AnyEvents,
        stop: &'a StopSignal,
        progress: &'a Progress,
        clock: &'a RunClock,
    ) -> Self {
        Self { events, rows: None, folder: None, stop, progress, clock }
    }
}

/// A run that is over.
#[derive(Debug)]
pub struct Executed {
    /// What was measured, for results.
    pub result: RunResult,
    /// The latencies themselves, where they were recorded.
    pub latency: Option<Recorder>,
}

/// Runs, and writes down what was measured. `expected` is asked for once the run is over.
///
/// # Errors
/// When the engine fails.
pub fn execute(
    spec: &RunSpec,
    around: Surroundings<'_>,
    expected: &mut dyn FnMut() -> Digest,
) -> Result<Executed> {
    let (executed, failure) = execute_to_failure(spec, around, expected)?;
    failure.map_or(Ok(executed), |failure| Err(failed(failure)))
}

/// As [`execute`], but a failure that ends the run, such as that of a task without a guarantee,
/// comes with what was measured until then. Such a result is invalid, has read what its sources
/// had read, and has for its last failure the one that ended it; nothing is expected of it.
///
/// # Errors
/// When the engine refuses the job or cannot read its input, and when nothing moves any more.
pub fn execute_to_failure(
    spec: &RunSpec,
    around: Surroundings<'_>,
    expected: &mut dyn FnMut() -> Digest,
) -> Result<(Executed, Option<EngineError>)> {
    let environment = environment::describe();
    // Before the start is fixed, because random gaps are drawn for the whole run.
    let shape = LoadShape::of(&spec.knobs, spec.seed);
    let planned_nanos = spec.rate.map_or(0, |rate| shape.time_of(spec.events, 1e9 / rate));
    // What comes from outside is timed from the runtime's start, as its reader does.
    let is_live = around.events.count().is_none();
    let start = if is_live {
        ProcessingTime::ZERO
    } else if spec.recovery.outlives_process {
        ProcessingTime(LEAD_NANOS)
    } else {
        around.clock.start()
    };
    let schedule = schedule(spec, start, shape, planned_nanos);
    let seen = around.progress.is_live().then(Arc::<SeenLatency>::default);
    let latency = (spec.measures == Measures::Latency)
        .then(|| recorder(spec, &schedule).seen_by(seen.clone()));
    let runtime = around.clock.runtime();
    let output = Measuring::new(spec, &around, latency, &runtime);
    let plan_end = schedule.end();
    let plan = around.events.plan(schedule, output.open());
    let splits = plan.source.splits.splits();
    let watch = Watch::new(splits, spec.rate, plan_end, spec.warm_up).with_latency(seen);
    let watch = Arc::new(watch);
    plan_faults(spec, &around, &watch);
    let (parallelism, settings) = (spec.parallelism, spec.settings.clone());
    let opening = output.clone();
    let job = move |start| {
        let mut plan = plan.clone();
        // A driver that starts again knows nothing that is not in the storage.
        if start == Start::Resume {
            plan.sink = opening.open();
        }
        Job { plan, parallelism, settings: settings.clone(), start }
    };
    let control = Control { stop: around.stop.clone(), observer: Arc::clone(&watch) as _ };
    let how = Supervision {
        start: spec.recovery.start,
        guarantee: spec.guarantee(),
        restart_nanos: RESTART_NANOS,
    };

    let ticker = around.progress.follow(&watch, spec);
    let usage = Usage::start();
    let running = supervise(Arc::clone(&spec.engine), job, Arc::clone(&runtime), control, how);
    let ended = run_to_end(running, &runtime, &watch);
    let (cpu_nanos, peak_memory) = usage.end();
    drop(ticker);
    let (mut completion, failure) = match ended? {
        Ok(completion) => (completion, None),
        Err(error) if is_no_run(&error) => return Err(failed(error)),
        Err(error) => {
            (Completion { records_in: watch.read(), ..Completion::default() }, Some(error))
        }
    };
    let mut spec = spec.clone();
    if is_live {
        // Only the input knew how many there would be. A stop ends the input too, and either the
        // engine sees the stop first or the end: it was an interrupt all the same.
        spec.events = completion.records_in;
        completion.interrupted |= around.stop.is_requested();
    }
    let spec = &spec;

    let measured = output.measured();
    let cut_short = completion.interrupted || failure.is_some();
    let expected = if cut_short { None } else { Some(expected()) };
    let used = Used { cpu_nanos, peak_memory, environment };
    let mut result = result(spec, &completion, &measured, expected, &watch, used);
    if let Some(failure) = &failure {
        result.records_out = result.series.iter().map(|bin| bin.records).sum();
        result.valid = false;
        result.invalid_because.insert(0, format!("A failure ended the run: {failure}."));
    }
    Ok((Executed { result, latency: measured.latency }, failure))
}

/// Whether an error says that the job could not be run, rather than that something failed in it.
fn is_no_run(error: &EngineError) -> bool {
    matches!(error, EngineError::Refused(_) | EngineError::Source(_))
}

fn schedule(
    spec: &RunSpec,
    start: ProcessingTime,
    shape: LoadShape,
    planned_nanos: u64,
) -> Schedule {
    let straggler_ms = spec.knobs.get_integer("straggler_delay_ms").unwrap_or(0) as u64;
    let readable_nanos = planned_nanos.saturating_add(straggler_ms.saturating_mul(1_000_000));
    let mut longest = readable_nanos.saturating_mul(STAMP_SLACK);
    if spec.recovery.outlives_process {
        longest = longest.max(LONGEST_OUTAGE_NANOS);
    }
    let unit = StampUnit::for_run_of(longest);
    Schedule { rate: spec.rate, events: spec.events, warm_up: spec.warm_up, start, unit, shape }
}

fn recorder(spec: &RunSpec, schedule: &Schedule) -> Recorder {
    let windows = spec.workload.has_windows().then_some(spec.rate).flatten().and_then(|rate| {
        let event_rate = spec.knobs.get_number("event_rate")?;
        Some(WindowClock { event_rate, rate, shape: schedule.shape.clone() })
    });
    let timed = spec.events.saturating_sub(spec.warm_up);
    Recorder::new(schedule.start, schedule.unit, windows).with_trails(rarity(timed))
}

/// Where results go, and what has been measured of them.
#[derive(Clone)]
enum Measuring {
    /// Seen at once.
    AtOnce(SinkSlot, Arc<Mutex<Measured>>),
    /// Seen once committed; one for each start of the job.
    Committed(Box<Options>, Arc<Mutex<Vec<Arc<Transactional>>>>),
}

impl Measuring {
    fn new(
        spec: &RunSpec,
        around: &Surroundings<'_>,
        latency: Option<Recorder>,
        runtime: &Arc<dyn Runtime>,
    ) -> Self {
        if spec.guarantee() != Guarantee::ExactlyOnce {
            let (slot, measured) = measuring(latency, around.rows.cloned());
            return Self::AtOnce(slot, measured);
        }
        let wants = Recorder::wants(latency.as_ref(), around.folder.is_some());
        let (storage, prefix) = match around.folder {
            Some(folder) => (Arc::clone(folder), String::new()),
            None => (runtime.storage(), "sink/".to_owned()),
        };
        Self::Committed(Box::new(Options { storage, prefix, wants, latency }), Arc::default())
    }

    /// The sink of a job that is about to start.
    fn open(&self) -> SinkSlot {
        match self {
            Self::AtOnce(slot, _) => slot.clone(),
            Self::Committed(options, opened) => {
                let (slot, transactional) = transactional((**options).clone());
                opened.lock().expect("no holder fails").push(transactional);
                slot
            }
        }
    }

    /// Everything that was seen: by an earlier process too, as far as the digest is concerned.
    fn measured(&self) -> Measured {
        match self {
            Self::AtOnce(_, measured) => {
                std::mem::take(&mut *measured.lock().expect("every sink is gone"))
            }
            Self::Committed(_, opened) => {
                let opened = opened.lock().expect("no holder fails");
                let mut all = Measured::default();
                for transactional in &*opened {
                    let own = transactional.measured();
                    // The newest one has added up what all have committed.
                    all.digest = own.digest;
                    match (&mut all.latency, own.latency) {
                        (Some(latency), Some(own)) => latency.merge(&own),
                        (latency, own) => *latency = own,
                    }
                }
                all
            }
        }
    }
}

fn plan_faults(spec: &RunSpec, around: &Surroundings<'_>, watch: &Arc<Watch>) {
    for fault in &spec.recovery.faults {
        let faults = around.clock.faults();
        if let Some((events, fault)) = fault.plan(faults, spec.events) {
            let faults = Arc::clone(faults);
            watch.once_read(events, move || faults.strike_or_wait(fault));
        }
    }
    if let Some(events) = spec.recovery.stop_after {
        let stop = around.stop.clone();
        watch.once_read(events, move || stop.request());
    }
}

fn run_to_end(
    running: impl Future<Output = std::result::Result<Completion, EngineError>> + Send + 'static,
    runtime: &Arc<dyn Runtime>,
    watch: &Arc<Watch>,
) -> Result<std::result::Result<Completion, EngineError>> {
    let outcome: Arc<Mutex<Option<std::result::Result<Completion, EngineError>>>> = Arc::default();
    let place = Arc::clone(&outcome);
    let (clock, watch) = (Arc::clone(runtime), Arc::clone(watch));
    let finished = runtime.block_on(Box::pin(async move {
        let result = running.await;
        if let Err(error) = &result {
            watch.ended_by(clock.now(), &error.to_string());
        }
        *place.lock().expect("nobody else writes here") = Some(result);
    }));
    if let Err(deadlock) = finished {
        return Err(Error::Run(format!(
            "nothing can move any more: {} tasks wait for what cannot come",
            deadlock.waiting_tasks
        )));
    }
    let result = outcome.lock().expect("the run is over").take();
    result.ok_or_else(|| Error::run("the engine ended without a result"))
}

/// A line that cannot be read is bad input, and pointed at as in a file; the rest is the run's.
fn failed(error: EngineError) -> Error {
    match error {
        EngineError::Source(SourceError { input, line: Some(line), column, cause, .. }) => {
            let column = column.map_or(String::new(), |column| format!(":{column}"));
            Error::Input(format!("{input}:{line}{column}: {cause}"))
        }
        other => Error::run(other),
    }
}
