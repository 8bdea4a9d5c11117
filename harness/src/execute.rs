//! One run: set up, run, check, write down.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use dataflow::engine::{Control, Job, Start};
use dataflow::runtime::Runtime;
use dataflow::settings::Settings;
use dataflow::sink::{SinkSlot, Wants};
use dataflow::source::SourceError;
use dataflow::storage::Storage;
use dataflow::{
    Completion, Digest, Engine, EngineError, Guarantee, ProcessingTime, StampUnit, StopSignal,
};
use reports::result::{ExchangeLoad, Latencies, Measures, OutputCheck, RUN_SCHEMA, RunResult};
use runtime::{Costs, Faults, MemoryStorage, VirtualOptions, VirtualTime, WallClock, WallOptions};
use workloads::arrival::Schedule;
use workloads::registry::{AnyEvents, AnyWorkload};

use crate::environment::{self, Usage};
use crate::error::{Error, Result};
use crate::fault_spec::FaultSpec;
use crate::latency::{Recorder, WindowClock};
use crate::output::RowWriter;
use crate::progress::Progress;
use crate::sink::{Measured, measuring};
use crate::supervisor::{Supervision, supervise};
use crate::transactional::{Options, Transactional, transactional};
use crate::watch::Watch;

/// On the wall clock the first event is planned this long after the engine is told to start, so
/// that starting it is not part of any latency.
const LEAD_NANOS: u64 = 10_000_000;
/// A run that may take this much longer than its plan still fits its stamps.
const STAMP_SLACK: u64 = 4;
/// A job that outlives its process can be taken up within a day, in nanoseconds.
const LONGEST_OUTAGE_NANOS: u64 = 24 * 3_600 * 1_000_000_000;
/// Time from the death of a driver to its next start, in nanoseconds.
const RESTART_NANOS: u64 = 1_000_000_000;
/// A final backlog of this share of the events makes a run invalid.
const BACKLOG_ALLOWED: f64 = 0.01;

/// Which clock a run is on.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Clock {
    /// Real time.
    #[default]
    Wall,
    /// Modelled time, deterministic in nanoseconds.
    Virtual,
}

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
    /// The clock; see [`clock`].
    pub clock: &'a RunClock,
}

/// A runtime, made for one run.
pub enum RunClock {
    /// Real time.
    Wall(Arc<WallClock>),
    /// Modelled time.
    Virtual(Arc<VirtualTime>),
}

impl RunClock {
    /// The runtime as engines see it.
    pub fn runtime(&self) -> Arc<dyn Runtime> {
        match self {
            Self::Wall(clock) => Arc::clone(clock) as _,
            Self::Virtual(clock) => Arc::clone(clock) as _,
        }
    }

    /// What goes wrong in it.
    pub fn faults(&self) -> &Arc<Faults> {
        match self {
            Self::Wall(clock) => clock.faults(),
            Self::Virtual(clock) => clock.faults(),
        }
    }

    /// When the first event should be planned.
    pub fn start(&self) -> ProcessingTime {
        match self {
            Self::Wall(clock) => clock.now().after(LEAD_NANOS),
            Self::Virtual(_) => ProcessingTime::ZERO,
        }
    }
}

/// Makes the runtime for a run: one worker thread per core on the wall clock; one node with a core
/// per subtask in virtual time. What must survive is kept in memory.
///
/// # Errors
/// When threads cannot be started.
pub fn clock(which: Clock, seed: u64, parallelism: u32, tracing: bool) -> Result<RunClock> {
    clock_with(which, seed, parallelism, tracing, (MemoryStorage::new(), ProcessingTime::ZERO))
}

/// The same with another storage, and on the wall clock with a time that it goes on from.
///
/// # Errors
/// When threads cannot be started.
pub fn clock_with(
    which: Clock,
    seed: u64,
    parallelism: u32,
    tracing: bool,
    (storage, from): (Arc<dyn Storage>, ProcessingTime),
) -> Result<RunClock> {
    Ok(match which {
        Clock::Wall => {
            let worker_threads = std::thread::available_parallelism().map_or(1, usize::from);
            let options = WallOptions { seed, worker_threads };
            RunClock::Wall(WallClock::going_on(options, storage, from).map_err(Error::run)?)
        }
        Clock::Virtual => {
            let options = VirtualOptions {
                seed,
                nodes: 1,
                cores_per_node: parallelism,
                costs: Costs::default(),
                tracing,
            };
            RunClock::Virtual(VirtualTime::with_storage(options, storage))
        }
    })
}

/// Runs, and writes down what was measured. `expected` is asked for once the run is over.
///
/// # Errors
/// When the engine fails.
pub fn execute(
    spec: &RunSpec,
    around: Surroundings<'_>,
    expected: &mut dyn FnMut() -> Digest,
) -> Result<RunResult> {
    let (result, failure) = execute_to_failure(spec, around, expected)?;
    failure.map_or(Ok(result), |failure| Err(failed(failure)))
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
) -> Result<(RunResult, Option<EngineError>)> {
    let environment = environment::describe();
    // What comes from outside is timed from the runtime's start, as its reader does.
    let is_live = around.events.count().is_none();
    let start = if is_live {
        ProcessingTime::ZERO
    } else if spec.recovery.outlives_process {
        ProcessingTime(LEAD_NANOS)
    } else {
        around.clock.start()
    };
    let schedule = schedule(spec, start);
    let latency = (spec.measures == Measures::Latency).then(|| recorder(spec, &schedule));
    let runtime = around.clock.runtime();
    let output = Measuring::new(spec, &around, latency, &runtime);
    let plan = around.events.plan(schedule, output.open());
    let splits = plan.source.splits.splits();
    let watch = Arc::new(Watch::new(splits, spec.rate, schedule.end(), spec.warm_up));
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
    Ok((result, failure))
}

/// Whether an error says that the job could not be run, rather than that something failed in it.
fn is_no_run(error: &EngineError) -> bool {
    matches!(error, EngineError::Refused(_) | EngineError::Source(_))
}

/// What a run has used, and where.
struct Used {
    cpu_nanos: u64,
    peak_memory: Option<u64>,
    environment: BTreeMap<String, serde_json::Value>,
}

fn schedule(spec: &RunSpec, start: ProcessingTime) -> Schedule {
    let planned_nanos = spec.rate.map_or(0.0, |rate| spec.events as f64 / rate * 1e9) as u64;
    let mut longest = planned_nanos.saturating_mul(STAMP_SLACK);
    if spec.recovery.outlives_process {
        longest = longest.max(LONGEST_OUTAGE_NANOS);
    }
    let unit = StampUnit::for_run_of(longest);
    Schedule { rate: spec.rate, events: spec.events, warm_up: spec.warm_up, start, unit }
}

fn recorder(spec: &RunSpec, schedule: &Schedule) -> Recorder {
    let windows = spec.workload.has_windows().then_some(spec.rate).flatten().and_then(|rate| {
        let event_rate = spec.knobs.get_number("event_rate")?;
        Some(WindowClock { event_rate, rate })
    });
    Recorder::new(schedule.start, schedule.unit, windows)
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
        let wants = Wants { stamps: latency.is_some(), rows: around.folder.is_some() };
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

fn result(
    spec: &RunSpec,
    completion: &Completion,
    measured: &Measured,
    expected: Option<Digest>,
    watch: &Watch,
    used: Used,
) -> RunResult {
    let elapsed_ns = watch.timed_nanos();
    let earlier = spec.warm_up.max(watch.read_before());
    let timed = completion.records_in.saturating_sub(earlier);
    let per_record = |nanos: u64| nanos as f64 / completion.records_in.max(1) as f64;
    let backlog_at_end = if spec.rate.is_some() && spec.events > 0 {
        watch.backlog_at_end() as f64 / spec.events as f64
    } else {
        0.0
    };
    let latency_ns = measured.latency.as_ref().map_or_else(Latencies::default, Recorder::summaries);
    let mut result = RunResult {
        schema: RUN_SCHEMA.to_owned(),
        experiment: spec.experiment.clone(),
        workload: spec.workload.name().to_owned(),
        engine: spec.engine.name().to_owned(),
        variant: spec.variant.clone(),
        measures: spec.measures,
        settings: spec.settings.values().clone(),
        knobs: spec.knobs.values().clone(),
        seed: spec.seed,
        rate: spec.rate,
        events: spec.events,
        warm_up_events: spec.warm_up,
        parallelism: spec.parallelism,
        clock: if spec.clock == Clock::Wall { "wall" } else { "virtual" }.to_owned(),
        guarantee: spec.settings.name("guarantee").to_owned(),
        repeat: spec.repeat,
        interrupted: completion.interrupted,
        valid: true,
        invalid_because: Vec::new(),
        records_in: completion.records_in,
        records_out: completion.records_out,
        elapsed_ns,
        throughput_per_s: if elapsed_ns > 0 { timed as f64 * 1e9 / elapsed_ns as f64 } else { 0.0 },
        cpu_ns_per_record: (spec.clock == Clock::Wall).then(|| per_record(used.cpu_nanos)),
        peak_memory_bytes: used.peak_memory,
        latency_ns,
        output: OutputCheck {
            records: measured.digest.records,
            digest: measured.digest.to_string(),
            expected_digest: expected.map(|digest| digest.to_string()),
        },
        late_records: completion.counters.late_records,
        windows_closed: spec.workload.has_windows().then_some(completion.counters.windows_closed),
        backlog_at_end,
        exchanges: completion.exchanges.iter().map(load).collect(),
        batches: watch.take_batches(),
        recovery: watch.recovery(completion),
        series: measured.latency.as_ref().map_or_else(Vec::new, Recorder::series),
        environment: used.environment,
    };
    result.invalid_because = why_invalid(&result, expected.map(|digest| digest == measured.digest));
    result.valid = result.invalid_because.is_empty();
    result
}

fn load(counts: &dataflow::engine::ExchangeCounts) -> ExchangeLoad {
    let total: u64 = counts.records.iter().sum();
    let mean = total as f64 / counts.records.len().max(1) as f64;
    let largest = counts.records.iter().copied().max().unwrap_or(0) as f64;
    ExchangeLoad {
        exchange: counts.exchange.clone(),
        placement: counts.placement.to_owned(),
        records: counts.records.clone(),
        max_over_mean: if mean > 0.0 { largest / mean } else { 1.0 },
    }
}

/// Every reason for which the figures of a run may not be used.
fn why_invalid(result: &RunResult, right: Option<bool>) -> Vec<String> {
    let mut because = Vec::new();
    if result.interrupted {
        because.push("The run was interrupted.".to_owned());
    } else if result.records_in != result.events {
        let (read, events) = (result.records_in, result.events);
        because.push(format!("The sources read {read} of {events} events."));
    }
    if right == Some(false) {
        because.push("The output differs from the evaluator's.".to_owned());
    }
    let clipped = result.latency_ns.from_planned.clipped;
    if clipped > 0 {
        because.push(format!("{clipped} latencies lie above the histogram's range."));
    }
    if result.backlog_at_end >= BACKLOG_ALLOWED {
        let percent = result.backlog_at_end * 100.0;
        because.push(format!(
            "The engine did not keep up: {percent:.1} % of the events were unread when the plan ended."
        ));
    }
    because
}
