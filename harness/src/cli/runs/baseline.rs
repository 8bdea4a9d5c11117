//! Arguments of `compare` about earlier results.

use std::path::PathBuf;

use clap::Args;

use crate::quantity;

/// Arguments of `compare` about earlier results.
#[derive(Args, Clone, Debug)]
pub struct BaselineArgs {
    /// Keep the results, if they are good, under this name
    #[arg(long, value_name = "NAME")]
    pub save_baseline: Option<String>,
    /// Print also the diff against a kept result, or a results folder; rate and events that the
    /// suite leaves to a pilot are those of the baseline
    #[arg(long, value_name = "NAME|PATH")]
    pub baseline: Option<String>,
    /// Where baselines are kept.
    #[arg(
        long,
        value_name = "DIR",
        help = "Where baselines are kept [default: results/baselines]"
    )]
    pub baseline_dir: Option<PathBuf>,
    /// Exit status 1 when a metric is worse than in the baseline by more than this share, and so
    /// is its whole interval, such as 5%
    #[arg(
        long,
        value_name = "PERCENT",
        requires = "baseline",
        value_parser = quantity::percentage,
        allow_hyphen_values = true
    )]
    pub fail_on_regression: Option<f64>,
}
