//! Arguments of `consistency`.

use std::time::Duration;

use clap::Args;

use crate::cli::shared::parallelism;
use crate::cli::{OutArgs, defaults};
use crate::quantity::{self, Rate};
use crate::run::clock::Clock;

/// Arguments of `consistency`.
#[derive(Args, Debug)]
pub struct ConsistencyArgs {
    /// Engines, with settings.
    #[arg(
        long = "engine",
        value_name = "ENGINE",
        help = "Engine, with settings: 'pipelined,buffer_timeout_ms=0'; may be repeated [default: \
                pipelined and microbatch]"
    )]
    pub engines: Vec<String>,
    /// Workloads.
    #[arg(
        long = "workload",
        value_name = "WORKLOAD",
        help = "Workload whose result follows every record; may be repeated [default: transfers, \
                nexmark-q4 and nexmark-q9]"
    )]
    pub workloads: Vec<String>,
    /// Events per second (1000, 1e3, 1k)
    #[arg(long, value_parser = quantity::rate, default_value = "1k", allow_hyphen_values = true)]
    pub rate: Rate,
    /// Length of each run
    #[arg(long, value_parser = quantity::duration, default_value = "1s", allow_hyphen_values = true)]
    pub duration: Duration,
    /// Subtasks per stage
    #[arg(long, default_value_t = 4, value_parser = parallelism(), allow_hyphen_values = true)]
    pub parallelism: u32,
    /// Seed of the first run; those after it have the next ones
    #[arg(long, default_value_t = defaults::SEED, allow_hyphen_values = true)]
    pub seed: u64,
    /// Runs of each engine, workload and guarantee, each with a seed of its own
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000), allow_hyphen_values = true)]
    pub seeds: u32,
    /// Knobs of the workload and settings of engines.
    #[arg(
        long,
        value_name = "KEY=VALUE",
        help = "A knob of the workload or a setting of an engine; may be repeated [default: \
                checkpoint_interval_ms=100, batch_interval_ms=100]"
    )]
    pub set: Vec<String>,
    /// Real time, or modelled time that is deterministic in nanoseconds
    #[arg(long, value_enum, default_value_t)]
    pub clock: Clock,
    /// Where results go.
    #[command(flatten)]
    pub out: OutArgs,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}
