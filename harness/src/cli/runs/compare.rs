//! Arguments of `compare`.

use std::time::Duration;

use clap::Args;

use crate::cli::runs::topic::TopicArgs;
use crate::cli::{BaselineArgs, OutArgs, SharedArgs};
use crate::quantity;
use crate::run::clock::Clock;

/// What only runs that are made can do.
const DRY_RUN_IGNORES: [&str; 7] =
    ["until", "out", "live", "duet", "thresholds", "save_baseline", "fail_on_regression"];
/// What belongs to runs that have the machine to themselves.
const NO_DUETS: [&str; 4] = ["parallelism", "live", "save_baseline", "baseline"];

/// Arguments of `compare`.
#[derive(Args, Debug)]
pub struct CompareArgs {
    /// A shipped suite (see `list suites`) or a file SUITE.toml
    pub suite: Option<String>,
    /// The suite `quick`: under a minute
    #[arg(long, conflicts_with = "suite")]
    pub quick: bool,
    /// What every run reads.
    #[command(flatten)]
    pub topic: TopicArgs,
    /// Where results go.
    #[command(flatten)]
    pub out: OutArgs,
    /// Engines in the place of the suite's, such as 'pipelined,buffer_timeout_ms=0'; may be repeated
    #[arg(long = "engine", value_name = "ENGINE")]
    pub engines: Vec<String>,
    /// Only experiments with this workload; without a suite, this workload; may be repeated
    #[arg(long = "workload", value_name = "WORKLOAD")]
    pub workloads: Vec<String>,
    /// Simulate every experiment in modelled time, in which work costs what profiles say, or run all
    /// in real time [default: the suite's]
    #[arg(long, value_enum)]
    pub clock: Option<Clock>,
    /// Run every variant twice and compare it with its own repetition: the noise floor
    #[arg(long)]
    pub against_itself: bool,
    /// Run two engines at once, each on a core of its own, so that what slows the machine slows both:
    /// for a busy machine; at a parallelism of 1
    #[arg(long, conflicts_with_all = NO_DUETS)]
    pub duet: bool,
    /// Repeat until every interval is at most this far either way, such as 3%: 5 to 50 times
    #[arg(long, value_name = "PERCENT", value_parser = quantity::percentage, conflicts_with = "repeats", allow_hyphen_values = true)]
    pub until: Option<f64>,
    /// With --until, repeat no more once so much time is spent, such as 5m; experiments share it
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, requires = "until", conflicts_with = "repeats", allow_hyphen_values = true)]
    pub budget: Option<Duration>,
    /// List the runs and the time that they will take, and run nothing but short trials
    #[arg(long, conflicts_with_all = DRY_RUN_IGNORES)]
    pub dry_run: bool,
    /// Show rate, backlog and latency of both engines while they run, on a terminal
    #[arg(long, conflicts_with = "json")]
    pub live: bool,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
    /// Earlier results to keep and to compare with.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// What it shares with `run`.
    #[command(flatten)]
    pub shared: SharedArgs,
}
