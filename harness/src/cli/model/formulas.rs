//! Arguments of `formulas`.

use clap::Args;

use crate::cli::{OutArgs, defaults};

/// Arguments of `formulas`.
#[derive(Args, Debug)]
pub struct FormulasArgs {
    /// Only this formula: partitioning, flow-control or placement
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Seed of everything drawn at random
    #[arg(long, default_value_t = defaults::SEED, allow_hyphen_values = true)]
    pub seed: u64,
    /// Where results go.
    #[command(flatten)]
    pub out: OutArgs,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}
