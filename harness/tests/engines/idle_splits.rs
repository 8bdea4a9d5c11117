//! A split that stays open and brings nothing holds the watermark back, and no more once it is idle.

use dataflow::operators::Count;
use dataflow::{EventTime, ProcessingTime};
use serde_json::{Value, json};

use crate::fixture::{
    Clock, Events, Finished, MILLI, PARALLELISMS, Setup, digest_of, key_of, pick, run,
    windowed_counts,
};

const SIZE: i64 = 50 * MILLI as i64;
const SPLITS: u64 = 3;
/// When a run is stopped.
const STOP: ProcessingTime = ProcessingTime::from_millis(1_000);
/// When the silent split has an event.
const LATER: u64 = 60_000 * MILLI;

/// An event each millisecond; those of the last split from `silent_from` on come a minute later.
fn with_a_silent_split(silent_from: u64) -> Events {
    Events::new(2_000).splits(SPLITS as u32).planned(move |number| {
        let is_silent = number % SPLITS == SPLITS - 1 && number >= silent_from;
        number * MILLI + if is_silent { LATER } else { 0 }
    })
}

/// The engines that leave idle splits out, with what makes them wait for the split that is behind.
const ENGINES: [(&str, &str); 2] = [("pipelined", "max"), ("microbatch", "min")];

fn stopped_after_a_second(
    (engine, watermark): (&str, &'static str),
    parallelism: u32,
    idle_ms: u64,
    silent_from: u64,
) -> Finished {
    let engine = pick(engine);
    let settings: [(&'static str, Value); 2] =
        [("idle_timeout_ms", json!(idle_ms)), ("watermark", json!(watermark))];
    let mut setup = Setup::new(&*engine, parallelism, Clock::seeded(3)).settings(&settings);
    setup.stop_at = Some(STOP);
    run(setup, |sink| {
        let windows = with_a_silent_split(silent_from).stream().key_by(key_of).window(SIZE);
        windows.aggregate(Count::default()).sink(sink)
    })
}

#[test]
fn an_idle_split_lets_windows_close_and_without_a_timeout_it_does_not() {
    for (engine, parallelism) in ENGINES.iter().flat_map(|it| PARALLELISMS.map(|at| (*it, at))) {
        for silent_from in [0, 100] {
            // Results of windows that end behind the last event of the split, before the stop.
            let silence = EventTime::from_millis(silent_from as i64);
            let released = |idle_ms| {
                let finished = stopped_after_a_second(engine, parallelism, idle_ms, silent_from);
                assert!(finished.completion.interrupted, "{engine:?}");
                assert_eq!(finished.completion.counters.late_records, 0, "{engine:?}");
                let emitted = finished.collected.emitted.into_iter();
                let of_silence = emitted.filter(|(at, time, _)| *at < STOP && *time > silence);
                of_silence.count()
            };
            let what = format!("{engine:?} at {parallelism}, silent from {silent_from}");
            assert_eq!(released(0), 0, "{what}");
            let free = released(100);
            assert!(free >= 100, "{what}: {free} results of ten keys");
        }
    }
}

#[test]
fn a_timeout_that_is_never_reached_changes_no_answer() {
    for (engine, watermark) in ENGINES {
        let engine = pick(engine);
        let settings = [("idle_timeout_ms", json!(100_000)), ("watermark", json!(watermark))];
        for parallelism in PARALLELISMS {
            let events = with_a_silent_split(100);
            let setup = Setup::new(&*engine, parallelism, Clock::seeded(3)).settings(&settings);
            let finished = run(setup, |sink| {
                let windows = events.stream().key_by(key_of).window(SIZE);
                windows.aggregate(Count::default()).sink(sink)
            });
            assert_eq!(finished.completion.counters.late_records, 0, "{}", engine.name());
            let expected = digest_of(windowed_counts(events.all(), SIZE));
            assert_eq!(finished.digest, expected, "{}", engine.name());
        }
    }
}

#[test]
fn what_a_split_brings_after_it_was_idle_is_late_or_counted_and_nothing_is_lost() {
    for ((engine, watermark), parallelism) in
        ENGINES.iter().flat_map(|it| PARALLELISMS.map(|at| (*it, at)))
    {
        let engine = pick(engine);
        let settings = [("idle_timeout_ms", json!(100)), ("watermark", json!(watermark))];
        let setup = Setup::new(&*engine, parallelism, Clock::seeded(3)).settings(&settings);
        let finished = run(setup, |sink| {
            let windows = with_a_silent_split(100).stream().key_by(key_of).window(SIZE);
            windows.aggregate(Count::default()).sink(sink)
        });
        let rows = finished.collected.rows();
        let counted: u64 = rows.iter().map(|row| row["result"].as_u64().expect("a count")).sum();
        let late = finished.completion.counters.late_records;
        assert!(late > 0, "{}: it came a minute too late", engine.name());
        assert_eq!(counted + late, finished.completion.records_in, "{}", engine.name());
    }
}
