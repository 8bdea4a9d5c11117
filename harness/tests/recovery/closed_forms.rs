//! How long the way back is, against the closed forms, in virtual time.

use dataflow::ProcessingTime;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use runtime::{Fault, Trigger, Victim};

use crate::scenario::Scenario;

/// A job counts as caught up when its backlog is worth less than this, in seconds.
const CAUGHT_UP_SECONDS: f64 = 0.001;

/// With load `rho`, what piled up during the outage and what is read again is worked off in
/// `(outage + replay) * rho / (1 - rho)`: the backlog over the spare capacity.
#[test]
fn catch_up_takes_the_backlog_over_the_spare_capacity() {
    let scenario = |rate: f64, events: u64| {
        let mut scenario = Scenario::new("pipelined", "keyed-count", "exactly-once");
        (scenario.parallelism, scenario.rate, scenario.events) = (1, rate, events);
        scenario.set.retain(|(name, _)| *name != "restart_delay_ms" && !name.starts_with("water"));
        scenario.set.push(("restart_delay_ms", 20.0.into()));
        scenario.set.push(("checkpoint_interval_ms", 10.0.into()));
        scenario
    };
    let mut overloaded = scenario(1e9, 200_000);
    overloaded.set.push(("guarantee", "none".into()));
    let capacity = overloaded.run().result.throughput_per_s;
    for load in [0.5, 0.8, 0.9] {
        let rate = capacity * load;
        // Long enough to catch up in.
        let seconds = 0.02 + 0.04 * load / (1.0 - load) * 1.3;
        let mut scenario = scenario(rate, (rate * seconds) as u64);
        let at = ProcessingTime(17_000_000);
        scenario.triggers = vec![(Trigger::At(at), Fault::Kill(Victim::Subtask))];
        let ran = scenario.run();
        assert!(ran.is_right());
        let recovery = &ran.result.recovery;
        let [failure] = &recovery.failures[..] else { panic!("{:?}", recovery.failures) };
        let resumed = failure.resumed_ns.expect("it goes on");
        let caught_up = failure.caught_up_ns.expect("it catches up");
        let outage = (resumed - failure.at_ns) as f64 / 1e9;
        let replay = recovery.replayed as f64 / rate;
        let predicted = (outage + replay - CAUGHT_UP_SECONDS) * load / (1.0 - load);
        let measured = (caught_up - resumed) as f64 / 1e9;
        let error = measured / predicted - 1.0;
        println!("load {load}: {measured:.5} s, predicted {predicted:.5} s, {error:+.4}");
        assert!(error.abs() < 0.05, "load {load}: {measured} s, predicted {predicted} s");
    }
}

/// A kill falls anywhere between two checkpoints: half an interval is read again on average, and
/// the time that a checkpoint takes.
#[test]
fn pipelined_replays_half_an_interval_on_average() {
    const SEEDS: u64 = 100;
    const INTERVAL: f64 = 0.02;
    let (mut seconds, mut taken) = (Vec::new(), Vec::new());
    for seed in 0..SEEDS {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut scenario = Scenario::new("pipelined", "keyed-count", "exactly-once");
        scenario.set.retain(|(name, _)| *name != "checkpoint_interval_ms");
        scenario.set.push(("checkpoint_interval_ms", (INTERVAL * 1e3).into()));
        (scenario.seed, scenario.events) = (seed, 2_000);
        let at = ProcessingTime(random.random_range(40_000_000..180_000_000));
        scenario.triggers = vec![(Trigger::At(at), Fault::Kill(Victim::Subtask))];
        let ran = scenario.run();
        assert!(ran.is_right(), "seed {seed}");
        seconds.push(ran.result.recovery.replayed as f64 / scenario.rate);
        taken.extend(ran.result.recovery.checkpoints.iter().map(|it| it.duration_ns as f64 / 1e9));
    }
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let predicted = INTERVAL / 2.0 + mean(&taken);
    // A uniform draw's deviation is the interval over the root of 12.
    let deviation = INTERVAL / 12_f64.sqrt() / (SEEDS as f64).sqrt();
    let measured = mean(&seconds);
    println!("replayed {measured:.5} s on average, predicted {predicted:.5} s +- {deviation:.5}");
    assert!((measured - predicted).abs() < 3.0 * deviation, "{measured} s, not {predicted} s");
    assert!(seconds.iter().all(|&it| it <= INTERVAL + 0.001), "{seconds:?}");
}
