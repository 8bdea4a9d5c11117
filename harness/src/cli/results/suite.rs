//! Arguments of `suite`.

use clap::{Args, Subcommand};

/// Arguments of `suite`.
#[derive(Args, Debug)]
pub struct SuiteArgs {
    /// What to do with suites.
    #[command(subcommand)]
    pub command: SuiteCommand,
}

/// What to do with suites.
#[derive(Debug, Subcommand)]
pub enum SuiteCommand {
    /// Check a suite and run nothing: whatever is wrong is pointed at by file, line and column
    #[command(after_help = "Example:\n  streamgauge suite check mine.toml")]
    Check {
        /// A file SUITE.toml, or a shipped suite
        #[arg(value_name = "FILE")]
        suite: String,
    },
    /// Print the JSON schema of suites, for editors (`#:schema suite.schema.json` in the first line)
    #[command(after_help = "Example:\n  streamgauge suite schema")]
    Schema,
}
