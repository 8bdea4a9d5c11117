//! Arguments of `sustain`.

use std::time::Duration;

use clap::Args;

use crate::cli::defaults;
use crate::cli::{OutArgs, SharedArgs};
use crate::quantity;
use crate::run::clock::Clock;

/// Arguments of `sustain`.
#[derive(Args, Debug)]
pub struct SustainArgs {
    /// Workload
    #[arg(long, default_value = defaults::WORKLOAD)]
    pub workload: String,
    /// Engines, such as 'pipelined,buffer_timeout_ms=0'; may be repeated
    /// [default: pipelined and microbatch]
    #[arg(long = "engine", value_name = "ENGINE")]
    pub engines: Vec<String>,
    /// Real time, or modelled time that is deterministic in nanoseconds
    #[arg(long, value_enum, default_value_t)]
    pub clock: Clock,
    /// Longest p99 latency from the planned time that still counts as keeping up, such as 100ms;
    /// without it only the backlog decides
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, allow_hyphen_values = true)]
    pub latency: Option<Duration>,
    /// How closely the rate is found, as a share of it
    #[arg(long, value_name = "PERCENTAGE", value_parser = quantity::percentage, default_value = "2%", allow_hyphen_values = true)]
    pub precision: f64,
    /// Where results go.
    #[command(flatten)]
    pub out: OutArgs,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
    /// What it shares with `run`.
    #[command(flatten)]
    pub shared: SharedArgs,
}
