//! Late records are judged with what became of them, across failures too: a note is state.

use std::sync::Arc;

use dataflow::job::engine::Start;
use dataflow::job::storage::Storage;
use runtime::{MemoryStorage, Victim};
use streamgauge::internals::FaultSpec;

use crate::scenario::{Ran, Scenario};

const TIMED: [&str; 6] =
    ["windowed-count", "nexmark-q5", "nexmark-q6", "nexmark-q7", "nexmark-q8", "nexmark-q11"];

/// A second of events with windows of 20 ms, of which one in twenty is late.
fn late(engine: &'static str, workload: &str) -> Scenario {
    let mut scenario = Scenario::new(engine, workload, "exactly-once");
    if engine == "microbatch" {
        // Watermarks rise from batch to batch: in one as long as windows hardly anything is late.
        scenario.set = vec![("batch_interval_ms", 5.0.into())];
    }
    scenario.knobs.push(("late_fraction", 0.05.into()));
    if workload != "nexmark-q6" {
        scenario.knobs.push(("window_ms", 20.into()));
    }
    if workload == "nexmark-q5" {
        scenario.knobs.push(("slide_ms", 10.into()));
    }
    scenario
}

/// Records of which anything is told.
fn told(ran: &Ran) -> u64 {
    ran.result.output.late.as_ref().map_or(0, |late| late.left_out + late.accepted)
}

#[track_caller]
fn assert_right(ran: &Ran, what: &str) -> u64 {
    let output = &ran.result.output;
    assert!(!output.is_wrong() && output.expected_digest.is_some(), "{what}: {output:?}");
    told(ran)
}

#[test]
fn late_records_are_told_the_same_after_a_kill() {
    for (engine, victims) in [
        ("pipelined", [Victim::Subtask, Victim::Driver]),
        ("microbatch", [Victim::Task, Victim::Driver]),
    ] {
        for workload in TIMED {
            for victim in victims {
                let mut scenario = late(engine, workload);
                scenario.faults = vec![FaultSpec::kill_at(victim, 0.6)];
                let what = format!("{workload} on {engine}, {victim} killed");
                let ran = scenario.run();
                assert_eq!(ran.struck.len(), 1, "{what}");
                assert!(assert_right(&ran, &what) > 0, "{what}: nothing was late");
            }
        }
    }
}

#[test]
fn late_records_of_an_earlier_process_count_with_those_of_the_next() {
    for engine in ["pipelined", "microbatch"] {
        for workload in TIMED {
            let storage: Arc<dyn Storage> = MemoryStorage::new();
            let output: Arc<dyn Storage> = MemoryStorage::new();
            let mut scenario = late(engine, workload);
            scenario.stop_after = Some(5_000);
            let stopped = scenario.run_on(Arc::clone(&storage), Some(&output)).unwrap();
            assert!(stopped.result.interrupted);
            scenario.stop_after = None;
            scenario.start = Start::Resume;
            scenario.parallelism = 3;
            let what = format!("{workload} on {engine}, resumed");
            let ran = scenario.run_on(storage, Some(&output)).unwrap();
            let (before, all) = (told(&stopped), assert_right(&ran, &what));
            assert!(0 < before && before < all, "{what}: {before} of {all}");
        }
    }
}
