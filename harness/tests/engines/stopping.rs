//! A run that is stopped reads no more, drains what it has read, and ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dataflow::job::observer::Observer;
use dataflow::operators::Count;
use dataflow::{ProcessingTime, StopSignal};
use serde_json::json;

use crate::fixture::{
    Clock, Event, Events, Finished, MILLI, Manner, PARALLELISMS, Setup, engines, everywhere,
    key_of, keyed_counts, run,
};

/// More events than any test reads.
const ENDLESS: u64 = 1 << 50;

/// Stops the run once it has been told of this many reads.
struct StopAfter {
    reads: u64,
    seen: AtomicU64,
    stop: StopSignal,
}

impl Observer for StopAfter {
    fn read(&self, _: u32, _: ProcessingTime, _: u64) {
        if self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.reads {
            self.stop.request();
        }
    }
}

/// Stops the run some time after the fourth read: the source is idle by then.
struct StopOnceIdle {
    reads: AtomicU64,
    stop: StopSignal,
}

impl Observer for StopOnceIdle {
    fn read(&self, _: u32, _: ProcessingTime, _: u64) {
        if self.reads.fetch_add(1, Ordering::SeqCst) + 1 == 4 {
            let stop = self.stop.clone();
            std::thread::spawn(move || {
                #[expect(clippy::disallowed_methods, reason = "a thread of its own")]
                std::thread::sleep(Duration::from_millis(20));
                stop.request();
            });
        }
    }
}

fn stopped_after(mut setup: Setup<'_>, reads: u64) -> Setup<'_> {
    let stop = setup.stop.clone();
    setup.observer = Arc::new(StopAfter { reads, seen: AtomicU64::new(0), stop });
    setup
}

fn assert_drained(finished: &Finished, what: &str) {
    assert!(finished.completion.interrupted, "{what}");
    assert!(finished.completion.records_in > 0, "{what}");
    assert_eq!(finished.completion.records_in, finished.completion.records_out, "{what}");
}

#[test]
fn a_source_that_never_ends_is_drained_when_stopped() {
    let settings = [("max_offsets_per_trigger", json!(500))];
    everywhere(|engine, parallelism, clock| {
        let setup = Setup::new(engine, parallelism, clock).settings(&settings);
        let finished = run(stopped_after(setup, 30), |sink| {
            Events::new(ENDLESS).stream().map(|event: Event| event).sink(sink)
        });
        assert_drained(&finished, engine.name());
    });
}

#[test]
fn a_back_pressured_source_is_drained_when_stopped() {
    // A write takes a millisecond, and a change at a time is written.
    let settings = [
        ("max_offsets_per_trigger", json!(500)),
        ("buffer_bytes", json!(256)),
        ("exclusive_buffers_per_channel", json!(1)),
        ("floating_buffers_per_gate", json!(0)),
        ("max_buffers_per_channel", json!(1)),
    ];
    everywhere(|engine, parallelism, clock| {
        let mut setup = Setup::new(engine, parallelism, clock).settings(&settings);
        setup.sink = Manner::Slow(MILLI / 10);
        let finished = run(stopped_after(setup, 10), |sink| {
            let counts = Events::new(ENDLESS).stream().key_by(key_of);
            counts.aggregate(Count::default()).sink_changes(sink)
        });
        assert_drained(&finished, engine.name());
    });
}

#[test]
fn a_paced_source_is_drained_when_stopped() {
    everywhere(|engine, parallelism, clock| {
        let setup = Setup::new(engine, parallelism, clock);
        let finished = run(stopped_after(setup, 20), |sink| {
            Events::new(ENDLESS).paced(MILLI / 4).stream().map(|event: Event| event).sink(sink)
        });
        assert_drained(&finished, engine.name());
    });
}

#[test]
fn an_idle_source_is_left_when_stopped() {
    // Four events, the first of each split; the next in a year. The stop comes in between.
    let year = 365 * 24 * 3_600_000 * MILLI;
    for (engine, clock) in engines().iter().flat_map(|it| Clock::both().map(|clock| (it, clock))) {
        for (parallelism, interval) in
            PARALLELISMS.into_iter().flat_map(|it| [(it, 0), (it, 1_000_000)])
        {
            let events = Events::new(100).planned(move |number| if number < 4 { 0 } else { year });
            let settings =
                [("batch_interval_ms", json!(interval)), ("polling_delay_ms", json!(1_000))];
            let is_wall = matches!(clock, Clock::Wall);
            let mut setup = Setup::new(&**engine, parallelism, clock).settings(&settings);
            if is_wall {
                // On a busy machine the first events may be read long after they were planned.
                let (reads, stop) = (AtomicU64::new(0), setup.stop.clone());
                setup.observer = Arc::new(StopOnceIdle { reads, stop });
            } else {
                setup.stop_at = Some(ProcessingTime::from_millis(20));
            }
            let finished = run(setup, |sink| events.stream().map(|event: Event| event).sink(sink));
            assert_drained(&finished, engine.name());
            assert_eq!(finished.completion.records_in, 4);
        }
    }
}

#[test]
fn what_was_read_before_the_stop_is_the_answer() {
    let settings = [("max_offsets_per_trigger", json!(300))];
    for (engine, parallelism) in engines().iter().flat_map(|it| PARALLELISMS.map(|at| (it, at))) {
        let setup = Setup::new(&**engine, parallelism, Clock::seeded(4)).settings(&settings);
        let finished = run(stopped_after(setup, 7), |sink| {
            let counts = Events::new(ENDLESS).splits(1).stream().key_by(key_of);
            counts.aggregate(Count::default()).sink_changes(sink)
        });
        // One split: the first so many events.
        let read = Events::new(finished.completion.records_in).splits(1);
        let expected = crate::fixture::digest_of(keyed_counts(read.all()));
        assert_eq!(finished.digest, expected, "{}", engine.name());
    }
}

#[test]
fn a_source_whose_events_do_not_come_is_left_when_stopped() {
    // They are said to be there, and a broker does not send them.
    everywhere(|engine, parallelism, clock| {
        let mut setup = Setup::new(engine, parallelism, clock);
        setup.stop_at = Some(ProcessingTime::from_millis(50));
        let events = Events::new(1_000).splits(3).missing_from(700);
        let finished = run(setup, |sink| events.stream().map(|event: Event| event).sink(sink));
        let (completion, what) = (finished.completion, engine.name());
        assert!(completion.interrupted, "{what}");
        assert_eq!(completion.records_in, completion.records_out, "{what}");
        assert!(completion.records_in <= 700, "{what}");
    });
}

#[test]
fn what_had_come_before_the_stop_is_the_answer() {
    for (engine, parallelism) in engines().iter().flat_map(|it| PARALLELISMS.map(|at| (it, at))) {
        let mut setup = Setup::new(&**engine, parallelism, Clock::seeded(4));
        setup.stop_at = Some(ProcessingTime::from_millis(50));
        let finished = run(setup, |sink| {
            let events = Events::new(1_000).splits(1).missing_from(700);
            events.stream().key_by(key_of).aggregate(Count::default()).sink_changes(sink)
        });
        assert_eq!(finished.completion.records_in, 700, "{}", engine.name());
        let expected = crate::fixture::digest_of(keyed_counts(Events::new(700).splits(1).all()));
        assert_eq!(finished.digest, expected, "{}", engine.name());
    }
}

#[test]
fn a_run_that_has_read_everything_was_not_interrupted() {
    for (engine, clock) in engines().iter().flat_map(|it| Clock::both().map(|clock| (it, clock))) {
        let finished = run(Setup::new(&**engine, 2, clock), |sink| {
            Events::new(1_000).stream().map(|event: Event| event).sink(sink)
        });
        assert!(!finished.completion.interrupted, "{}", engine.name());
    }
}

#[test]
fn a_run_that_is_stopped_before_it_starts_reads_nothing() {
    for (engine, clock) in engines().iter().flat_map(|it| Clock::both().map(|clock| (it, clock))) {
        let setup = Setup::new(&**engine, 2, clock);
        setup.stop.request();
        let finished =
            run(setup, |sink| Events::new(ENDLESS).stream().map(|event: Event| event).sink(sink));
        assert_eq!(finished.completion.records_in, 0, "{}", engine.name());
        assert!(finished.completion.interrupted, "{}", engine.name());
    }
}
