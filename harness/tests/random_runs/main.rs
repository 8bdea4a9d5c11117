//! Any workload on any engine over any events gives its evaluator's answer: knobs, small files with
//! ties, ids that come twice, disorder and late records, all drawn at random.
//! `STREAMGAUGE_RANDOM_RUNS` says how many runs are made, from seed `STREAMGAUGE_RANDOM_SEED` on.

mod case;
mod coverage;
mod lines;
mod shrink;

use case::Case;
use coverage::Coverage;

/// Runs unless asked for otherwise.
const RUNS: u64 = 500;

fn asked(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
fn random_runs_give_the_evaluators_answer() {
    let runs = asked("STREAMGAUGE_RANDOM_RUNS").unwrap_or(RUNS);
    let first = asked("STREAMGAUGE_RANDOM_SEED").unwrap_or(0);
    let mut coverage = Coverage::default();
    for seed in first..first + runs {
        let case = Case::draw(seed);
        match case.run() {
            Ok(result) => coverage.add(&case, &result),
            Err(why) => {
                println!("seed {seed}, run {} of {runs}: {why}", seed - first + 1);
                let smallest = shrink::smallest(case);
                panic!("seed {seed}: {}\n{smallest}", smallest.run().unwrap_err());
            }
        }
    }
    coverage.assert_broad();
}
