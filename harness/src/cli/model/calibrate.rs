//! Arguments of `calibrate`.

use std::time::Duration;

use clap::Args;

use crate::cli::shared::parallelism;
use crate::cli::{OutArgs, defaults};
use crate::quantity;

/// What is calibrated.
#[derive(Copy, Clone, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// Our own engines, as they are
    Bare,
    /// The real Apache Flink, its DataStream API (see `systems install`)
    Flink,
    /// The real Apache Spark, Structured Streaming, without a process for each file of a checkpoint
    Spark,
    /// The same as it is shipped
    SparkStock,
}

/// Arguments of `calibrate`.
#[derive(Args, Debug)]
pub struct CalibrateArgs {
    /// What is measured
    #[arg(value_enum)]
    pub target: Target,
    /// How often each run is made, in alternation
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000), allow_hyphen_values = true)]
    pub repeats: u32,
    /// Length of each run [default: 500ms of our own engines, 4s of Flink, 8s of Spark]
    #[arg(long, value_parser = quantity::duration, allow_hyphen_values = true)]
    pub duration: Option<Duration>,
    /// Subtasks per stage
    #[arg(long, default_value_t = defaults::PARALLELISM, value_parser = parallelism(), allow_hyphen_values = true)]
    pub parallelism: u32,
    /// Seed of everything drawn at random
    #[arg(long, default_value_t = defaults::SEED, allow_hyphen_values = true)]
    pub seed: u64,
    /// Where the profile goes.
    #[command(flatten)]
    pub out: OutArgs,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}
