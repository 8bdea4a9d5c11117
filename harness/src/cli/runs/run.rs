//! Arguments of `run`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::SharedArgs;
use crate::files::uri::{InputUri, OutputUri};
use crate::quantity;
use crate::run::clock::Clock;
use crate::run::fault::FaultSpec;

/// Arguments of `run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// Engine, with settings: 'microbatch,batch_interval_ms=50'
    #[arg(long)]
    pub engine: String,
    /// Workload
    #[arg(long)]
    pub workload: String,
    /// Real time, or modelled time that is deterministic in nanoseconds
    #[arg(long, value_enum, default_value_t)]
    pub clock: Clock,
    /// Events from file:PATH (or a bare path), - for standard input, tcp:HOST:PORT, or
    /// kafka:HOST:PORT/TOPIC?from=earliest&until=end: text lines for word-count and uppercase, NDJSON
    /// for the others; of a topic, unless its format= says otherwise
    #[arg(long, value_name = "URI", allow_hyphen_values = true)]
    pub input: Option<InputUri>,
    /// Settings of the Kafka client, name=value on each line, such as those for TLS and passwords
    #[arg(long, value_name = "FILE")]
    pub kafka_config: Option<PathBuf>,
    /// Results as NDJSON to print, file:PATH, discard, tcp:HOST:PORT, or
    /// kafka:HOST:PORT/TOPIC?acks=all&compression=none: a message for each row
    #[arg(long, value_name = "URI", allow_hyphen_values = true)]
    pub output: Option<OutputUri>,
    /// Show every micro-batch; JSON has them anyway
    #[arg(long, conflicts_with = "json")]
    pub batches: bool,
    /// Keep checkpoints, logs and state in this folder; in memory otherwise
    #[arg(long, value_name = "DIR")]
    pub checkpoint_dir: Option<PathBuf>,
    /// Go on with the job that --checkpoint-dir holds, if need be at another parallelism
    #[arg(long, requires = "checkpoint_dir")]
    pub resume: bool,
    /// Do not compare the part files or the topic of an exactly-once output with what was written, once
    /// the run is over; the result says so
    #[arg(long)]
    pub no_check_output: bool,
    /// Stop once so many events have been read, to go on later with --resume
    #[arg(long, value_name = "EVENTS", value_parser = quantity::count, allow_hyphen_values = true)]
    pub stop_after: Option<u64>,
    /// Let something fail: kill:VICTIM@WHEN, slow:VICTIM+DURATION@WHEN, lose:MESSAGE@NUMBER,
    /// delay:MESSAGE+DURATION@NUMBER, such as kill:subtask@40%; may be repeated
    #[arg(long = "fault", value_name = "FAULT")]
    pub faults: Vec<FaultSpec>,
    /// Write the trace of a run in virtual time to this file
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Show rate, backlog and latency of the engine while it runs, on a terminal
    #[arg(long, conflicts_with = "json")]
    pub live: bool,
    /// Run though the memory may not suffice
    #[arg(long)]
    pub force: bool,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
    /// What it shares with `compare`.
    #[command(flatten)]
    pub shared: SharedArgs,
}
