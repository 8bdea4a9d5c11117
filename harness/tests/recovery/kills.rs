//! Whoever is killed, the answer stays.

use runtime::Victim;
use streamgauge::fault_spec::FaultSpec;

use crate::scenario::Scenario;

const WORKLOADS: [&str; 2] = ["keyed-count", "windowed-count"];

#[test]
fn without_a_failure_exactly_once_gives_the_answer_and_takes_checkpoints() {
    for engine in ["pipelined"] {
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

#[test]
fn a_killed_subtask_is_replayed_from_the_last_checkpoint() {
    for workload in WORKLOADS {
        let mut scenario = Scenario::new("pipelined", workload, "exactly-once");
        scenario.faults = vec![FaultSpec::kill_at(Victim::Subtask, 0.4)];
        let ran = scenario.run();
        let recovery = &ran.result.recovery;
        assert_eq!(ran.struck.len(), 1);
        assert_eq!(recovery.restarts, 1, "{:?}", recovery.failures);
        assert!(recovery.replayed > 0);
        assert!(ran.is_right(), "{workload}: {:?} {}", ran.struck, ran.trace);
    }
}

#[test]
fn a_killed_driver_is_started_again_and_goes_on() {
    for workload in WORKLOADS {
        let mut scenario = Scenario::new("pipelined", workload, "exactly-once");
        scenario.faults = vec![FaultSpec::kill_at(Victim::Driver, 0.4)];
        let ran = scenario.run();
        assert_eq!(ran.result.recovery.restarts, 1, "{:?}", ran.result.recovery.failures);
        assert!(ran.is_right(), "{workload}: {:?}", ran.result.output);
    }
}
