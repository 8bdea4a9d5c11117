//! An engine that stalls for a known time is reported so, where a closed loop sees nothing of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use dataflow::exchange::sink::{Output, Sink, SinkError};
use dataflow::job::engine::{BoxFuture, Control, Job as EngineJob};
use dataflow::job::observer::Silent;
use dataflow::job::runtime::{Runtime, Timer};
use dataflow::job::settings::Setting;
use dataflow::job::source::{Available, Next, Reader, Source, SourceError, Splits};
use dataflow::operators::Input;
use dataflow::{
    Completion, Engine, EngineError, EventTime, ProcessingTime, Record, StampUnit, Stamps,
    StopSignal, Stream,
};
use reports::schema::LatencySummary;
use runtime::{CostTable, VirtualOptions, VirtualTime};
use streamgauge::Registry;
use streamgauge::internals::{Recorder, measuring, resolve_settings};

use crate::job::{Job, millis};

/// Events of a run.
const EVENTS: u64 = 20_000;
/// Events planned while the engine stalls once.
const PER_STALL: u64 = 100;
/// One stall begins with every so many events: a twentieth of all come during one.
const EVERY: u64 = 20 * PER_STALL;

/// Passes events on at once, and then does nothing at all for a while, again and again.
struct Stalling {
    stall: ProcessingTime,
}

impl Engine for Stalling {
    fn name(&self) -> &'static str {
        "stalling"
    }
    fn describe(&self) -> &'static str {
        "a mock engine with stalls of a known length"
    }
    fn settings(&self) -> &'static [Setting] {
        sequential::SETTINGS
    }
    fn run(
        &self,
        mut job: EngineJob,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>> {
        let (open, stall) = (Arc::clone(&job.plan.sink.open), self.stall);
        let shared = Arc::clone(&runtime);
        job.plan.sink.open = Arc::new(move |subtask| {
            let (inner, timer, runtime) = (open(subtask), shared.timer(), Arc::clone(&shared));
            let next = ProcessingTime::ZERO;
            Box::new(StallingSink { inner, timer, runtime, stall, next, stalls: false })
        });
        sequential::Sequential.run(job, runtime, control)
    }
}

/// Has no room for a while after what it takes at the beginning of each period.
struct StallingSink {
    inner: Box<dyn Sink>,
    timer: Box<dyn Timer>,
    runtime: Arc<dyn Runtime>,
    stall: ProcessingTime,
    next: ProcessingTime,
    stalls: bool,
}

impl Sink for StallingSink {
    fn write(&mut self, output: &mut Output, now: ProcessingTime) -> Result<(), SinkError> {
        self.inner.write(output, now)?;
        if now >= self.next {
            self.next = self.next.after(self.stall.0 / PER_STALL * EVERY);
            self.timer.arm(self.runtime.now().after(self.stall.0));
            self.stalls = true;
        }
        Ok(())
    }
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if self.stalls && self.timer.poll_due(context).is_pending() {
            return Poll::Pending;
        }
        self.stalls = false;
        self.inner.poll_room(context)
    }
}

/// What the harness reports when events are planned whatever the engine does.
fn open_loop(stall: ProcessingTime) -> LatencySummary {
    let job = Job {
        engine: Arc::new(Stalling { stall }),
        events: EVENTS,
        rate: PER_STALL as f64 * 1e9 / stall.0 as f64,
        parallelism: 1,
        costs: CostTable::FREE,
        ..Job::new("sequential", "forward")
    };
    job.run().latency_ns.from_planned
}

/// A client that sends an event once the one before was taken and a pause is over, and counts from
/// when it sent: what an engine keeps it from sending is in no figure.
#[derive(Clone)]
struct Client {
    pause: ProcessingTime,
    /// When each event was sent.
    sent: Arc<Mutex<Vec<ProcessingTime>>>,
}

impl Splits for Client {
    fn splits(&self) -> u32 {
        1
    }
    fn available(&self, _: u32, from: u64, now: ProcessingTime) -> Result<Available, SourceError> {
        if from == EVENTS {
            return Ok(Available { end: EVENTS, next: Next::Never });
        }
        let mut sent = self.sent.lock().expect("no holder fails");
        let due = sent.last().map_or(ProcessingTime::ZERO, |last| last.after(self.pause.0));
        // The engine asks for more: it has taken the event before.
        if sent.len() as u64 == from && now >= due {
            sent.push(now);
        }
        Ok(Available { end: sent.len() as u64, next: Next::At(due) })
    }
}

impl Source<u64> for Client {
    fn reader(&self) -> Box<dyn Reader<u64>> {
        Box::new(self.clone())
    }
}

impl Reader<u64> for Client {
    fn read(
        &mut self,
        _: u32,
        offsets: Range<u64>,
        into: &mut Vec<Record<u64>>,
    ) -> Result<EventTime, SourceError> {
        let sent = self.sent.lock().expect("no holder fails");
        let last = EventTime(offsets.end as i64);
        into.extend(offsets.map(|number| {
            let stamp = StampUnit::MICROSECOND.stamp(sent[number as usize].0);
            let planned = stamp.expect("a short run");
            let stamps = Stamps { planned, ingested: planned };
            Record { value: number, event_time: EventTime(number as i64), stamps }
        }));
        Ok(last)
    }
}

/// What the same recorder says of the same engine when such a client drives it.
fn closed_loop(stall: ProcessingTime) -> LatencySummary {
    let registry = Registry::standard();
    let workload = registry.workload("forward").expect("a known workload");
    let engine = Stalling { stall };
    let settings =
        resolve_settings(&engine, &BTreeMap::new(), &BTreeMap::new(), &*workload, 1, false)
            .expect("the defaults");
    let runtime = VirtualTime::new(VirtualOptions::default());
    let recorder = Recorder::new(ProcessingTime::ZERO, StampUnit::MICROSECOND, None);
    let (slot, measured) = measuring(Some(recorder), None);
    let client = Client { pause: ProcessingTime(stall.0 / PER_STALL), sent: Arc::default() };
    let events: Stream<Input<u64>> = Stream::from_source(Arc::new(client), 0);
    let job = EngineJob::fresh(events.map(|number| number).sink(slot), 1, settings);
    let control = Control { stop: StopSignal::default(), observer: Arc::new(Silent) };
    let running = engine.run(job, Arc::clone(&runtime) as _, control);
    let ended = runtime.block_on(Box::pin(async move {
        running.await.expect("the run comes to its end");
    }));
    ended.expect("nothing waits for ever");
    let measured = std::mem::take(&mut *measured.lock().expect("no sink is left"));
    measured.latency.expect("it was asked for").summaries(10).from_planned
}

/// Ranks as in a list: the value of which a share of all is at most as large.
fn at(sorted: &[u64], quantile: f64) -> u64 {
    sorted[(quantile * sorted.len() as f64).ceil() as usize - 1]
}

#[test]
fn stalls_are_reported_right_where_a_closed_loop_misses_them() {
    for stall in [1.0, 10.0, 100.0].map(millis) {
        let gap = stall.0 / PER_STALL;
        // An event that is planned `n` gaps after a stall began waits for the rest of it.
        let mut expected: Vec<u64> = (0..EVENTS)
            .map(|number| match number % EVERY {
                0 => 0,
                since => PER_STALL.saturating_sub(since) * gap,
            })
            .collect();
        expected.sort_unstable();
        let known = [at(&expected, 0.99), at(&expected, 0.999), expected[EVENTS as usize - 1]];
        assert_eq!(known, [79, 97, 99].map(|share| stall.0 * share / 100));

        let open = open_loop(stall);
        assert_eq!((open.count, open.clipped), (EVENTS, 0));
        let figures = |it: &LatencySummary| [it.p99, it.p999, it.max].map(Option::unwrap);
        for (got, known) in figures(&open).into_iter().zip(known) {
            // Three digits.
            assert!(got.abs_diff(known) * 1_000 <= known, "{got} ns is not {known} ns");
        }

        let closed = closed_loop(stall);
        assert_eq!(closed.count, EVENTS);
        for missed in figures(&closed) {
            assert!(missed < gap, "{missed} ns of a stall of {} ns", stall.0);
        }
    }
}
