//! Arguments of `verify`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::defaults;
use crate::cli::shared::parallelism;
use crate::quantity;
use crate::run::clock::Clock;

/// Arguments of `verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// Only this engine; may be repeated
    #[arg(long = "engine", value_name = "ENGINE")]
    pub engines: Vec<String>,
    /// Only this workload; may be repeated
    #[arg(long = "workload", value_name = "WORKLOAD")]
    pub workloads: Vec<String>,
    /// Subtasks per stage, several separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 3, 4, 8], value_parser = parallelism(), allow_hyphen_values = true)]
    pub parallelism: Vec<u32>,
    /// Only this clock
    #[arg(long, value_enum)]
    pub clock: Option<Clock>,
    /// Events of this file in the place of generated ones: text lines for word-count and uppercase,
    /// NDJSON for the others; needs --workload
    #[arg(long, value_name = "FILE", requires = "workloads", conflicts_with = "seed")]
    pub input: Option<PathBuf>,
    /// Events per cell; of an input at most so many
    #[arg(long, value_parser = quantity::count, default_value = "100000", allow_hyphen_values = true)]
    pub events: u64,
    /// Seed of everything drawn at random
    #[arg(long, default_value_t = defaults::SEED, allow_hyphen_values = true)]
    pub seed: u64,
    /// A knob of the workloads that have it; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}
