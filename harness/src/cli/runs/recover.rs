//! Arguments of `recover`.

use std::time::Duration;

use clap::Args;

use crate::cli::runs::topic::TopicArgs;
use crate::cli::shared::parallelism;
use crate::cli::{OutArgs, defaults};
use crate::quantity::{self, Rate};
use crate::run::clock::Clock;
use crate::run::fault::FaultSpec;

/// Arguments of `recover`.
#[derive(Args, Debug)]
pub struct RecoverArgs {
    /// Engines, with settings.
    #[arg(
        long = "engine",
        value_name = "ENGINE",
        help = "Engine, with settings: 'pipelined,restart_delay_ms=100'; may be repeated [default: \
                pipelined and microbatch]"
    )]
    pub engines: Vec<String>,
    /// Workload
    #[arg(long, default_value = defaults::WORKLOAD)]
    pub workload: String,
    /// Events per second (20000, 2e4, 20k)
    #[arg(long, value_parser = quantity::rate, default_value = "20k", allow_hyphen_values = true)]
    pub rate: Rate,
    /// Length of the run
    #[arg(long, value_parser = quantity::duration, default_value = "6s", conflicts_with = "input", allow_hyphen_values = true)]
    pub duration: Duration,
    /// Subtasks per stage
    #[arg(long, default_value_t = defaults::PARALLELISM, value_parser = parallelism(), allow_hyphen_values = true)]
    pub parallelism: u32,
    /// Seed of everything drawn at random
    #[arg(long, default_value_t = defaults::SEED, allow_hyphen_values = true)]
    pub seed: u64,
    /// Knobs of the workload and settings of engines.
    #[arg(
        long,
        value_name = "KEY=VALUE",
        help = "A knob of the workload or a setting of an engine; may be repeated [default: \
                checkpoint_interval_ms=200, batch_interval_ms=200]"
    )]
    pub set: Vec<String>,
    /// What fails.
    #[arg(
        long = "fault",
        value_name = "FAULT",
        help = "What fails: kill:VICTIM@WHEN, slow:VICTIM+DURATION@WHEN, lose:MESSAGE@NUMBER, \
                delay:MESSAGE+DURATION@NUMBER; may be repeated [default: kill:subtask@45% on \
                pipelined, kill:task@45% on microbatch]"
    )]
    pub faults: Vec<FaultSpec>,
    /// Real time, or modelled time that is deterministic in nanoseconds
    #[arg(long, value_enum, default_value_t)]
    pub clock: Clock,
    /// What every run reads.
    #[command(flatten)]
    pub topic: TopicArgs,
    /// Where results go.
    #[command(flatten)]
    pub out: OutArgs,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}
