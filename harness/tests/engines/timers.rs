//! Keyed logic with timers of both kinds.

use std::collections::BTreeMap;

use dataflow::operators::{Count, KeyedFunction, TimerContext};
use dataflow::{Collect, EventTime, ProcessingTime, Record};
use serde_json::json;

use crate::fixture::{
    Clock, Event, Events, Finished, MILLI, Setup, digest_of, engines, everywhere, key_of, pick, run,
};
use runtime::VirtualTime;

/// Sets an event-time timer this long after every event, and says when it fires.
#[derive(Clone)]
struct EventEcho(i64);

impl KeyedFunction for EventEcho {
    type Key = u64;
    type In = Event;
    type State = u64;
    type Out = (u64, i64);
    fn fresh(&self) -> u64 {
        0
    }
    fn process(
        &self,
        seen: &mut u64,
        record: Record<Event>,
        context: &mut TimerContext<'_, u64>,
        _: &mut impl Collect<(u64, i64)>,
    ) {
        *seen += 1;
        context.at_event_time(EventTime(record.event_time.0 + self.0));
    }
    fn on_event_time(
        &self,
        _: &mut u64,
        time: EventTime,
        context: &mut TimerContext<'_, u64>,
        out: &mut impl Collect<(u64, i64)>,
    ) {
        let late = context.progress.watermark < time;
        let value = (*context.key, if late { -1 } else { time.0 });
        out.push(Record { value, event_time: time, stamps: context.stamps });
    }
}

#[test]
fn an_event_time_timer_fires_once_per_key_and_time() {
    let delay = 7 * MILLI as i64;
    everywhere(|engine, parallelism, clock| {
        let events = Events::new(1_000).disordered(25);
        let finished = run(Setup::new(engine, parallelism, clock), |sink| {
            events.stream().key_by(key_of).process(EventEcho(delay)).sink(sink)
        });
        let fired: std::collections::BTreeSet<(u64, i64)> =
            events.all().map(|((key, _), time)| (key, time + delay)).collect();
        assert_eq!(finished.completion.counters.fired, fired.len() as u64, "{}", engine.name());
        assert_eq!(finished.digest, digest_of(fired), "{} at {parallelism}", engine.name());
    });
}

/// Sets a processing-time timer this long after every event, and says for when it was set and
/// when it fires.
#[derive(Clone)]
struct ClockEcho(u64);

impl KeyedFunction for ClockEcho {
    type Key = u64;
    type In = Event;
    type State = u64;
    type Out = (u64, u64);
    fn fresh(&self) -> u64 {
        0
    }
    fn process(
        &self,
        _: &mut u64,
        _: Record<Event>,
        context: &mut TimerContext<'_, u64>,
        _: &mut impl Collect<(u64, u64)>,
    ) {
        context.at_processing_time(context.progress.processing_time.after(self.0));
    }
    fn on_processing_time(
        &self,
        _: &mut u64,
        time: ProcessingTime,
        context: &mut TimerContext<'_, u64>,
        out: &mut impl Collect<(u64, u64)>,
    ) {
        let value = (time.0, context.progress.processing_time.0);
        out.push(Record { value, event_time: EventTime(0), stamps: context.stamps });
    }
}

/// For when timers were set, when they fired, and when their results came out; in milliseconds.
fn firings(finished: &Finished) -> Vec<(f64, f64, f64)> {
    let millis = |nanos: u64| nanos as f64 / MILLI as f64;
    let rows = finished.collected.rows();
    let rows = rows.into_iter().map(|row| serde_json::from_value(row).expect("two numbers"));
    let emitted = finished.collected.emitted.iter();
    rows.zip(emitted)
        .map(|((set, fired), (at, ..)): ((u64, u64), _)| (millis(set), millis(fired), millis(at.0)))
        .collect()
}

/// Four events of one key, 100 ms apart.
fn four_events() -> Events {
    Events::new(4).splits(1).keys(1).paced(100 * MILLI)
}

#[test]
fn the_pipelined_engine_fires_a_processing_time_timer_at_its_instant() {
    let engine = pick("pipelined");
    for parallelism in [1, 3] {
        let each_at_once = [("buffer_timeout_ms", json!(0))];
        let setup = Setup::new(&*engine, parallelism, Clock::free(5)).settings(&each_at_once);
        let finished = run(setup, |sink| {
            four_events().stream().key_by(key_of).process(ClockEcho(30 * MILLI)).sink(sink)
        });
        // The input ends at 300 ms, with the last event: its timer is never due.
        assert_eq!(firings(&finished), [(30., 30., 30.), (130., 130., 130.), (230., 230., 230.)]);
    }
}

#[test]
fn the_micro_batch_engine_fires_a_processing_time_timer_at_the_next_boundary() {
    let engine = pick("microbatch");
    for seed in 0..5 {
        let settings = [("batch_interval_ms", json!(50))];
        let clock = Clock::free(seed);
        let finished = run(Setup::new(&*engine, 2, clock).settings(&settings), |sink| {
            four_events().stream().key_by(key_of).process(ClockEcho(30 * MILLI)).sink(sink)
        });
        let boundary = boundaries(clock, 50);
        let expected: Vec<_> = [0, 100, 200, 300]
            .map(|millis| {
                // The first batch waits for no boundary.
                let read = if millis == 0 { 0 } else { boundary(millis * MILLI) };
                let set = read + 30 * MILLI;
                let fired = boundary(set);
                [set, fired, fired].map(|nanos| nanos as f64 / MILLI as f64).into()
            })
            .into();
        // After the last event's batch there is one more boundary at which the driver looks,
        // finds that its timer is due, and only then that the input has ended.
        assert_eq!(firings(&finished), expected, "seed {seed}");
    }
}

/// Counts of windows of 50 ms of processing time, each with its end in milliseconds, for events
/// that come every 10 ms.
fn processing_time_windows(
    engine: &str,
    clock: Clock,
    settings: &[(&'static str, serde_json::Value)],
) -> Vec<(u64, u64)> {
    let engine = pick(engine);
    let finished = run(Setup::new(&*engine, 2, clock).settings(settings), |sink| {
        let events = Events::new(40).splits(1).keys(1).paced(10 * MILLI);
        let windows = events.stream().key_by(key_of).processing_time_window(50 * MILLI as i64);
        windows.aggregate(Count::default()).map(|it| (it.window_end.0, it.result)).sink(sink)
    });
    let rows = finished.collected.rows().into_iter();
    let rows = rows.map(|row| serde_json::from_value(row).expect("two numbers"));
    rows.map(|(end, count): (u64, u64)| (end / MILLI, count)).collect()
}

#[test]
fn windows_of_processing_time_hold_what_is_processed_in_them() {
    // Each event is processed when it becomes readable, at 0, 10, .. 390 ms.
    let at_once: Vec<_> = (1..=8).map(|window| (window * 50, 5)).collect();
    let each = [("buffer_timeout_ms", json!(0))];
    assert_eq!(processing_time_windows("sequential", Clock::free(5), &[]), at_once);
    assert_eq!(processing_time_windows("pipelined", Clock::free(5), &each), at_once);
    // In micro-batches, at the first boundary that is not before it.
    for seed in 0..5 {
        let clock = Clock::free(seed);
        let got = processing_time_windows("microbatch", clock, &[("batch_interval_ms", json!(30))]);
        let boundary = boundaries(clock, 30);
        let mut expected = BTreeMap::new();
        for number in 0..40 {
            let processed = if number == 0 { 0 } else { boundary(number * 10 * MILLI) };
            *expected.entry((processed / (50 * MILLI) + 1) * 50).or_default() += 1;
        }
        assert_eq!(got, expected.into_iter().collect::<Vec<_>>(), "seed {seed}");
    }
}

/// The first boundary of micro-batches that is not before an instant.
fn boundaries(clock: Clock, interval_ms: u64) -> impl Fn(u64) -> u64 {
    let Clock::Virtual(options) = clock else { unreachable!("a virtual clock") };
    let random = dataflow::job::runtime::Runtime::random(&*VirtualTime::new(options), "trigger");
    let interval = interval_ms * MILLI;
    let phase = random % interval;
    move |at| at.saturating_sub(phase).div_ceil(interval) * interval + phase
}

/// Asks to be woken at instants of its own, without any key: in the source's stage.
#[derive(Clone)]
struct Heartbeat {
    every: u64,
    next: u64,
}

impl dataflow::Operator for Heartbeat {
    type In = Event;
    type Out = (u64, u64);
    fn process(&mut self, _: Record<Event>, _: &mut impl Collect<(u64, u64)>) {}
    fn advance(
        &mut self,
        progress: dataflow::Progress,
        out: &mut impl Collect<(u64, u64)>,
    ) -> dataflow::Step {
        while self.next <= progress.processing_time.0 {
            let value = (self.next, progress.processing_time.0);
            out.push(Record::untimed(value, EventTime(0)));
            self.next += self.every;
        }
        dataflow::Step::Done
    }
    fn wake_at(&self) -> Option<ProcessingTime> {
        Some(ProcessingTime(self.next))
    }
}

#[test]
fn a_timer_fires_while_the_source_is_idle() {
    // Two events ten seconds apart, and a heartbeat each second in between.
    for (engine, clock) in
        engines().iter().flat_map(|it| [(it, Clock::free(1)), (it, Clock::free(2))])
    {
        let events = Events::new(2).splits(1).paced(10_000 * MILLI);
        let on_demand = [("polling_delay_ms", json!(0))];
        let finished = run(Setup::new(&**engine, 1, clock).settings(&on_demand), |sink| {
            let beat = Heartbeat { every: 1_000 * MILLI, next: 1_000 * MILLI };
            events.stream().then(beat).sink(sink)
        });
        let beats: Vec<f64> = firings(&finished).into_iter().map(|(set, ..)| set).collect();
        let expected: Vec<f64> = (1..=10).map(|second| f64::from(second) * 1_000.).collect();
        assert_eq!(beats, expected, "{}", engine.name());
        let on_time = firings(&finished).iter().all(|(set, fired, at)| set == fired && fired == at);
        assert!(on_time, "{}: {:?}", engine.name(), firings(&finished));
    }
}
