//! Arguments of `sample`.

use clap::Args;

use crate::cli::defaults;
use crate::quantity;

/// Arguments of `sample`.
#[derive(Args, Debug)]
pub struct SampleArgs {
    /// Workload
    #[arg(long)]
    pub workload: String,
    /// Number of events
    #[arg(long, value_parser = quantity::count, default_value = "10", allow_hyphen_values = true)]
    pub events: u64,
    /// Seed of everything drawn at random
    #[arg(long, default_value_t = defaults::SEED, allow_hyphen_values = true)]
    pub seed: u64,
    /// A knob; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}
