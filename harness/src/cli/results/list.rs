//! Arguments of `list`.

use clap::Args;

/// What to list.
#[derive(Copy, Clone, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ListTopic {
    /// Engines with their settings.
    Engines,
    /// Workloads with their knobs.
    Workloads,
    /// Placements of keys.
    Placements,
    /// Profiles: what work costs an implementation.
    Profiles,
    /// Suites that come with the binary.
    Suites,
}

/// Arguments of `list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only these
    #[arg(value_enum)]
    pub what: Option<ListTopic>,
    /// Print this suite's text
    #[arg(long, value_name = "SUITE", conflicts_with = "json")]
    pub show: Option<String>,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}
