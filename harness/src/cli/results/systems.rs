//! Arguments of `systems`.

use clap::{Args, Subcommand, ValueEnum};
use external::System;

/// Arguments of `systems`.
#[derive(Debug, Args)]
pub struct SystemsArgs {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: SystemsCommand,
}

/// What to do with the real systems.
#[derive(Debug, Subcommand)]
pub(crate) enum SystemsCommand {
    /// Get the jars of real systems by Maven, and compile our programs for them
    #[command(after_help = "Example:\n  streamgauge systems install flink")]
    Install {
        /// Which; both by default
        #[arg(value_enum)]
        systems: Vec<SystemName>,
    },
    /// Say which systems are there, of which version, and what is missing
    #[command(after_help = "Example:\n  streamgauge systems list")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove what `install` has got
    #[command(after_help = "Example:\n  streamgauge systems remove spark")]
    Remove {
        /// Which; both by default
        #[arg(value_enum)]
        systems: Vec<SystemName>,
    },
}

/// A system by name.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SystemName {
    /// Apache Flink
    Flink,
    /// Apache Spark
    Spark,
}

impl SystemName {
    /// The systems that are meant: all if none is named.
    pub(crate) fn meant(named: &[Self]) -> Vec<System> {
        let is_meant =
            |system: &System| named.is_empty() || named.iter().any(|it| it.system() == *system);
        System::ALL.into_iter().filter(is_meant).collect()
    }

    const fn system(self) -> System {
        match self {
            Self::Flink => System::Flink,
            Self::Spark => System::Spark,
        }
    }
}
