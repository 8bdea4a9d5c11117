//! What an exchange has counted is part of what a restart takes up.

use dataflow::Engine;
use dataflow::job::engine::Start;
use runtime::{MemoryStorage, Victim};
use streamgauge::Registry;
use streamgauge::internals::FaultSpec;

use crate::scenario::{Ran, Scenario};

/// Every engine that can promise something.
fn engines_with_a_guarantee() -> Vec<&'static str> {
    let has_one = |engine: &&dyn Engine| {
        let setting = engine.settings().iter().find(|setting| setting.name == "guarantee");
        setting.is_some_and(|setting| setting.check(&"exactly-once".into()).is_ok())
    };
    let registry = Registry::standard();
    registry.engines.iter().map(|it| &**it).filter(has_one).map(Engine::name).collect()
}

/// Records and bytes over all exchanges, by their names.
fn counts(ran: &Ran) -> Vec<(String, u64, u64)> {
    let exchanges = ran.result.exchanges.iter();
    let count = exchanges.map(|it| (it.exchange.clone(), it.records.iter().sum(), it.bytes));
    count.collect()
}

/// Fault A8: after a restart from a checkpoint the pipelined engine had forgotten the records that
/// came before it.
#[test]
fn the_counts_of_an_exchange_survive_a_restart_on_every_engine() {
    let engines = engines_with_a_guarantee();
    assert!(engines.len() >= 2, "{engines:?}");
    for engine in engines {
        for workload in ["keyed-count", "windowed-count"] {
            let scenario = Scenario::new(engine, workload, "exactly-once");
            let undisturbed = counts(&scenario.run());
            let (_, records, _) = &undisturbed[0];
            assert_eq!(*records, scenario.events, "{engine} {workload}: every event crosses once");
            for at in [0.4, 0.9] {
                for victim in [Victim::Subtask, Victim::Task, Victim::Driver] {
                    let mut scenario = scenario.clone();
                    scenario.faults = vec![FaultSpec::kill_at(victim, at)];
                    let ran = scenario.run();
                    let cell = format!("{engine} {workload}, {victim} killed at {at}");
                    assert!(ran.is_right(), "{cell}");
                    // Where windows close, how the results are cut into buffers is no part of it:
                    // records and their bytes are.
                    assert_eq!(counts(&ran), undisturbed, "{cell}");
                }
            }
        }
    }
}

/// A job that goes on with a larger bound on disorder would make a watermark before the one that it
/// has applied. A watermark never goes back, and that is no reason to panic.
#[test]
fn a_job_that_goes_on_with_a_larger_bound_keeps_its_watermark() {
    for engine in engines_with_a_guarantee() {
        let storage = MemoryStorage::new();
        let mut scenario = Scenario::new(engine, "windowed-count", "exactly-once");
        scenario.knobs.push(("window_ms", 20.into()));
        scenario.stop_after = Some(4_000);
        let stopped = scenario.run_on(storage.clone(), None).expect("it stops");
        assert!(stopped.result.interrupted, "{engine}");
        scenario.knobs.push(("disorder_ms", 300.into()));
        (scenario.stop_after, scenario.start) = (None, Start::Resume);
        let resumed = scenario.run_on(storage, None).expect("it goes on");
        assert_eq!(resumed.result.records_in, scenario.events, "{engine}");
    }
}

#[test]
fn the_counts_of_an_exchange_go_on_in_the_next_process() {
    for engine in engines_with_a_guarantee() {
        let storage = MemoryStorage::new();
        let mut scenario = Scenario::new(engine, "keyed-count", "exactly-once");
        let undisturbed = counts(&scenario.run());
        scenario.stop_after = Some(4_000);
        let stopped = scenario.run_on(storage.clone(), None).expect("it stops");
        assert!(stopped.result.interrupted, "{engine}");
        (scenario.stop_after, scenario.start) = (None, Start::Resume);
        let resumed = scenario.run_on(storage, None).expect("it goes on");
        assert_eq!(counts(&resumed), undisturbed, "{engine}");
    }
}
