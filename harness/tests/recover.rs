//! What `recover` finds, in virtual time: each guarantee keeps what it promises, and no more.

use clap::Parser;
use dataflow::StopSignal;
use reports::schema::recovery::{RecoverOutput, RecoverRun};
use streamgauge::Registry;
use streamgauge::internals::{Cli, Command, Disturbance, Real, Runner, Silent, recover_all};

/// The runs of a command line.
fn recover(arguments: &str, stop: &StopSignal) -> Vec<RecoverRun> {
    let line = format!("streamgauge recover --clock virtual {arguments}");
    let Command::Recover(args) = Cli::parse_from(line.split_whitespace()).command else {
        panic!("{line} is no recover")
    };
    let disturbed = Disturbance::new(&args, &Registry::standard()).expect("sound arguments");
    let mut runs = Vec::new();
    let mut real = Real;
    let mut runner = Runner::new(&mut real, stop, &Silent);
    recover_all(&disturbed, &mut runs, &mut runner).expect("the jobs can be run");
    runs
}

/// None, at-least-once and exactly-once, of 10,000 events in two seconds.
fn three(arguments: &str) -> [RecoverRun; 3] {
    let runs = recover(&format!("--rate 5k --duration 2s {arguments}"), &StopSignal::default());
    let runs: [RecoverRun; 3] = runs.try_into().expect("one engine, three guarantees");
    let guarantees = ["none", "at-least-once", "exactly-once"];
    for (run, guarantee) in runs.iter().zip(guarantees) {
        assert_eq!((run.guarantee.as_str(), run.run.guarantee.as_str()), (guarantee, guarantee));
        assert_eq!(run.struck.len(), 1, "{guarantee}: {:?}", run.struck);
        assert_eq!(run.run.recovery.failures.len(), 1, "{guarantee}");
        assert!(!run.run.series.is_empty(), "{guarantee}");
        assert!(run.keeps_its_promise(), "{guarantee}");
    }
    runs
}

/// None loses what it had not emitted; exactly-once neither loses nor duplicates.
#[track_caller]
fn as_promised([none, at_least_once, exactly_once]: &[RecoverRun; 3]) {
    let emitted = none.run.records_out;
    assert_eq!(none.output, RecoverOutput::EndedByTheFailure);
    assert!(emitted > 0 && none.run.records_in < 10_000 && !none.run.valid);
    assert_eq!((none.lost, none.duplicated), (Some(10_000 - emitted), Some(0)));
    assert_eq!((none.outage_ns, none.catch_up_ns, none.replayed), (None, None, 0));
    assert_eq!(at_least_once.lost, Some(0));
    assert_eq!((exactly_once.lost, exactly_once.duplicated), (Some(0), Some(0)));
    assert_eq!(exactly_once.output, RecoverOutput::Equal);
    assert!(exactly_once.run.valid, "{:?}", exactly_once.run.invalid_because);
    for run in [at_least_once, exactly_once] {
        assert!(run.replayed > 0 && run.latency_ns_max.is_some(), "{}", run.guarantee);
        let emitted: u64 = run.run.series.iter().map(|bin| bin.records).sum();
        assert_eq!(emitted, 10_000 + run.duplicated.unwrap(), "{}", run.guarantee);
        let failure = &run.run.recovery.failures[0];
        let resumed = failure.resumed_ns.expect("it goes on");
        let caught_up = failure.caught_up_ns.expect("it catches up");
        assert!(failure.at_ns <= resumed && resumed <= caught_up, "{failure:?}");
        assert_eq!(run.outage_ns, Some(resumed - failure.at_ns));
        assert_eq!(run.catch_up_ns, Some(caught_up - resumed));
        let last = run.run.series.last().expect("a bin").at_ns;
        assert!(caught_up <= last, "before its end: {caught_up} ns, {last} ns");
    }
}

/// A subtask that dies a while after a checkpoint, with its flusher ahead of it: what was emitted
/// between the two is emitted again.
const PIPELINED: &str = "--engine pipelined --set restart_delay_ms=300 --set buffer_timeout_ms=5 \
                         --fault kill:subtask@45%";

#[test]
fn a_killed_subtask_shows_what_each_guarantee_does() {
    for workload in ["keyed-count", "forward"] {
        let runs = three(&format!("{PIPELINED} --workload {workload}"));
        as_promised(&runs);
        assert!(runs[1].duplicated > Some(0), "{workload}: {}", runs[1].replayed);
        assert_eq!(runs[1].output, RecoverOutput::Differs, "{workload}");
        for run in &runs[1..] {
            let outage = run.outage_ns.expect("it goes on");
            assert!((200_000_000..400_000_000).contains(&outage), "{outage} ns");
        }
    }
}

#[test]
fn windows_are_neither_lost_nor_doubled_under_exactly_once() {
    for engine in [PIPELINED, "--engine microbatch --fault kill:task@45%"] {
        let windows = "--workload windowed-count --set window_ms=20";
        let [none, at_least_once, exactly_once] = three(&format!("{engine} {windows}"));
        assert!(none.lost > Some(0) && none.duplicated == Some(0), "{engine}");
        assert_eq!(at_least_once.lost, Some(0), "{engine}");
        assert_eq!(exactly_once.output, RecoverOutput::Equal, "{engine}");
    }
}

#[test]
fn a_killed_driver_is_started_again_by_the_supervisor() {
    for engine in ["pipelined", "microbatch"] {
        let runs = three(&format!("--engine {engine} --fault kill:driver@25%"));
        let [none, at_least_once, exactly_once] = &runs;
        assert_eq!(none.output, RecoverOutput::EndedByTheFailure, "{engine}");
        assert!(at_least_once.lost == Some(0) && at_least_once.duplicated > Some(0), "{engine}");
        assert_eq!(exactly_once.output, RecoverOutput::Equal, "{engine}");
        for run in [at_least_once, exactly_once] {
            let (outage, catch_up) = (run.outage_ns.unwrap(), run.catch_up_ns.unwrap());
            assert!((1_000_000_000..1_300_000_000).contains(&outage), "{engine}: {outage} ns");
            assert!(catch_up < 500_000_000, "{engine}: {catch_up} ns");
        }
    }
}

#[test]
fn a_killed_task_is_tried_again_within_its_batch() {
    let runs = three("--engine microbatch --fault kill:task@45%");
    as_promised(&runs);
    let (outage, catch_up) = (runs[2].outage_ns.unwrap(), runs[2].catch_up_ns.unwrap());
    assert!(outage < 100_000_000, "no job is started again: {outage} ns");
    // Whether it has caught up is seen at the next trigger.
    assert!(catch_up <= 250_000_000, "{catch_up} ns");
}

#[test]
fn a_fault_that_finds_nobody_changes_nothing() {
    let line = "--engine microbatch --rate 5k --duration 500ms --fault kill:subtask@40%";
    for run in recover(line, &StopSignal::default()) {
        assert_eq!(run.output, RecoverOutput::Equal, "{}", run.guarantee);
        assert_eq!((run.lost, run.duplicated, run.replayed), (Some(0), Some(0), 0));
        assert!(run.struck.is_empty() && !run.has_failed());
        assert_eq!(run.outcome(), "equal (nothing failed)");
    }
}

#[test]
fn the_same_seed_gives_the_same_figures() {
    let figures = || {
        let runs = recover(&format!("--rate 5k --duration 1s {PIPELINED}"), &StopSignal::default());
        let runs = runs.into_iter().map(|mut run| {
            // What is not modelled.
            run.run.peak_memory_bytes = None;
            run.run.environment.clear();
            run
        });
        serde_json::to_string(&runs.collect::<Vec<_>>()).expect("results are written as JSON")
    };
    assert_eq!(figures(), figures());
}

#[test]
fn whoever_stops_it_before_the_first_run_gets_none() {
    let stop = StopSignal::default();
    stop.request();
    assert!(recover("--rate 5k --duration 1s", &stop).is_empty());
}
