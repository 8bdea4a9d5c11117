//! Arguments that several commands share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::RangedI64ValueParser;
use serde_json::Value;

use crate::analysis::threshold;
use crate::analysis::threshold::Threshold;
use crate::error::{Error, Result};
use crate::files::result_folder::NamedFolder;
use crate::quantity::{self, MAX_PARALLELISM, Rate};
use crate::registry::key_values;

/// Where the results of a command go.
#[derive(Args, Clone, Debug, Default)]
pub struct OutArgs {
    /// Write results into this folder, which must be new or empty [default: results/<UTC
    /// time>-<name>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// If --out holds results already, rename them to DIR.old-1; run though the memory may not
    /// suffice
    #[arg(long)]
    pub force: bool,
}

impl OutArgs {
    /// The folder that was named, and whether it may hold results.
    pub(crate) fn folder(&self) -> NamedFolder<'_> {
        NamedFolder { path: self.out.as_deref(), force: self.force }
    }
}

/// What `compare` and `run` share.
#[derive(Args, Clone, Debug, Default)]
pub struct SharedArgs {
    /// Runs per engine, in alternation
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000), allow_hyphen_values = true)]
    pub repeats: Option<u32>,
    /// Warm-up, such as 200ms: these first events count for the answer, not for latency or
    /// throughput
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, allow_hyphen_values = true)]
    pub warm_up: Option<Duration>,
    /// Events per second (100000, 1e5, 100k), or max: as fast as they are taken
    #[arg(long, value_parser = quantity::rate, allow_hyphen_values = true)]
    pub rate: Option<Rate>,
    /// Number of events (1000000, 1e6, 1M)
    #[arg(long, value_parser = quantity::count, conflicts_with = "duration", allow_hyphen_values = true)]
    pub events: Option<u64>,
    /// Length of a run, such as 2s; with `--rate max` a short sizing run converts it to a number of
    /// events
    #[arg(long, value_parser = quantity::duration, allow_hyphen_values = true)]
    pub duration: Option<Duration>,
    /// Subtasks per stage
    #[arg(long, value_parser = parallelism(), allow_hyphen_values = true)]
    pub parallelism: Option<u32>,
    /// Seed of everything drawn at random
    #[arg(long, allow_hyphen_values = true)]
    pub seed: Option<u64>,
    /// A knob of the workload or a setting of an engine; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// What is promised when something fails: none, at-least-once or exactly-once
    #[arg(long, value_name = "GUARANTEE", value_parser = clap::builder::PossibleValuesParser::new(dataflow::job::engine::GUARANTEES))]
    pub guarantee: Option<String>,
    /// What the median of valid runs must keep to, else the exit status is 1, such as
    /// 'latency_ns.from_planned.p99 < 50ms'; may be repeated
    #[arg(long = "threshold", value_name = "THRESHOLD", value_parser = threshold::parse)]
    pub thresholds: Vec<Threshold>,
}

impl SharedArgs {
    /// What was set, the guarantee among it.
    ///
    /// # Errors
    /// When one is no `key=value`, or was given twice.
    pub fn settings(&self) -> Result<BTreeMap<String, Value>> {
        let mut set = key_values(self.set.iter().map(String::as_str))?;
        if let Some(guarantee) = &self.guarantee
            && set.insert("guarantee".to_owned(), guarantee.as_str().into()).is_some()
        {
            return Err(Error::Input(
                "--guarantee and --set guarantee=.. say the same thing twice; leave one out"
                    .to_owned(),
            ));
        }
        Ok(set)
    }
}

/// Reads a number of subtasks or partitions: from 1 to [`MAX_PARALLELISM`].
pub(super) fn parallelism() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=i64::from(MAX_PARALLELISM))
}
