//! The executor that runs engines: sets a run up, runs it, checks it, and says what was measured.

use dataflow::exchange::failure::FailureKind;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use dataflow::exchange::sink::{SinkError, SinkSlot, Wants};
use dataflow::job::engine::{Control, Job, JobShape, Prepared, Start};
use dataflow::job::observer::Silent;
use dataflow::job::runtime::Runtime;
use dataflow::job::source::{SourceError, SourceFailure};
use dataflow::job::storage::StorageError;
use dataflow::{Completion, EngineError, Guarantee, ProcessingTime, StampUnit};
use reports::schema::{MachineLoad, Measures, OutputTopic, RunCosts, RunResult};
use serde_json::Value;
use workloads::registry::{AnyEvents, Replay};
use workloads::schedule::arrival::Schedule;
use workloads::schedule::load_shape::LoadShape;

use crate::error::{Error, Result};
use crate::files::invocation::wall_time;
use crate::measure::latency::live_counts::LiveCounts;
use crate::measure::latency::parts::rarity;
use crate::measure::latency::{Recorder, WindowClock};
use crate::measure::machine::judge::{FOREIGN_ALLOWED, judge};
use crate::measure::machine::probe::{MachineProbe, MachineTrace};
use crate::measure::machine::progress::Progress;
use crate::measure::run_observer::RunObserver;
use crate::measure::transactional::TopicCheck;
use crate::run::answer::Answer;
use crate::run::clock::{LEAD_NANOS, RunClock};
use crate::run::environment;
use crate::run::environment::Usage;
use crate::run::executor::{Executed, Executor};
use crate::run::generator;
use crate::run::io::RunIo;
use crate::run::result::{ResourceUse, costs, result};
use crate::run::run_sink::RunSink;
use crate::run::spec::RunSpec;
use crate::run::supervisor::{Supervision, supervise};
use crate::run::validity;
use crate::run::warming;

/// A run that may take this much longer than its plan still fits its stamps.
const STAMP_SLACK: u64 = 4;
/// A job that outlives its process can be taken up within a day, and what comes from outside may go on
/// for as long, in nanoseconds.
const LONGEST_OUTAGE_NANOS: u64 = 24 * 3_600 * 1_000_000_000;
/// Time from the death of a driver to its next start, in nanoseconds.
const RESTART_NANOS: u64 = 1_000_000_000;

/// Runs engines in this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Real;

impl Executor for Real {
    fn run(&mut self, spec: &RunSpec, io: RunIo<'_>) -> Result<Executed> {
        let (opened, made);
        let clock = match io.clock {
            Some(clock) => clock,
            None => {
                made = spec.run_clock()?;
                &made
            }
        };
        let events = match io.events {
            Some(events) => events,
            None => {
                opened = spec.open_events(clock)?;
                &*opened
            }
        };
        if spec.recovery.start == Start::Fresh {
            events.prepare(io.stop).map_err(|error| failed(EngineError::Source(error)))?;
        }
        let cold_nanos = warming::cold_nanos(spec, &io);
        if cold_nanos > 0 {
            let events = spec.generate();
            warming::warm_up(spec, cold_nanos, &io, |spec, clock, io| {
                execute(spec, &*events, clock, io).map(drop)
            })?;
        }
        // Of what is read there may be less than is asked for.
        let most = events.replay().most().unwrap_or(u64::MAX);
        let mut spec = spec.clone();
        spec.events = spec.events.min(most);
        execute(&spec, events, clock, io)
    }

    fn generator_per_s(&mut self, spec: &RunSpec) -> Result<Option<f64>> {
        if spec.topic.is_some() {
            return Ok(None);
        }
        generator::per_s(spec)
    }
}

/// Runs and says what was measured. The answer is asked for once the run is over.
fn execute(
    spec: &RunSpec,
    events: &dyn AnyEvents,
    clock: &RunClock,
    io: RunIo<'_>,
) -> Result<Executed> {
    let environment = environment::describe();
    let opens_its_events = io.events.is_none();
    let prepared = prepare(spec, events, clock, &io)?;
    let processes = prepared.processes.clone();
    let setup = Setup::new(spec, events, clock, &io);
    let running = setup.start(spec, clock, &io, prepared);

    io.audience.begin(&setup.observer, spec, &processes);
    let usage = Usage::start();
    let probe = probe(spec, clock, &setup.observer, processes);
    let ended = run_to_end(running, &clock.runtime(), &setup.observer);
    let trace = probe.and_then(MachineProbe::stop);
    let own_use = usage.end();
    io.audience.end();
    let (mut completion, failure) = match ended? {
        Ok(completion) => (completion, None),
        Err(error) if is_no_run(&error) || !spec.recovery.keeps_failed => {
            return Err(failed(error));
        }
        Err(error) => {
            (Completion { records_in: setup.observer.read(), ..Completion::default() }, Some(error))
        }
    };
    let mut spec = spec.clone();
    let replay = events.replay();
    if replay.is_counted_by_its_end() {
        // Only the input knew how many there would be. A stop ends the input too, and either the
        // engine sees the stop first or the end: it was an interrupt all the same.
        spec.events = completion.records_in;
        completion.interrupted |= io.stop.is_requested();
    }

    let files = if failure.is_none() { setup.output.files(&io)? } else { None };
    let topic = if failure.is_none() { setup.output.topic(&io)? } else { None };
    let measured = setup.output.measured();
    let cut_short = completion.interrupted || failure.is_some() || knows_a_part(&spec, &io);
    let answer = if cut_short { Answer::Unchecked } else { io.answer };
    let answer = answer.expected(&spec, events, &completion.late, io.audience);
    let machine = trace.as_ref().and_then(|trace| machine_load(trace, &setup, &spec));
    let probe_nanos = trace.as_ref().map_or(0, |trace| trace.probe_nanos);
    let own_use = (own_use.0.saturating_sub(probe_nanos), own_use.1);
    let costs = costs(&spec, clock, completion.records_in);
    let used = resource_use(&completion, own_use, (machine, costs), environment);
    // One that opens its events itself is made to be compared.
    let is_generated = replay == Replay::Counted(u64::MAX) || opens_its_events;
    let writes = io.rows.is_some() || io.folder.is_some() || io.topic.is_some();
    let for_figures = is_generated && !writes && !spec.recovery.outlives_process;
    let observer = &setup.observer;
    let (expected, unread) = match answer {
        Ok(expected) => (expected, None),
        Err(why) => (None, Some(validity::unread_answer(&why.to_string()))),
    };
    let mut result = result(&spec, &completion, &measured, expected, observer, used, for_figures);
    result.invalid_because.extend(unread);
    result.output.files = files;
    if let Some(check) = &topic {
        enter_topic(&mut result, check);
    }
    if replay.is_counted_by_its_end() {
        result.invalid_because.extend(validity::held_back(&result, &observer.snapshot().read));
    }
    result.valid = result.invalid_because.is_empty();
    if let Some(failure) = &failure {
        result.records_out = result.series.iter().map(|bin| bin.records).sum();
        result.valid = false;
        result.invalid_because.insert(0, format!("A failure ended the run: {failure}."));
    }
    let now = (wall_time(), clock.runtime().now());
    // Where not all batches were kept, what was read is known ten times a second.
    let counted: u64 = result.batches.iter().map(|batch| batch.records).sum();
    let batches = if counted == result.records_in { &result.batches[..] } else { &[] };
    let progress =
        trace.and_then(|trace| Progress::of(&trace, observer.timed_part()?, now, batches));
    Ok(Executed { result, latency: measured.latency, failure, progress })
}

/// What a run has used: this process, or the processes of a system. What feeds these is no part of them.
fn resource_use(
    completion: &Completion,
    own: (u64, Option<u64>),
    (machine, costs): (Option<MachineLoad>, Option<RunCosts>),
    mut environment: BTreeMap<String, Value>,
) -> ResourceUse {
    let system = completion.usage.map(|usage| (usage.cpu_nanos, usage.peak_memory));
    let (cpu_nanos, peak_memory) = system.unwrap_or(own);
    let version = completion.system.iter().map(|it| ("system".to_owned(), it.as_str().into()));
    environment.extend(version);
    ResourceUse { cpu_nanos, peak_memory, machine, costs, environment }
}

/// What else went on on the machine while the run was timed.
fn machine_load(trace: &MachineTrace, setup: &Setup, spec: &RunSpec) -> Option<MachineLoad> {
    // A broker may be on this machine, and is no stranger.
    let foreign_allowed = if spec.topic.is_some() { 1.0 } else { FOREIGN_ALLOWED };
    Some(judge(trace, setup.observer.timed_part()?, spec.measures, foreign_allowed))
}

/// What was found of the topic that results went to.
fn enter_topic(result: &mut RunResult, check: &TopicCheck) {
    result.output.topic = Some(match check {
        TopicCheck::AsPublished(rows) => OutputTopic { checked: true, rows: *rows },
        TopicCheck::Unread(_) | TopicCheck::LeftOut => OutputTopic::default(),
    });
    if let TopicCheck::Unread(cause) = check {
        result.invalid_because.push(validity::unread(cause));
    }
}

/// Whether a run goes on with rows of which the first are not known: under at-least-once those of an
/// earlier process count for nobody.
fn knows_a_part(spec: &RunSpec, io: &RunIo<'_>) -> bool {
    let is_a_part = spec.recovery.start == Start::Resume
        && spec.recovery.outlives_process
        && spec.guarantee() == Guarantee::AtLeastOnce;
    if is_a_part {
        io.audience.note(
            "The answer was compared with nothing: under at-least-once a job that goes on knows only the \
             rows that it has written since.",
        );
    }
    is_a_part
}

/// Watches the machine while a run is on; in virtual time there is nothing to watch.
fn probe(
    spec: &RunSpec,
    clock: &RunClock,
    observer: &Arc<RunObserver>,
    processes: Vec<u32>,
) -> Option<MachineProbe> {
    let observer = Arc::clone(observer);
    match clock {
        RunClock::Wall(_) => {
            let stalls = spec.measures == Measures::Latency;
            MachineProbe::start(clock.runtime(), stalls, processes, move || observer.read())
        }
        RunClock::Virtual(_) => None,
    }
}

/// Makes ready what the engine needs before the first event may be planned.
fn prepare(
    spec: &RunSpec,
    events: &dyn AnyEvents,
    clock: &RunClock,
    io: &RunIo<'_>,
) -> Result<Prepared> {
    spec.check_engine()?;
    // A plan of no events tells the shape of the one that comes.
    let slot = SinkSlot::plain(Wants::default(), |_| unreachable!("nothing is run"));
    let source = events.plan(Schedule::at_once(0), slot).source;
    let shape = JobShape {
        workload: spec.identity(),
        splits: source.splits.splits(),
        bound_nanos: source.bound_nanos,
        parallelism: spec.parallelism,
        settings: spec.settings().clone(),
        start: spec.recovery.start,
    };
    let control = Control { stop: io.stop.clone(), observer: Arc::new(Silent) };
    let mut preparing = spec.engine.prepare(shape, clock.runtime(), control);
    // Whoever has nothing to prepare is ready at once, and no time passes: a fault that is planned
    // on this clock would strike nobody.
    let ready = match preparing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(prepared) => prepared,
        Poll::Pending => block_on(preparing, &clock.runtime())?,
    };
    ready.map_err(failed)
}

/// A run that is set up: its job, its sink, and who observes it.
struct Setup {
    plan: dataflow::Plan,
    output: RunSink,
    observer: Arc<RunObserver>,
}

impl Setup {
    fn new(spec: &RunSpec, events: &dyn AnyEvents, clock: &RunClock, io: &RunIo<'_>) -> Self {
        // Before the start is fixed, because random gaps are drawn for the whole run.
        let shape = LoadShape::of(spec.knobs(), spec.seed);
        let rate = spec.rate.per_second();
        let planned_nanos = rate.map_or(0, |rate| shape.time_of(spec.events, 1e9 / rate));
        // What comes when it comes is timed from the runtime's start, as its reader does.
        let is_unplanned = events.replay().is_counted_by_its_end() && rate.is_none();
        let start = if is_unplanned {
            ProcessingTime::ZERO
        } else if spec.recovery.outlives_process {
            ProcessingTime(LEAD_NANOS)
        } else {
            clock.start()
        };
        // Nobody knows how long that goes on.
        let at_least = if is_unplanned { LONGEST_OUTAGE_NANOS } else { 0 };
        let schedule = schedule(spec, start, shape, planned_nanos, at_least);
        let live = io.audience.wants_latency_so_far().then(Arc::<LiveCounts>::default);
        let latency = (spec.measures == Measures::Latency)
            .then(|| recorder(spec, &schedule).seen_by(live.clone()));
        let output = RunSink::new(spec, io, latency, &clock.runtime());
        let plan_end = schedule.end();
        let plan = events.plan(schedule, output.open());
        let splits = plan.source.splits.splits();
        let observer = RunObserver::new(splits, spec.rate, plan_end, spec.warm_up);
        let observer = observer.with_latency(live).telling(io.audience.teller());
        Self { plan, output, observer: Arc::new(observer) }
    }

    /// The job under supervision; it runs once this is polled.
    fn start(
        &self,
        spec: &RunSpec,
        clock: &RunClock,
        io: &RunIo<'_>,
        prepared: Prepared,
    ) -> impl Future<Output = std::result::Result<Completion, EngineError>> + Send + use<> {
        plan_faults(spec, clock, io, &self.observer);
        let (plan, opening) = (self.plan.clone(), self.output.clone());
        let (parallelism, settings) = (spec.parallelism, spec.settings().clone());
        let identity = spec.recovery.identity;
        let workload = spec.identity();
        let prepared = Mutex::new(Some(prepared));
        let job = move |start| {
            let mut plan = plan.clone();
            // A driver that starts again knows nothing that is not in the storage.
            if start == Start::Resume {
                plan.sink = opening.open();
            }
            // Only the first start finds something prepared.
            let prepared = prepared.lock().expect("nobody else holds it").take();
            Job {
                workload: workload.clone(),
                plan,
                parallelism,
                settings: settings.clone(),
                start,
                identity,
                prepared: prepared.unwrap_or_default(),
            }
        };
        let observer = Arc::clone(&self.observer);
        let completed = move || observer.completed();
        let observer = Arc::clone(&self.observer);
        let control = Control { stop: io.stop.clone(), observer };
        let how = Supervision {
            start: spec.recovery.start,
            guarantee: spec.guarantee(),
            restart_nanos: RESTART_NANOS,
        };
        supervise(Arc::clone(&spec.engine), job, completed, clock.runtime(), control, how)
    }
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
    at_least_nanos: u64,
) -> Schedule {
    let straggler_ms = spec.knobs().get_integer("straggler_delay_ms").unwrap_or(0) as u64;
    let readable_nanos = planned_nanos.saturating_add(straggler_ms.saturating_mul(1_000_000));
    let mut longest = readable_nanos.saturating_mul(STAMP_SLACK).max(at_least_nanos);
    if spec.recovery.outlives_process {
        longest = longest.max(LONGEST_OUTAGE_NANOS);
    }
    let unit = StampUnit::for_run_of(longest);
    let rate = spec.rate.per_second();
    Schedule { rate, events: spec.events, warm_up: spec.warm_up, start, unit, shape }
}

fn recorder(spec: &RunSpec, schedule: &Schedule) -> Recorder {
    // When a window of foreign events ends is not planned.
    let is_generated = spec.topic.is_none();
    let rate = spec.rate.per_second().filter(|_| spec.workload.has_windows() && is_generated);
    let windows = rate.and_then(|rate| {
        let event_rate = spec.knobs().get_number("event_rate")?;
        Some(WindowClock { event_rate, rate, shape: schedule.shape.clone() })
    });
    let timed = spec.events.saturating_sub(spec.warm_up);
    Recorder::new(schedule.start, schedule.unit, windows).with_trails(rarity(timed))
}

fn plan_faults(spec: &RunSpec, clock: &RunClock, io: &RunIo<'_>, observer: &RunObserver) {
    for fault in &spec.recovery.faults {
        let faults = clock.faults();
        if let Some((events, fault)) = fault.plan(faults, spec.events) {
            let faults = Arc::clone(faults);
            observer.once_read(events, move || faults.strike_or_wait(fault));
        }
    }
    if let Some(events) = spec.recovery.stop_after {
        let stop = io.stop.clone();
        observer.once_read(events, move || stop.request());
    }
}

fn run_to_end(
    running: impl Future<Output = std::result::Result<Completion, EngineError>> + Send + 'static,
    runtime: &Arc<dyn Runtime>,
    observer: &Arc<RunObserver>,
) -> Result<std::result::Result<Completion, EngineError>> {
    let (clock, observer) = (Arc::clone(runtime), Arc::clone(observer));
    let ending = async move {
        let result = running.await;
        if let Err(error) = &result {
            observer.ended_by(clock.now(), &error.to_string());
        }
        result
    };
    block_on(ending, runtime)
}

/// Runs a future to its end on a runtime.
fn block_on<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
    runtime: &Arc<dyn Runtime>,
) -> Result<T> {
    let outcome: Arc<Mutex<Option<T>>> = Arc::default();
    let place = Arc::clone(&outcome);
    let finished = runtime.block_on(Box::pin(async move {
        let result = future.await;
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

/// A line that cannot be read is bad input, and pointed at as in a file; so is what a folder holds, an input
/// that is gone or refuses to be read, and an output that refuses to be written to. The rest is the run's.
fn failed(error: EngineError) -> Error {
    match error {
        EngineError::Source(SourceError { input, line: Some(line), column, cause, .. }) => {
            let column = column.map_or(String::new(), |column| format!(":{column}"));
            Error::Input(format!("{input}:{line}{column}: {cause}"))
        }
        EngineError::Source(error) if error.failure == SourceFailure::Refused => {
            Error::input(error)
        }
        // What lies in the folders is input too.
        EngineError::Refused(_) => Error::input(error),
        EngineError::Storage(StorageError { kind: FailureKind::Damaged, .. })
        | EngineError::Sink(SinkError {
            kind: FailureKind::Damaged | FailureKind::Refused, ..
        }) => Error::input(error),
        _ => Error::run(error),
    }
}
