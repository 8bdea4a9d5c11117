//! Arguments of `doctor`.

use std::time::Duration;

use clap::Args;

use crate::quantity;

/// Arguments of `doctor`.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// Length of a run of the experiment that compares an engine with itself
    #[arg(long, value_parser = quantity::duration, default_value = "200ms", allow_hyphen_values = true)]
    pub duration: Duration,
    /// Pairs of such runs
    #[arg(long, value_parser = clap::value_parser!(u32).range(5..=10_000), default_value_t = 10, allow_hyphen_values = true)]
    pub repeats: u32,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}
