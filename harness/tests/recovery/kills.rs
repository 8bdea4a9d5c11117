//! Whoever is killed, the answer stays.

use runtime::{MemoryStorage, Victim};
use streamgauge::internals::FaultSpec;

use crate::scenario::{Ran, Scenario};

const ENGINES: [&str; 2] = ["pipelined", "microbatch"];

const WORKLOADS: [&str; 2] = ["keyed-count", "windowed-count"];

#[test]
fn without_a_failure_exactly_once_gives_the_answer_and_takes_checkpoints() {
    for engine in ENGINES {
        for workload in WORKLOADS {
            for guarantee in ["at-least-once", "exactly-once"] {
                let ran = Scenario::new(engine, workload, guarantee).run();
                let recovery = &ran.result.recovery;
                assert!(ran.is_right(), "{engine} {workload} {guarantee}");
                assert!(recovery.completed >= 15, "{engine} {workload}: {}", recovery.completed);
                assert_eq!((recovery.restarts, recovery.replayed), (0, 0));
            }
        }
    }
}

/// Runs with a kill at 40 % of the events; the answer must be right.
fn killed(engine: &'static str, workload: &'static str, victim: Victim) -> Ran {
    let mut scenario = Scenario::new(engine, workload, "exactly-once");
    scenario.faults = vec![FaultSpec::kill_at(victim, 0.4)];
    let ran = scenario.run();
    let cell = format!("{engine} {workload} {victim}");
    assert_eq!(ran.struck.len(), 1, "{cell}");
    assert_eq!(ran.result.recovery.restarts, 1, "{cell}: {:?}", ran.result.recovery.failures);
    assert!(ran.is_right(), "{cell}: {:?}", ran.result.output);
    ran
}

#[test]
fn a_killed_subtask_is_replayed_from_the_last_checkpoint() {
    for workload in WORKLOADS {
        let ran = killed("pipelined", workload, Victim::Subtask);
        assert!(ran.result.recovery.replayed > 0);
        // Twenty checkpoints a second: half of one's events on average, two at the most.
        assert!(ran.result.recovery.replayed <= 1_000, "{}", ran.result.recovery.replayed);
    }
}

#[test]
fn a_killed_task_costs_one_batch_at_most() {
    for workload in WORKLOADS {
        let ran = killed("microbatch", workload, Victim::Task);
        assert!(ran.result.recovery.replayed <= 500, "{}", ran.result.recovery.replayed);
    }
}

#[test]
fn a_lost_executor_or_driver_is_survived() {
    for engine in ENGINES {
        for workload in WORKLOADS {
            killed(engine, workload, Victim::Executor);
            killed(engine, workload, Victim::Driver);
        }
    }
}

#[test]
fn incremental_checkpoints_restore_the_same_state() {
    for deltas in [1, 3, 100] {
        let mut scenario = Scenario::new("pipelined", "keyed-count", "exactly-once");
        scenario.set.push(("checkpoint_deltas", deltas.into()));
        scenario.faults = vec![FaultSpec::kill_at(Victim::Subtask, 0.7)];
        let ran = scenario.run();
        assert!(ran.is_right(), "{deltas}: {:?}", ran.result.output);
        let checkpoints = &ran.result.recovery.checkpoints;
        let full = checkpoints.iter().filter(|checkpoint| checkpoint.full).count();
        assert!(full >= 2 && full < checkpoints.len(), "{full} of {}", checkpoints.len());
    }
}

#[test]
fn lost_and_late_messages_are_survived() {
    for fault in ["lose:trigger@3", "lose:acknowledgement@7", "delay:acknowledgement+60ms@9"] {
        let mut scenario = Scenario::new("pipelined", "keyed-count", "exactly-once");
        scenario.set.push(("checkpoint_timeout_ms", 40.0.into()));
        scenario.faults = vec![fault.parse().unwrap()];
        let ran = scenario.run();
        assert!(ran.is_right(), "{fault}: {:?}", ran.result.output);
        assert_eq!(ran.struck.len(), 1, "{fault}");
        assert_eq!(ran.result.recovery.restarts, 1, "{fault}: the checkpoint expires");
    }
}

#[test]
fn a_slow_task_changes_no_answer() {
    for (engine, fault) in
        [("pipelined", "slow:subtask+3ms@30%"), ("microbatch", "slow:task+3ms@30%")]
    {
        let mut scenario = Scenario::new(engine, "windowed-count", "exactly-once");
        scenario.faults = vec![fault.parse().unwrap()];
        let ran = scenario.run();
        assert!(ran.is_right(), "{engine}");
        let [strike] = &ran.struck[..] else { panic!("{engine}: {:?}", ran.struck) };
        assert!(!strike.what.contains("nobody"), "{engine}: {}", strike.what);
    }
}

#[test]
fn without_a_guarantee_a_failure_is_the_end() {
    for (engine, victim) in [("pipelined", Victim::Subtask), ("microbatch", Victim::Task)] {
        let mut scenario = Scenario::new(engine, "keyed-count", "none");
        scenario.faults = vec![FaultSpec::kill_at(victim, 0.4)];
        let ran = scenario.run_on(MemoryStorage::new(), None);
        let error = ran.err().expect("nobody starts it again");
        assert!(error.contains("ended without a result"), "{engine}: {error}");
    }
}
