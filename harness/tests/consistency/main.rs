//! Internal consistency: which of the states of a result that somebody can see are the answer to some
//! prefix of the input, and how long the others last. (After "internal consistency in streaming
//! systems", 2021.) `STREAMGAUGE_CONSISTENCY_SEEDS` says over how many seeds; the figures are printed.

mod job;
mod seen;

use std::collections::{BTreeMap, HashSet};

use job::{Job, prefixes};
use seen::Seen;
use streamgauge::internals::Clock;

/// Seeds unless asked for otherwise.
const SEEDS: u64 = 2;
const WORKLOADS: [&str; 3] = ["transfers", "nexmark-q4", "nexmark-q9"];
const ENGINES: [&str; 2] = ["pipelined", "microbatch"];

fn seeds() -> u64 {
    let asked = std::env::var("STREAMGAUGE_CONSISTENCY_SEEDS").ok();
    asked.map_or(SEEDS, |text| text.parse().expect("a number of seeds"))
}

/// What the states of many runs come to.
#[derive(Clone, Debug, Default)]
struct Sum {
    states: u64,
    unjustified: u64,
    /// How long each stretch of unjustified states lasted, in nanoseconds.
    lasted: Vec<u64>,
}

impl Sum {
    fn add(&mut self, seen: &Seen, prefixes: &HashSet<String>) {
        let judged = seen.judged(prefixes);
        self.states += judged.states;
        self.unjustified += judged.unjustified;
        self.lasted.extend(judged.lasted);
    }

    fn share(&self) -> f64 {
        self.unjustified as f64 / self.states.max(1) as f64
    }

    fn line(&mut self) -> String {
        self.lasted.sort_unstable();
        let at = |share: f64| {
            let place = (self.lasted.len() as f64 * share) as usize;
            self.lasted.get(place.min(self.lasted.len().saturating_sub(1))).copied().unwrap_or(0)
        };
        format!(
            "{} states, {:.2} % unjustified, until consistent p50 {:.3} ms, max {:.3} ms",
            self.states,
            self.share() * 100.0,
            at(0.5) as f64 / 1e6,
            at(1.0) as f64 / 1e6
        )
    }
}

/// Workload, engine, guarantee and clock.
type Cell = (&'static str, &'static str, &'static str, &'static str);

/// What came of every cell.
fn measure() -> BTreeMap<Cell, Sum> {
    let mut sums: BTreeMap<Cell, Sum> = BTreeMap::new();
    for workload in WORKLOADS {
        for seed in 0..seeds() {
            let prefixes = prefixes(workload, seed);
            for engine in ENGINES {
                for guarantee in ["none", "exactly-once"] {
                    for (clock, name) in [(Clock::Virtual, "virtual"), (Clock::Wall, "wall")] {
                        let seen = Job { workload, engine, guarantee, seed, clock }.run();
                        let sum = sums.entry((workload, engine, guarantee, name)).or_default();
                        sum.add(&seen, &prefixes);
                    }
                }
            }
        }
    }
    for ((workload, engine, guarantee, clock), sum) in &mut sums {
        println!("{workload} on {engine}, {guarantee}, {clock}: {}", sum.line());
    }
    sums
}

#[test]
fn a_commit_shows_only_answers_to_prefixes() {
    for (cell, sum) in measure() {
        assert!(sum.states > 0, "{cell:?}");
        if cell.2 == "exactly-once" {
            assert_eq!(sum.unjustified, 0, "{cell:?}: {sum:?}");
        }
    }
}

#[test]
fn without_a_guarantee_the_pipelined_model_shows_halves_of_transfers() {
    let job = Job {
        workload: "transfers",
        engine: "pipelined",
        guarantee: "none",
        seed: 1,
        clock: Clock::Virtual,
    };
    let mut sum = Sum::default();
    sum.add(&job.run(), &prefixes("transfers", 1));
    assert!(sum.unjustified > 0, "{sum:?}");
}

/// A batch that is seen row by row is found.
#[test]
fn a_batch_that_is_not_atomic_is_found() {
    let job = |guarantee| Job {
        workload: "transfers",
        engine: "microbatch",
        guarantee,
        seed: 1,
        clock: Clock::Virtual,
    };
    let prefixes = prefixes("transfers", 1);
    let (mut whole, mut torn) = (Sum::default(), Sum::default());
    let seen = job("exactly-once").run();
    whole.add(&seen, &prefixes);
    torn.add(&seen.row_by_row(), &prefixes);
    assert_eq!(whole.unjustified, 0);
    assert!(torn.share() > 0.2, "{torn:?}");
}
