//! Sources that are woken late though they have nothing else to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dataflow::job::observer::{LATE_NANOS, Observer};
use serde_json::json;

use crate::fixture::{Clock, Events, MILLI, Setup, engines, run};

#[derive(Default)]
struct Overslept(AtomicU64);

impl Observer for Overslept {
    fn overslept(&self, events: u64) {
        self.0.fetch_add(events, Ordering::Relaxed);
    }
}

const EVENTS: u64 = 100;

/// Events that an engine says were read late when one comes every 50 ms, so that it is
/// done with one before the next (late timers make work long, too).
fn overslept(engine: &dyn dataflow::Engine, clock: Clock, interval_ms: u64) -> u64 {
    let heard = Arc::new(Overslept::default());
    // A micro-batch looks for events at its polls and triggers, unless it waits for each of them.
    let settings = [("batch_interval_ms", json!(interval_ms)), ("polling_delay_ms", json!(0))];
    let setup = Setup { observer: heard.clone(), ..Setup::new(engine, 2, clock) };
    let finished = run(setup.settings(&settings), |sink| {
        Events::new(EVENTS).paced(50 * MILLI).stream().sink(sink)
    });
    assert_eq!(finished.completion.records_in, EVENTS);
    heard.0.load(Ordering::Relaxed)
}

#[test]
fn what_is_read_over_a_millisecond_late_is_counted_and_what_is_not_is_not() {
    for engine in engines() {
        for interval_ms in [0, 20] {
            let of = |clock| overslept(&*engine, clock, interval_ms);
            let name = engine.name();
            assert_eq!(of(Clock::free(1)), 0, "{name}");
            assert_eq!(of(Clock::Late(LATE_NANOS)), 0, "{name}");
            let late = of(Clock::Late(3 * MILLI));
            // The first one is there from the start. Nobody who waits for a trigger is late.
            let waits = name == "microbatch" && interval_ms > 0;
            assert_eq!(late, if waits { 0 } else { EVENTS - 1 }, "{name}, {interval_ms}");
        }
    }
}

#[test]
fn a_source_that_is_busy_does_not_oversleep() {
    // Everything is planned at once: nobody waits for an event, however late timers are.
    for engine in engines() {
        let heard = Arc::new(Overslept::default());
        let setup =
            Setup { observer: heard.clone(), ..Setup::new(&*engine, 2, Clock::Late(3 * MILLI)) };
        run(setup, |sink| Events::new(EVENTS).stream().sink(sink));
        assert_eq!(heard.0.load(Ordering::Relaxed), 0, "{}", engine.name());
    }
}
