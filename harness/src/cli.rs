//! The command line.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use dataflow::placement::{MAX_RING_POINTS, PLACEMENTS};
use serde_json::Value;

use crate::error::Result;
use crate::fault_spec::FaultSpec;
use crate::formulas::FormulasArgs;
use crate::quantity::{self, Rate};
use crate::registry::key_value;
use crate::run_clock::Clock;
use crate::threshold::{self, Threshold};
use crate::uri::{InputUri, OutputUri};

/// Largest parallelism: Flink's largest number of key groups.
pub const MAX_PARALLELISM: u32 = 32_768;

/// Runs the same operators on the same events under the pipelined and the micro-batch model,
/// checks every answer, and compares.
#[derive(Debug, Parser)]
#[command(name = "streamgauge", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Example:\n  streamgauge compare --quick")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a suite on several engines in alternation, print the comparison, write a report
    #[command(after_help = "Example:\n  streamgauge compare --quick")]
    Compare(CompareArgs),
    /// Compare engines at every value of one or two settings, knobs or rates
    #[command(
        after_help = "Example:\n  streamgauge sweep --workload keyed-count --rate 20k --axis batch_interval_ms=0,50,200"
    )]
    Sweep(SweepArgs),
    /// Find the highest rate that engines keep up with
    #[command(
        after_help = "Example:\n  streamgauge sustain --workload keyed-count --duration 500ms --repeats 1"
    )]
    Sustain(SustainArgs),
    /// Run one workload on one engine
    #[command(
        after_help = "Example:\n  streamgauge run --engine pipelined --workload keyed-count --events 1M"
    )]
    Run(RunArgs),
    /// Let something fail under every guarantee, and show what is lost or comes twice
    #[command(
        after_help = "Example:\n  streamgauge recover --engine pipelined --fault kill:driver@50%"
    )]
    Recover(RecoverArgs),
    /// Show where every placement puts the keys of a workload, over the run and within windows
    #[command(
        after_help = "Example:\n  streamgauge skew --workload keyed-count --set zipf_exponent=1 --events 200k"
    )]
    Skew(SkewArgs),
    /// Set what the document's formulas predict beside what is measured
    #[command(after_help = "Example:\n  streamgauge formulas partitioning")]
    Formulas(FormulasArgs),
    /// Check every workload on every engine against its evaluator
    #[command(after_help = "Example:\n  streamgauge verify --events 20000 --parallelism 1,2")]
    Verify(VerifyArgs),
    /// Compare two results of `compare`, made at different times
    #[command(
        after_help = "Example:\n  streamgauge diff results/baselines/main.json results/2026-11-22T18-00-00Z-quick"
    )]
    Diff(DiffArgs),
    /// Draw the charts and the report of a results folder again
    #[command(after_help = "Example:\n  streamgauge plot results/2026-11-22T18-00-00Z-quick")]
    Plot {
        /// Folder that `compare`, `sweep`, `recover`, `skew` or `formulas` has written
        dir: PathBuf,
        /// Write every chart as PNG too, at twice its size
        #[arg(long)]
        png: bool,
    },
    /// List engines, workloads, placements and suites with their settings and knobs
    #[command(after_help = "Example:\n  streamgauge list suites --show quick")]
    List(ListArgs),
    /// Say which partition keys go to, and why
    #[command(after_help = "Example:\n  streamgauge place --parallelism 3 --type int 42 -1")]
    Place(PlaceArgs),
    /// Print a workload's events as NDJSON
    #[command(after_help = "Example:\n  streamgauge sample --workload keyed-count --events 3")]
    Sample(SampleArgs),
}

/// What `compare` and `run` share.
#[derive(Args, Clone, Debug, Default)]
pub struct SharedArgs {
    /// Runs per engine, in alternation
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000), allow_hyphen_values = true)]
    pub repeats: Option<u32>,
    /// Events of this time at the start are digested but not timed, such as 200ms
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, allow_hyphen_values = true)]
    pub warm_up: Option<Duration>,
    /// Events per second (100000, 1e5, 100k), or max: as fast as they are taken
    #[arg(long, value_parser = quantity::rate, allow_hyphen_values = true)]
    pub rate: Option<Rate>,
    /// Number of events (1000000, 1e6, 1M)
    #[arg(long, value_parser = quantity::count, conflicts_with = "duration", allow_hyphen_values = true)]
    pub events: Option<u64>,
    /// Events of this time at the rate, such as 2s; at max a pilot turns it into a number
    #[arg(long, value_parser = quantity::duration, allow_hyphen_values = true)]
    pub duration: Option<Duration>,
    /// Subtasks per stage
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PARALLELISM)), allow_hyphen_values = true)]
    pub parallelism: Option<u32>,
    /// Seed of everything drawn at random
    #[arg(long, allow_hyphen_values = true)]
    pub seed: Option<u64>,
    /// A knob of the workload or a setting of an engine; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// What is promised when something fails: none, at-least-once or exactly-once
    #[arg(long, value_name = "GUARANTEE", value_parser = clap::builder::PossibleValuesParser::new(dataflow::engine::GUARANTEES))]
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
    /// When one is no `key=value`.
    pub fn settings(&self) -> Result<BTreeMap<String, Value>> {
        let mut set: BTreeMap<String, Value> =
            self.set.iter().map(|it| key_value(it)).collect::<Result<_>>()?;
        if let Some(guarantee) = &self.guarantee {
            set.insert("guarantee".to_owned(), guarantee.as_str().into());
        }
        Ok(set)
    }
}

/// Arguments of `compare`.
#[derive(Args, Debug)]
pub struct CompareArgs {
    /// A shipped suite (see `list suites`) or a file SUITE.toml
    pub suite: Option<String>,
    /// The suite `quick`: under a minute
    #[arg(long, conflicts_with = "suite")]
    pub quick: bool,
    /// Where to write results.
    #[arg(
        long,
        value_name = "DIR",
        help = "Where to write results [default: results/<UTC time>-<suite>]"
    )]
    pub out: Option<PathBuf>,
    /// Engines in the place of the suite's, such as 'pipelined,buffer_timeout_ms=0'; may be repeated
    #[arg(long = "engine", value_name = "ENGINE")]
    pub engines: Vec<String>,
    /// Only experiments with this workload; without a suite, this workload; may be repeated
    #[arg(long = "workload", value_name = "WORKLOAD")]
    pub workloads: Vec<String>,
    /// Run every variant twice and compare it with its own repetition: the noise floor
    #[arg(long)]
    pub against_itself: bool,
    /// Repeat until every interval is at most this far either way, such as 3%: 5 to 50 times
    #[arg(long, value_name = "PERCENT", value_parser = quantity::percentage, conflicts_with = "repeats", allow_hyphen_values = true)]
    pub until: Option<f64>,
    /// With --until, repeat no more once so much time is spent, such as 5m; experiments share it
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, requires = "until", allow_hyphen_values = true)]
    pub budget: Option<Duration>,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
    /// Earlier results to keep and to compare with.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// What it shares with `run`.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Arguments of `sweep`.
#[derive(Args, Debug)]
pub struct SweepArgs {
    /// Workload
    #[arg(long, default_value = "keyed-count")]
    pub workload: String,
    /// What is varied, with its values: rate, parallelism, a setting of an engine or a knob of the
    /// workload, such as batch_interval_ms=0,10,100; a second one makes a map
    #[arg(long = "axis", value_name = "NAME=VALUE,..", required = true)]
    pub axes: Vec<String>,
    /// Engines, such as 'pipelined,buffer_timeout_ms=0'; may be repeated
    /// [default: pipelined and microbatch]
    #[arg(long = "engine", value_name = "ENGINE")]
    pub engines: Vec<String>,
    /// Where to write results.
    #[arg(
        long,
        value_name = "DIR",
        help = "Where to write results [default: results/<UTC time>-sweep]"
    )]
    pub out: Option<PathBuf>,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
    /// What it shares with `run`.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Arguments of `sustain`.
#[derive(Args, Debug)]
pub struct SustainArgs {
    /// Workload
    #[arg(long, default_value = "keyed-count")]
    pub workload: String,
    /// Engines, such as 'pipelined,buffer_timeout_ms=0'; may be repeated
    /// [default: pipelined and microbatch]
    #[arg(long = "engine", value_name = "ENGINE")]
    pub engines: Vec<String>,
    /// Real time, or modelled time that is deterministic in nanoseconds
    #[arg(long, value_enum, default_value_t)]
    pub clock: Clock,
    /// Longest p99 latency from the planned time that still counts as keeping up, such as 100ms;
    /// without it only the backlog decides
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration, allow_hyphen_values = true)]
    pub latency: Option<Duration>,
    /// How closely the rate is found, as a share of it
    #[arg(long, value_name = "PERCENTAGE", value_parser = quantity::percentage, default_value = "2%", allow_hyphen_values = true)]
    pub precision: f64,
    /// Where to write results.
    #[arg(
        long,
        value_name = "DIR",
        help = "Where to write results [default: results/<UTC time>-sustain]"
    )]
    pub out: Option<PathBuf>,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
    /// What it shares with `run`.
    #[command(flatten)]
    pub shared: SharedArgs,
}

impl SustainArgs {
    /// Length of a probe near the capacity when nobody says.
    pub const fn default_duration(&self) -> Duration {
        Duration::from_secs(2)
    }
}

/// Arguments of `compare` about earlier results.
#[derive(Args, Clone, Debug)]
pub struct BaselineArgs {
    /// Keep the results, if they are good, under this name
    #[arg(long, value_name = "NAME")]
    pub save_baseline: Option<String>,
    /// Print also the diff against a kept result, or a results folder; rate and events that the
    /// suite leaves to a pilot are those of the baseline
    #[arg(long, value_name = "NAME|PATH")]
    pub baseline: Option<String>,
    /// Where baselines are kept
    #[arg(long, value_name = "DIR", default_value = "results/baselines")]
    pub baseline_dir: PathBuf,
    /// Exit status 1 when a metric is worse than in the baseline by more than this share, and so
    /// is its whole interval, such as 5%
    #[arg(
        long,
        value_name = "PERCENT",
        requires = "baseline",
        value_parser = quantity::percentage,
        allow_hyphen_values = true
    )]
    pub fail_on_regression: Option<f64>,
}

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
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}

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
    /// Events from file:PATH (or a bare path), - for standard input, or tcp:HOST:PORT: text lines
    /// for word-count and uppercase, NDJSON for the others
    #[arg(long, value_name = "URI", allow_hyphen_values = true)]
    pub input: Option<InputUri>,
    /// Results as NDJSON to print, file:PATH, discard or tcp:HOST:PORT
    #[arg(long, value_name = "URI", allow_hyphen_values = true)]
    pub output: Option<OutputUri>,
    /// Show every micro-batch
    #[arg(long)]
    pub batches: bool,
    /// Keep checkpoints, logs and state in this folder; in memory otherwise
    #[arg(long, value_name = "DIR")]
    pub checkpoint_dir: Option<PathBuf>,
    /// Go on with the job that --checkpoint-dir holds, if need be at another parallelism
    #[arg(long, requires = "checkpoint_dir")]
    pub resume: bool,
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
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
    /// What it shares with `compare`.
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// Arguments of `recover`.
#[derive(Args, Debug)]
pub struct RecoverArgs {
    /// Engines, with settings.
    #[arg(
        long = "engine",
        value_name = "ENGINE",
        help = "Engine, with settings: 'pipelined,restart_delay_ms=100'; may be repeated [default: \
                pipelined and microbatch]"
    )]
    pub engines: Vec<String>,
    /// Workload
    #[arg(long, default_value = "keyed-count")]
    pub workload: String,
    /// Events per second (20000, 2e4, 20k)
    #[arg(long, value_parser = quantity::rate, default_value = "20k", allow_hyphen_values = true)]
    pub rate: Rate,
    /// Events of this time at the rate
    #[arg(long, value_parser = quantity::duration, default_value = "6s", allow_hyphen_values = true)]
    pub duration: Duration,
    /// Subtasks per stage
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PARALLELISM)), allow_hyphen_values = true)]
    pub parallelism: u32,
    /// Seed of everything drawn at random
    #[arg(long, default_value_t = 42, allow_hyphen_values = true)]
    pub seed: u64,
    /// Knobs of the workload and settings of engines.
    #[arg(
        long,
        value_name = "KEY=VALUE",
        help = "A knob of the workload or a setting of an engine; may be repeated [default: \
                checkpoint_interval_ms=200, batch_interval_ms=200]"
    )]
    pub set: Vec<String>,
    /// What fails.
    #[arg(
        long = "fault",
        value_name = "FAULT",
        help = "What fails: kill:VICTIM@WHEN, slow:VICTIM+DURATION@WHEN, lose:MESSAGE@NUMBER, \
                delay:MESSAGE+DURATION@NUMBER; may be repeated [default: kill:subtask@45% on \
                pipelined, kill:task@45% on microbatch]"
    )]
    pub faults: Vec<FaultSpec>,
    /// Real time, or modelled time that is deterministic in nanoseconds
    #[arg(long, value_enum, default_value_t)]
    pub clock: Clock,
    /// Where to write results.
    #[arg(
        long,
        value_name = "DIR",
        help = "Where to write results [default: results/<UTC time>-recover]"
    )]
    pub out: Option<PathBuf>,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `skew`.
#[derive(Args, Debug)]
pub struct SkewArgs {
    /// Workload; the keys are those of the first keyed exchange behind its source
    #[arg(long, default_value = "keyed-count")]
    pub workload: String,
    /// Partitions, several counts separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [8], value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PARALLELISM)), allow_hyphen_values = true)]
    pub parallelism: Vec<u32>,
    /// Number of events
    #[arg(long, value_parser = quantity::count, default_value = "1M", allow_hyphen_values = true)]
    pub events: u64,
    /// Seed of everything drawn at random
    #[arg(long, default_value_t = 42, allow_hyphen_values = true)]
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
    /// Events per second of that engine, or max: as fast as they are taken
    #[arg(long, value_parser = quantity::rate, default_value = "100k", allow_hyphen_values = true)]
    pub rate: Rate,
    /// A knob of the workload or a setting of the engine; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Where to write results.
    #[arg(
        long,
        value_name = "DIR",
        help = "Where to write results [default: results/<UTC time>-skew]"
    )]
    pub out: Option<PathBuf>,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}

impl SkewArgs {
    /// Planned events per second of the engine that makes batches; without one, and at `max`,
    /// events come as fast as they are taken.
    pub fn rate(&self) -> Option<f64> {
        self.engine.as_ref().and_then(|_| self.rate.per_second())
    }
}

/// Arguments of `verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// Only this engine; may be repeated
    #[arg(long = "engine", value_name = "ENGINE")]
    pub engines: Vec<String>,
    /// Only this workload; may be repeated
    #[arg(long = "workload", value_name = "WORKLOAD")]
    pub workloads: Vec<String>,
    /// Subtasks per stage, several separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 3, 4, 8], value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PARALLELISM)), allow_hyphen_values = true)]
    pub parallelism: Vec<u32>,
    /// Only this clock
    #[arg(long, value_enum)]
    pub clock: Option<Clock>,
    /// Events per cell
    #[arg(long, value_parser = quantity::count, default_value = "100000", allow_hyphen_values = true)]
    pub events: u64,
    /// Seed of everything drawn at random
    #[arg(long, default_value_t = 42, allow_hyphen_values = true)]
    pub seed: u64,
    /// A knob of the workloads that have it; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}

/// What to list.
#[derive(Copy, Clone, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Listed {
    /// Engines with their settings.
    Engines,
    /// Workloads with their knobs.
    Workloads,
    /// Placements of keys.
    Placements,
    /// Suites that come with the binary.
    Suites,
}

/// Arguments of `list`.
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only these
    #[arg(value_enum)]
    pub what: Option<Listed>,
    /// Print this suite's text
    #[arg(long, value_name = "SUITE")]
    pub show: Option<String>,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
}

/// What keys are.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum KeyType {
    /// Whole numbers of 32 bits.
    Int,
    /// Whole numbers of 64 bits.
    #[default]
    Long,
    /// Texts.
    String,
}

/// Arguments of `place`.
#[derive(Args, Debug)]
pub struct PlaceArgs {
    /// How keys find their partition (see `list placements`)
    #[arg(long, default_value = PLACEMENTS[0], value_parser = clap::builder::PossibleValuesParser::new(PLACEMENTS))]
    pub placement: String,
    /// Partitions
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PARALLELISM)), allow_hyphen_values = true)]
    pub parallelism: u32,
    /// Key groups.
    #[arg(
        long,
        value_name = "GROUPS",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PARALLELISM)),
        allow_hyphen_values = true,
        help = "Key groups of --placement key-groups [default: one and a half times the \
                parallelism, rounded up to a power of two, at least 128]"
    )]
    pub max_parallelism: Option<u32>,
    /// Points on the ring.
    #[arg(
        long,
        value_name = "POINTS",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_RING_POINTS)),
        allow_hyphen_values = true,
        help = "Points that every partition has on the ring of --placement ring [default: 128]"
    )]
    pub ring_points: Option<u32>,
    /// What the keys are: the same digits hash differently as int, long and string
    #[arg(long = "type", value_enum, default_value_t)]
    pub key_type: KeyType,
    /// Print one JSON value on standard output and nothing else
    #[arg(long)]
    pub json: bool,
    /// Keys; behind `--` if one begins with `-` and is no number
    #[arg(value_name = "KEY", required = true, allow_negative_numbers = true)]
    pub keys: Vec<String>,
}

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
    #[arg(long, default_value_t = 42, allow_hyphen_values = true)]
    pub seed: u64,
    /// A knob; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}
