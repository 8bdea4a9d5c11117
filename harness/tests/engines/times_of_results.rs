//! On every engine each result has the times of the event that it was made from, and a sample its
//! trail: whether its stage looks at the times of a batch or of every result.

use dataflow::exchange::sink::{SinkSlot, Wants};
use dataflow::operators::{Count, Input};
use dataflow::record::latency_trace::Sampling;
use dataflow::{Change, Engine, EventTime, Plan, ProcessingTime, StampUnit, Stream};

use crate::fixture::{Clock, Event, Events, Setup, everywhere, key_of, run};

/// Eight events of each microsecond: several neighbours have the same stamps.
const PER_MICRO: u64 = 8;

fn check(
    (engine, parallelism, clock): (&dyn Engine, u32, Clock),
    shape: &str,
    results: usize,
    number_of: impl Fn(&serde_json::Value) -> u64,
    plan: impl Fn(Stream<Input<Event>>, SinkSlot) -> Plan,
) {
    for event_times in [false, true] {
        check_with((engine, parallelism, clock), shape, results, event_times, &number_of, &plan);
    }
}

fn check_with(
    (engine, parallelism, clock): (&dyn Engine, u32, Clock),
    shape: &str,
    results: usize,
    event_times: bool,
    number_of: impl Fn(&serde_json::Value) -> u64,
    plan: impl FnOnce(Stream<Input<Event>>, SinkSlot) -> Plan,
) {
    let planned = |number: u64| number / PER_MICRO * 1_000;
    let events = Events::new(4_000).splits(3).planned(planned);
    let mut setup = Setup::new(engine, parallelism, clock);
    // One event in three leaves a trail.
    let sampling = Sampling::one_in(3, ProcessingTime::ZERO, StampUnit::MICROSECOND);
    setup.wants = Wants { event_times, trails: Some(sampling), ..setup.wants };
    let finished = run(setup, |sink| plan(events.stream(), sink));
    let collected = finished.collected;
    let what = format!("{shape} on {} at {parallelism}", engine.name());
    assert_eq!((collected.rows().len(), collected.emitted.len()), (results, results), "{what}");
    let mut samples = 0;
    for (row, (_, event_time, stamps)) in collected.rows().iter().zip(&collected.emitted) {
        let number = number_of(row);
        let own = EventTime(events.event_time(number));
        let expected = if event_times { own } else { EventTime::MIN };
        assert_eq!(*event_time, expected, "{what}: {number}");
        let stamp = StampUnit::MICROSECOND.stamp(planned(number)).expect("a short run");
        let sampled = u32::from(stamps.is_sampled());
        assert_eq!((stamps.planned, stamps.ingested), (stamp + sampled, stamp), "{what}: {number}");
        samples += u64::from(sampled);
    }
    assert!(samples > results as u64 / 4, "{what}: {samples} samples");
    assert_eq!((collected.trails.len() as u64, collected.without_trail), (samples, 0), "{what}");
}

/// A row that is an event.
fn number(row: &serde_json::Value) -> u64 {
    row[1].as_u64().expect("key and number")
}

#[test]
fn one_result_of_each_event() {
    everywhere(|engine, parallelism, clock| {
        let on = (engine, parallelism, clock);
        check(on, "map", 4_000, number, |events, sink| events.map(|it: Event| it).sink(sink));
        // Every event has a key of its own.
        let own_key = |it: Event| (it.1, it.1);
        let key = |row: &serde_json::Value| row.as_u64().expect("a key");
        check(on, "running aggregate", 4_000, key, |events, sink| {
            let counts = events.map(own_key).key_by(key_of).aggregate(Count::default());
            counts.map(|it| if let Change::Insert((key, 1)) = it { key } else { 0 }).sink(sink)
        });
    });
}

#[test]
fn one_result_or_none_and_several() {
    everywhere(|engine, parallelism, clock| {
        let on = (engine, parallelism, clock);
        check(on, "filter", 2_000, number, |events, sink| {
            events.filter(|it: &Event| it.1.is_multiple_of(2)).sink(sink)
        });
        check(on, "flat map", 6_000, number, |events, sink| {
            events.flat_map(|it: Event| (0..it.1 % 4).map(move |_| it)).sink(sink)
        });
    });
}
