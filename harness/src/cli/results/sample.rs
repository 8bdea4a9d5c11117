//! Arguments of `sample`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::defaults;
use crate::files::uri::OutputUri;
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
    /// Where events go, as NDJSON: print, file:PATH, discard, tcp:HOST:PORT, or
    /// kafka:HOST:PORT/TOPIC?acks=all&compression=none, whose messages say event_time_ms and n besides
    #[arg(long, value_name = "URI", default_value = "print", allow_hyphen_values = true)]
    pub output: OutputUri,
    /// Settings of the Kafka client, name=value on each line, such as those for TLS and passwords
    #[arg(long, value_name = "FILE")]
    pub kafka_config: Option<PathBuf>,
}
