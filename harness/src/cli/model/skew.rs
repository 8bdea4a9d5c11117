//! Arguments of `skew`.

use clap::Args;
use dataflow::placement::PLACEMENTS;

use crate::cli::shared::parallelism;
use crate::cli::{OutArgs, defaults};
use crate::quantity::{self, Rate};

/// Arguments of `skew`.
#[derive(Args, Debug)]
pub struct SkewArgs {
    /// Workload; the keys are those of the first keyed exchange behind its source
    #[arg(long, default_value = defaults::WORKLOAD)]
    pub workload: String,
    /// Partitions, several counts separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [8], value_parser = parallelism(), allow_hyphen_values = true)]
    pub parallelism: Vec<u32>,
    /// Number of events
    #[arg(long, value_parser = quantity::count, default_value = "1M", allow_hyphen_values = true)]
    pub events: u64,
    /// Seed of everything drawn at random
    #[arg(long, default_value_t = defaults::SEED, allow_hyphen_values = true)]
    pub seed: u64,
    /// Placements, several separated by commas.
    #[arg(
        long = "placement",
        value_name = "PLACEMENT",
        value_delimiter = ',',
        value_parser = clap::builder::PossibleValuesParser::new(PLACEMENTS),
        help = "Placements, several separated by commas [default: all]"
    )]
    pub placements: Vec<String>,
    /// Windows in records.
    #[arg(
        long = "window",
        value_name = "RECORDS",
        value_delimiter = ',',
        value_parser = quantity::count,
        help = "Windows of so many records, several separated by commas [default: \
                500,1000,5000,20000,100000]"
    )]
    pub windows: Vec<u64>,
    /// Also within the batches that this engine makes in virtual time:
    /// 'microbatch,batch_interval_ms=100'
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<String>,
    /// Events per second of that engine.
    #[arg(
        long,
        requires = "engine",
        value_parser = quantity::rate,
        allow_hyphen_values = true,
        help = "Events per second of that engine, or max: as fast as they are taken [default: 100k]"
    )]
    pub rate: Option<Rate>,
    /// A knob of the workload or a setting of the engine; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Where results go.
    #[command(flatten)]
    pub out: OutArgs,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}

impl SkewArgs {
    /// Planned events per second of the engine that makes batches; without one, and at `max`,
    /// events come as fast as they are taken.
    pub fn rate(&self) -> Rate {
        match self.engine {
            Some(_) => self.rate.unwrap_or(Rate::PerSecond(defaults::SKEW_RATE)),
            None => Rate::Max,
        }
    }
}
