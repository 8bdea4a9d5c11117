//! A kill drawn by the seed, on half of the seeds with a storage that fails as well.

use dataflow::ProcessingTime;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use runtime::{Fault, Operation, StorageFaults, Trigger, Victim, When};

use crate::scenario::{Ran, Scenario};

/// Seeds in CI; `STREAMGAUGE_SEEDS` asks for more.
const SEEDS: u64 = 200;
const EVENTS: u64 = 3_000;
const RATE: f64 = 10_000.0;
const INTERVAL_MS: f64 = 20.0;

fn seeds() -> u64 {
    let asked = std::env::var("STREAMGAUGE_SEEDS").ok();
    asked.map_or(SEEDS, |asked| asked.parse().expect("STREAMGAUGE_SEEDS is a number"))
}

/// What is struck, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    /// At a drawn instant.
    Anywhere,
    /// Pipelined: the transactions are pre-committed and nothing is committed.
    BeforeCommit,
}

fn kill(seed: u64, random: &mut Xoshiro256PlusPlus) -> (Place, Trigger, Fault) {
    let victims = [Victim::Subtask, Victim::Executor, Victim::Driver];
    if seed % 5 == 0 {
        // Four parts, then the metadata; then the manifest of the output.
        let checkpoint = random.random_range(2..10);
        let (prefix, nth) = match random.random_range(0..2) {
            0 => ("pipelined/", checkpoint * 5),
            _ => ("sink/_committed/", checkpoint + 1),
        };
        let trigger = Trigger::Storage {
            prefix: prefix.to_owned(),
            operation: Operation::Put,
            nth,
            when: When::Before,
        };
        return (Place::BeforeCommit, trigger, Fault::Kill(Victim::Driver));
    }
    // From the first completed checkpoint to the end of the input.
    let first = (INTERVAL_MS * 1e6) as u64 + 2_000_000;
    let last = (EVENTS as f64 / RATE * 1e9) as u64;
    let at = ProcessingTime(random.random_range(first..last));
    let victim = victims[random.random_range(0..victims.len())];
    (Place::Anywhere, Trigger::At(at), Fault::Kill(victim))
}

fn scenario(engine: &'static str, seed: u64, guarantee: &'static str) -> Scenario {
    let workload = if seed % 2 == 0 { "keyed-count" } else { "windowed-count" };
    let mut scenario = Scenario::new(engine, workload, guarantee);
    scenario.set.retain(|(name, _)| !name.ends_with("interval_ms") || name.starts_with("water"));
    let interval = if engine == "pipelined" { "checkpoint_interval_ms" } else { "batch_interval_ms" };
    scenario.set.push((interval, INTERVAL_MS.into()));
    scenario.events = EVENTS;
    scenario.rate = RATE;
    scenario.seed = seed;
    if workload == "windowed-count" {
        scenario.knobs.push(("window_ms", 10.into()));
    }
    scenario
}

fn failing(seed: u64) -> StorageFaults {
    StorageFaults {
        seed,
        slow: 0.2,
        slowest_nanos: 3_000_000,
        full: 0.004,
        failing: 0.004,
        torn: 0.004,
        lost_sync: 0.0,
        most_failures: 4,
    }
}

#[derive(Default, Debug)]
struct Tally {
    replayed: u64,
    before_commit: u64,
    storage_failures: u64,
    restarts: u64,
}

#[test]
fn pipelined_outputs_are_right_whatever_is_killed() {
    let mut tally = Tally::default();
    for seed in 0..seeds() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let (place, trigger, fault) = kill(seed, &mut random);
        let mut scenario = scenario("pipelined", seed, "exactly-once");
        scenario.triggers = vec![(trigger, fault)];
        let ran: Ran = if seed % 4 < 2 {
            scenario.run()
        } else {
            let (ran, counts) = scenario.run_failing(failing(seed));
            tally.storage_failures += counts.full + counts.failing + counts.torn;
            ran.unwrap_or_else(|error| panic!("seed {seed}: {error}"))
        };
        let recovery = &ran.result.recovery;
        assert!(
            ran.is_right(),
            "seed {seed}: {:?} {:?} {:?}",
            ran.struck,
            ran.result.output,
            recovery.failures
        );
        tally.replayed += u64::from(recovery.replayed > 0);
        tally.restarts += recovery.restarts;
        let struck = ran.struck.iter().any(|it| !it.what.contains("nobody"));
        tally.before_commit += u64::from(place == Place::BeforeCommit && struck);
    }
    println!("{tally:?}");
    let share = |of: u64| of * 200 / seeds().max(1);
    assert!(share(tally.replayed) >= 150, "{tally:?}");
    assert!(share(tally.before_commit) >= 10, "{tally:?}");
    assert!(tally.storage_failures > 0, "{tally:?}");
}

/// With a sink that shows everything at once the same kills show duplicates: the test can fail.
#[test]
fn pipelined_with_an_ordinary_sink_shows_duplicates() {
    let mut wrong = 0;
    for seed in 0..20 {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let (_, trigger, fault) = kill(seed, &mut random);
        let mut scenario = scenario("pipelined", seed, "at-least-once");
        scenario.triggers = vec![(trigger, fault)];
        wrong += u64::from(!scenario.run().is_right());
    }
    assert!(wrong >= 10, "{wrong} of 20");
}
