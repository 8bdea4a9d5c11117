//! A job that is stopped and taken up at another parallelism and under another placement.

use dataflow::job::engine::Start;
use dataflow::placement::PLACEMENTS;
use runtime::MemoryStorage;
use workloads::registry::standard;

use crate::scenario::Scenario;

/// 2 subtasks, then 3, then 8, then 1: every answer of every workload stays.
#[test]
fn every_workload_survives_rescaling_under_every_placement() {
    for engine in ["pipelined", "microbatch"] {
        for workload in standard() {
            for placement in ["key-groups", "modulo", "ring"] {
                rescale(engine, workload.name(), &[placement; 4]);
            }
        }
        for placement in PLACEMENTS {
            rescale(engine, "keyed-count", &[placement; 4]);
        }
    }
}

/// The placement may change on the way as well.
#[test]
fn a_job_can_be_taken_up_under_another_placement() {
    for engine in ["pipelined", "microbatch"] {
        rescale(engine, "keyed-count", &["key-groups", "modulo", "ring", "key-groups"]);
        rescale(engine, "windowed-count", &["ring", "key-groups", "modulo", "ring"]);
        rescale(engine, "keyed-count", &["jump", "rendezvous", "murmur3", "splitmix"]);
    }
}

fn rescale(engine: &'static str, workload: &str, placements: &[&str; 4]) {
    let storage = MemoryStorage::new();
    for (step, (parallelism, placement)) in [2, 3, 8, 1].into_iter().zip(placements).enumerate() {
        let mut scenario = Scenario::new(engine, workload, "exactly-once");
        scenario.events = 2_000;
        if workload.starts_with("nexmark") {
            // 40 s of event time, so that windows of 10 s close on the way.
            scenario.knobs.push(("event_rate", 50.into()));
        }
        scenario.parallelism = parallelism;
        scenario.set.push(("placement", (*placement).into()));
        scenario.start = if step == 0 { Start::Fresh } else { Start::Resume };
        scenario.stop_after = (step < 3).then(|| 500 * (step as u64 + 1));
        let cell = format!("{engine} {workload} {placement} at {parallelism}");
        let ran = scenario.run_on(storage.clone(), None);
        let ran = ran.unwrap_or_else(|error| panic!("{cell}: {error}"));
        let result = &ran.result;
        if step < 3 {
            assert!(result.interrupted && result.records_in < 2_000, "{cell}");
            assert!(result.records_in >= 500 * (step as u64 + 1), "{cell}");
        } else {
            assert!(ran.is_right(), "{cell}: {:?}", result.output);
            assert_eq!(result.recovery.replayed, 0, "{cell}: a stop leaves nothing to do again");
        }
    }
}
