//! Defaults of options, unless a suite sets them.

use std::time::Duration;

/// Seed of everything drawn at random.
pub(crate) const SEED: u64 = 42;
/// Subtasks per stage.
pub(crate) const PARALLELISM: u32 = 2;
/// Runs per engine of an experiment, in alternation.
pub(crate) const REPEATS: u32 = 5;
/// Runs per engine at a point of a sweep, in alternation.
pub(crate) const SWEEP_REPEATS: u32 = 3;
/// Searches for the sustained rate of an engine.
pub(crate) const SUSTAIN_REPEATS: u32 = 3;
/// Events per second of an engine whose batches `skew` looks into.
pub(crate) const SKEW_RATE: f64 = 100_000.0;
/// Where baselines are kept.
pub(crate) const BASELINE_DIR: &str = "results/baselines";
/// Where it is kept how much runs disturb one another on this machine.
pub(crate) const CONTENTION_DIR: &str = "results/contention";
/// Length of a run without a suite.
pub(crate) const DURATION: Duration = Duration::from_millis(500);
/// Length of a probe near the sustained rate.
pub(crate) const PROBE_DURATION: Duration = Duration::from_secs(2);
/// Events of a single run.
pub(crate) const EVENTS: u64 = 1_000_000;
/// The workload that is run.
pub(crate) const WORKLOAD: &str = "keyed-count";
/// The engines that are compared.
pub(crate) const ENGINES: [&str; 2] = ["pipelined", "microbatch"];
