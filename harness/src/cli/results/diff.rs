//! Arguments of `diff`.

use std::path::PathBuf;

use clap::Args;

use crate::quantity;

/// Arguments of `diff`.
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// Results folder of `compare`, or its results.json, or a saved baseline
    pub a: PathBuf,
    /// Likewise: what came later
    pub b: PathBuf,
    /// Compare also what was not run with the same configuration, and say where it differs
    #[arg(long)]
    pub anyway: bool,
    /// Call nothing better or worse that differs by less than this, such as 1% [default: 3%]
    #[arg(long, value_name = "PERCENT", value_parser = quantity::percentage, allow_hyphen_values = true)]
    pub floor: Option<f64>,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}
