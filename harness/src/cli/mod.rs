//! The command line. The commands are listed here; the arguments of each have a file of their own.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};

pub(crate) mod defaults;
mod model;
mod results;
mod runs;
mod shared;

pub(crate) use crate::cli::model::calibrate::{CalibrateArgs, Target};
pub(crate) use crate::cli::model::formulas::FormulasArgs;
pub(crate) use crate::cli::model::place::{KeyType, PlaceArgs};
pub(crate) use crate::cli::model::skew::SkewArgs;
pub(crate) use crate::cli::results::diff::DiffArgs;
pub(crate) use crate::cli::results::doctor::DoctorArgs;
pub(crate) use crate::cli::results::list::{ListArgs, ListTopic};
pub(crate) use crate::cli::results::sample::SampleArgs;
pub(crate) use crate::cli::results::suite::{SuiteArgs, SuiteCommand};
pub(crate) use crate::cli::results::systems::{SystemName, SystemsArgs, SystemsCommand};
pub(crate) use crate::cli::runs::baseline::BaselineArgs;
pub(crate) use crate::cli::runs::compare::CompareArgs;
pub(crate) use crate::cli::runs::consistency::ConsistencyArgs;
pub(crate) use crate::cli::runs::recover::RecoverArgs;
pub(crate) use crate::cli::runs::run::RunArgs;
pub(crate) use crate::cli::runs::sustain::SustainArgs;
pub(crate) use crate::cli::runs::sweep::SweepArgs;
pub(crate) use crate::cli::runs::verify::VerifyArgs;
pub(crate) use shared::{OutArgs, SharedArgs};

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

/// The command line as it is read: `help --help` is `help`, which asks for the same.
pub(crate) fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut all: Vec<OsString> = given.collect();
    let parent = |name: &OsString| {
        let program = Cli::command();
        program.find_subcommand(name).is_some_and(clap::Command::has_subcommands)
    };
    let place = match all.as_slice() {
        [_, first, ..] if first == "help" => 1,
        [_, first, second, ..] if second == "help" && parent(first) => 2,
        _ => return all,
    };
    let asked = all.split_off(place + 1);
    all.extend(asked.into_iter().filter(|it| it != "--help" && it != "-h"));
    all
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a suite on several engines in alternation, print the comparison, write a report
    #[command(after_help = "Example:\n  streamgauge compare --quick")]
    Compare(CompareArgs),
    /// Compare engines at every value of one or two settings, knobs or rates
    #[command(
        after_help = "Example:\n  streamgauge sweep --workload forward --rate 20k --duration 3s --axis batch_interval_ms=0,50,200"
    )]
    Sweep(SweepArgs),
    /// Find the highest rate that engines keep up with
    #[command(
        after_help = "Example:\n  streamgauge sustain --workload keyed-count --duration 500ms --repeats 1",
        mut_arg("rate", |it| it.hide(true)),
        mut_arg("thresholds", |it| it.hide(true)),
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
    /// Show how much of what can be seen of a result is the answer to no prefix of the input
    #[command(
        after_help = "Example:\n  streamgauge consistency --workload transfers --clock virtual"
    )]
    Consistency(ConsistencyArgs),
    /// Show where placements put the keys of a workload, over the run and within windows
    #[command(
        after_help = "Example:\n  streamgauge skew --workload keyed-count --set zipf_exponent=1 --events 200k"
    )]
    Skew(SkewArgs),
    /// Check P = N/M, T = B/R and H(x) against measurements
    #[command(after_help = "Example:\n  streamgauge formulas partitioning")]
    Formulas(FormulasArgs),
    /// Measure what each kind of work costs an implementation, and write that as a profile
    #[command(after_help = "Example:\n  streamgauge calibrate bare --repeats 1 --duration 20ms")]
    Calibrate(CalibrateArgs),
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
        /// Folder that `compare`, `sweep`, `recover`, `consistency`, `skew` or `formulas` has written
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
    /// Check suites, and describe their format to editors
    #[command(after_help = "Example:\n  streamgauge suite check standard")]
    Suite(SuiteArgs),
    /// Get, list and remove the real Apache Flink and Apache Spark
    #[command(after_help = "Example:\n  streamgauge systems install")]
    Systems(SystemsArgs),
    /// Say what this machine does to results: cores, clock, timers, load and noise floor
    #[command(after_help = "Example:\n  streamgauge doctor")]
    Doctor(DoctorArgs),
    /// One side of a duet: started by `compare --duet` alone
    #[command(hide = true)]
    DuetSide,
    /// Print the completions of a shell
    #[command(after_help = "Example:\n  streamgauge completions bash")]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one for every command into a folder
    #[command(after_help = "Example:\n  streamgauge man")]
    Man {
        /// Folder for `streamgauge.1`, `streamgauge-compare.1` and the others
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}
