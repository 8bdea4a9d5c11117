//! A run in which nothing moves ends, and says who waits for what.

use dataflow::EngineError;
use dataflow::operators::Count;
use serde_json::json;

use crate::fixture::{
    Clock, Event, Events, Manner, PARALLELISMS, Setup, engines, key_of, per_record, pick, run,
    try_run,
};

fn stalled(error: EngineError) -> Vec<String> {
    match error {
        EngineError::Stalled { waiting, .. } => waiting,
        other => panic!("not a stall: {other}"),
    }
}

#[test]
fn a_sink_that_never_has_room_again_is_named() {
    let settings = [("stall_timeout_ms", json!(200))];
    for (engine, clock) in engines().iter().flat_map(|it| Clock::both().map(|clock| (it, clock))) {
        for parallelism in [1, 4] {
            let mut setup = Setup::new(&**engine, parallelism, clock).settings(&settings);
            setup.sink = Manner::Stuck;
            let ended = try_run(setup, |sink| {
                Events::new(2_000).stream().map(|event: Event| event).sink(sink)
            });
            let waiting = stalled(ended.expect_err("nothing can be written"));
            let partitions = if engine.name() == "sequential" { 1 } else { parallelism };
            assert_eq!(waiting.len(), partitions as usize, "{}: {waiting:?}", engine.name());
            for (number, party) in waiting.iter().enumerate() {
                let named = format!("source -> map/{number} waits for room in the sink");
                assert_eq!(*party, named, "{}", engine.name());
            }
        }
    }
}

#[test]
fn a_sink_that_never_finishes_is_named() {
    let settings = [("stall_timeout_ms", json!(200))];
    for (engine, clock) in engines().iter().flat_map(|it| Clock::both().map(|clock| (it, clock))) {
        let mut setup = Setup::new(&**engine, 2, clock).settings(&settings);
        setup.sink = Manner::NeverDone;
        let ended =
            try_run(setup, |sink| Events::new(100).stream().map(|event: Event| event).sink(sink));
        let waiting = stalled(ended.expect_err("the sink never finishes"));
        let named = |party: &String| party.ends_with("waits for room in the sink");
        assert!(waiting.iter().any(named), "{}: {waiting:?}", engine.name());
    }
}

#[test]
fn idle_subtasks_whose_flushers_run_do_not_hide_a_stall() {
    // One key: of four counters one writes and three have nothing to do, but all flush.
    let settings = [("stall_timeout_ms", json!(500)), ("buffer_timeout_ms", json!(10))];
    let engine = pick("pipelined");
    for clock in Clock::both() {
        let mut setup = Setup::new(&*engine, 4, clock).settings(&settings);
        setup.sink = Manner::Stuck;
        let ended = try_run(setup, |sink| {
            let one_key = Events::new(200_000).keys(1);
            one_key.stream().key_by(key_of).aggregate(Count::default()).sink_changes(sink)
        });
        let waiting = stalled(ended.expect_err("nothing can be written"));
        let count = |what: &str| waiting.iter().filter(|party| party.contains(what)).count();
        assert_eq!(count("waits for room in the sink"), 1, "{waiting:?}");
        assert_eq!(count("waits for input"), 3, "{waiting:?}");
        let senders = count("waits for credit on `source -> aggregate`, channel ");
        assert_eq!(senders, 4, "{waiting:?}");
    }
}

#[test]
fn a_sink_that_is_slow_and_a_source_that_is_quiet_are_no_stall() {
    // Each write takes most of the timeout, and events come seven timeouts apart.
    let settings = [("stall_timeout_ms", json!(100))];
    for engine in engines() {
        for parallelism in PARALLELISMS {
            let mut setup = Setup::new(&*engine, parallelism, Clock::seeded(1)).settings(&settings);
            setup.sink = Manner::Slow(90_000_000);
            let finished = run(setup, |sink| {
                let rare = Events::new(20).paced(700_000_000);
                rare.stream().key_by(key_of).aggregate(Count::default()).sink_changes(sink)
            });
            assert_eq!(finished.completion.records_out, 20, "{}", engine.name());
        }
    }
}

#[test]
fn work_that_takes_long_under_virtual_time_is_no_stall() {
    // A chunk of 256 records takes a quarter of a second.
    let costs = per_record(1e6);
    let settings = [("stall_timeout_ms", json!(100))];
    for engine in engines() {
        let clock = Clock::Virtual(runtime::VirtualOptions { costs, ..Default::default() });
        let finished = run(Setup::new(&*engine, 2, clock).settings(&settings), |sink| {
            let counts = Events::new(2_000).stream().key_by(key_of);
            counts.aggregate(Count::default()).sink_changes(sink)
        });
        assert_eq!(finished.completion.records_out, 2_000, "{}", engine.name());
    }
}
