//! Arguments of `sweep`.

use clap::Args;

use crate::cli::defaults;
use crate::cli::runs::topic::TopicArgs;
use crate::cli::{OutArgs, SharedArgs};

/// Arguments of `sweep`.
#[derive(Args, Debug)]
pub struct SweepArgs {
    /// Workload
    #[arg(long, default_value = defaults::WORKLOAD)]
    pub workload: String,
    /// What is varied, with its values: rate, parallelism, a setting of an engine or a knob of the
    /// workload, such as batch_interval_ms=0,10,100; a second one makes a map
    #[arg(long = "axis", value_name = "NAME=VALUE,..", required = true)]
    pub axes: Vec<String>,
    /// Engines, such as 'pipelined,buffer_timeout_ms=0'; may be repeated
    /// [default: pipelined and microbatch]
    #[arg(long = "engine", value_name = "ENGINE")]
    pub engines: Vec<String>,
    /// What every run reads.
    #[command(flatten)]
    pub topic: TopicArgs,
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
