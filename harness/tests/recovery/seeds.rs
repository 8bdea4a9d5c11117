//! A kill drawn by the seed, on half of the seeds with a storage that fails as well.

use std::collections::BTreeMap;

use dataflow::ProcessingTime;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use runtime::{Fault, Operation, StorageFaults, Trigger, Victim, When};
use streamgauge::internals::{RowCollector, RowWriter};

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

/// Where the kill falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    /// At a drawn instant.
    Anywhere,
    /// Pipelined: the transactions are pre-committed and nothing is committed.
    BeforeCommit,
    /// Micro-batch: the offsets are logged and no task has begun.
    OffsetsLogged,
    /// Micro-batch: a task is about to commit its state.
    WithinStage,
    /// Micro-batch: the state is committed, the output is not.
    StateCommitted,
    /// Micro-batch: the output is committed, the batch is not.
    OutputCommitted,
    /// Micro-batch: the batch is committed; nothing is to be read again.
    BatchCommitted,
}

type Kill = (Place, Trigger, Fault);
type Draw = fn(u64, &mut Xoshiro256PlusPlus) -> Kill;

fn at_put(prefix: &str, nth: u64, when: When) -> Trigger {
    Trigger::Storage { prefix: prefix.to_owned(), operation: Operation::Put, nth, when }
}

fn at_an_instant(random: &mut Xoshiro256PlusPlus, victims: &[Victim]) -> Kill {
    // From the first completed checkpoint or batch to the end of the input.
    let first = (INTERVAL_MS * 1e6) as u64 + 2_000_000;
    let last = (EVENTS as f64 / RATE * 1e9) as u64;
    let at = ProcessingTime(random.random_range(first..last));
    let victim = victims[random.random_range(0..victims.len())];
    (Place::Anywhere, Trigger::At(at), Fault::Kill(victim))
}

fn kill_pipelined(seed: u64, random: &mut Xoshiro256PlusPlus) -> Kill {
    if !seed.is_multiple_of(5) {
        return at_an_instant(random, &[Victim::Subtask, Victim::Executor, Victim::Driver]);
    }
    // Four parts, then the metadata; then the manifest of the output.
    let checkpoint = random.random_range(2..10);
    let trigger = match random.random_range(0..2) {
        0 => at_put("pipelined/", checkpoint * 5, When::Before),
        _ => at_put("sink/_committed/", checkpoint + 1, When::Before),
    };
    (Place::BeforeCommit, trigger, Fault::Kill(Victim::Driver))
}

fn kill_micro_batch(seed: u64, random: &mut Xoshiro256PlusPlus) -> Kill {
    let batch = random.random_range(2..12);
    let (place, trigger) = match seed % 10 {
        0 | 5 => (Place::OffsetsLogged, at_put("microbatch/offsets/", batch, When::After)),
        1 | 6 | 8 => (Place::WithinStage, at_put("microbatch/state/", batch * 3, When::Before)),
        2 | 7 => (Place::StateCommitted, at_put("sink/_committed/", batch, When::Before)),
        3 | 9 => (Place::OutputCommitted, at_put("microbatch/commits/", batch, When::Before)),
        _ => (Place::BatchCommitted, at_put("microbatch/commits/", batch, When::After)),
    };
    let victim = match place {
        Place::WithinStage => [Victim::Task, Victim::Executor, Victim::Driver][batch as usize % 3],
        _ => Victim::Driver,
    };
    (place, trigger, Fault::Kill(victim))
}

fn scenario(engine: &'static str, seed: u64, guarantee: &'static str) -> Scenario {
    let workload = if seed.is_multiple_of(2) { "keyed-count" } else { "windowed-count" };
    let mut scenario = Scenario::new(engine, workload, guarantee);
    scenario.set.retain(|(name, _)| !name.ends_with("interval_ms") || name.starts_with("water"));
    let interval =
        if engine == "pipelined" { "checkpoint_interval_ms" } else { "batch_interval_ms" };
    scenario.set.push((interval, INTERVAL_MS.into()));
    scenario.events = EVENTS;
    scenario.rate = RATE;
    scenario.seed = seed;
    if workload == "windowed-count" {
        scenario.knobs.push(("window_ms", 10.into()));
    } else if seed.is_multiple_of(4) {
        scenario.knobs.extend([("changes", "last-per-key".into()), ("combiner", "on".into())]);
        if engine == "pipelined" {
            scenario.set.push(("mini_batch_latency_ms", 7.into()));
        }
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
    /// Seeds on which events were read again.
    replayed: u64,
    restarts: u64,
    storage_failures: u64,
    /// Kills that struck somebody, by their place.
    places: BTreeMap<Place, u64>,
}

impl Tally {
    /// Runs all seeds; every output must be right.
    fn of(engine: &'static str, kill: Draw) -> Self {
        let mut tally = Self::default();
        for seed in 0..seeds() {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
            let (place, trigger, fault) = kill(seed, &mut random);
            let mut scenario = scenario(engine, seed, "exactly-once");
            scenario.triggers = vec![(trigger, fault)];
            let ran: Ran = if seed / 2 % 2 == 0 {
                scenario.run()
            } else {
                let (ran, counts) = scenario.run_failing(failing(seed));
                tally.storage_failures += counts.full + counts.failing + counts.torn;
                ran.unwrap_or_else(|error| panic!("{engine}, seed {seed}, {place:?}: {error}"))
            };
            let recovery = &ran.result.recovery;
            assert!(
                ran.is_right(),
                "{engine}, seed {seed}, {place:?}: {:?} {:?} {:?}",
                ran.struck,
                ran.result.output,
                recovery.failures
            );
            let struck = ran.struck.iter().any(|it| !it.what.contains("nobody"));
            if place == Place::BatchCommitted && struck && recovery.restarts == 1 {
                assert_eq!(recovery.replayed, 0, "seed {seed}: nothing was left to do again");
            }
            tally.replayed += u64::from(recovery.replayed > 0);
            tally.restarts += recovery.restarts;
            *tally.places.entry(place).or_default() += u64::from(struck);
        }
        println!("{engine}: {tally:?}");
        tally
    }

    fn check(&self, places: &[Place]) {
        let share = |of: u64| of * SEEDS / seeds();
        assert!(share(self.replayed) >= 150, "{self:?}");
        assert!(self.storage_failures > 0, "{self:?}");
        for place in places {
            assert!(share(self.places[place]) >= 10, "{place:?}: {self:?}");
        }
    }
}

#[test]
fn pipelined_outputs_are_right_whatever_is_killed() {
    Tally::of("pipelined", kill_pipelined).check(&[Place::Anywhere, Place::BeforeCommit]);
}

#[test]
fn micro_batch_outputs_are_right_wherever_the_kill_falls() {
    Tally::of("microbatch", kill_micro_batch).check(&[
        Place::OffsetsLogged,
        Place::WithinStage,
        Place::StateCommitted,
        Place::OutputCommitted,
        Place::BatchCommitted,
    ]);
}

/// With a sink that shows everything at once the same kills show duplicates: the test can fail.
#[test]
fn an_ordinary_sink_shows_duplicates() {
    let kills: [(_, Draw); 2] = [("pipelined", kill_pipelined), ("microbatch", kill_micro_batch)];
    for (engine, kill) in kills {
        let mut wrong = 0;
        for seed in 0..20 {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
            let (_, trigger, fault) = kill(seed, &mut random);
            let mut scenario = scenario(engine, seed, "at-least-once");
            scenario.triggers = vec![(trigger, fault)];
            let ran = scenario.run();
            wrong += u64::from(!ran.is_right());
        }
        assert!(wrong >= 5, "{engine}: {wrong} of 20");
    }
}

/// Under at-least-once every row is there, whatever is killed, and some are there twice.
#[test]
fn at_least_once_loses_nothing_and_shows_duplicates() {
    let kills: [(_, Draw); 2] = [("pipelined", kill_pipelined), ("microbatch", kill_micro_batch)];
    for (engine, kill) in kills {
        let (mut twice, mut duplicated) = (0, 0);
        for seed in 0..seeds() {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
            let (_, trigger, fault) = kill(seed, &mut random);
            let mut scenario = scenario(engine, seed, "at-least-once");
            // Every event is a row.
            (scenario.workload, scenario.knobs) =
                ("forward".to_owned(), vec![("keys", 1_000_000.into())]);
            let rows_of = |scenario: &Scenario| {
                let collector = RowCollector::default();
                let rows = RowWriter::at_once("rows", Box::new(collector.clone()));
                Scenario { rows: Some(rows), ..scenario.clone() }.run();
                collector.take()
            };
            let wanted = rows_of(&scenario);
            assert_eq!(wanted.rows(), EVENTS);
            scenario.triggers = vec![(trigger, fault)];
            let difference = rows_of(&scenario).against(&wanted);
            assert_eq!(difference.lost, 0, "{engine}, seed {seed}");
            twice += u64::from(difference.duplicated > 0);
            duplicated += difference.duplicated;
        }
        println!(
            "{engine}: nothing lost on {} seeds, {duplicated} rows too many on {twice}",
            seeds()
        );
        assert!(twice >= seeds() / 4, "{engine}: duplicates on {twice} seeds only");
    }
}

/// A disk that reports success for what it has not kept: a start may be refused, and then names
/// the file; an output is never wrong.
#[test]
fn a_storage_that_lies_leads_to_a_refusal_or_the_right_output() {
    let kills: [(_, Draw); 2] = [("pipelined", kill_pipelined), ("microbatch", kill_micro_batch)];
    for (engine, kill) in kills {
        let (mut lied, mut refused) = (0, 0);
        for seed in 0..seeds() {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
            let (_, trigger, _) = kill(seed, &mut random);
            let mut scenario = scenario(engine, seed, "exactly-once");
            scenario.triggers = vec![(trigger, Fault::Kill(Victim::Driver))];
            let faults = StorageFaults { seed, lost_sync: 0.002, ..StorageFaults::default() };
            let (ran, counts) = scenario.run_failing(faults);
            lied += u64::from(counts.lost_sync > 0);
            match ran {
                Ok(ran) => {
                    let output = &ran.result.output;
                    assert!(ran.is_right(), "{engine}, seed {seed}: {output:?}");
                }
                Err(error) => {
                    assert!(error.contains("faulty:"), "{engine}, seed {seed}: {error}");
                    assert!(counts.lost_sync > 0, "{engine}, seed {seed}, without a lie: {error}");
                    refused += 1;
                }
            }
        }
        println!("{engine}: lied on {lied}, refused {refused} of {} seeds", seeds());
        assert!(refused < lied, "{engine}: {lied} lies, {refused} refusals");
    }
}
