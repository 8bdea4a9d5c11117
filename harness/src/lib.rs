//! The harness: drives workloads through engines, measures, checks and compares.
//!
//! A crate of your own adds a workload or an engine to [`Registry::standard`], calls [`main`] and
//! has every command; see `examples/own_workload.rs` and `examples/own_engine.rs`.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use clap::Parser;
use dataflow::StopSignal;

pub mod baseline;
mod batch_row;
pub mod cli;
pub mod compare;
pub mod comparisons;
pub mod diff;
pub mod doctor;
pub mod dry_run;
pub mod environment;
pub mod error;
pub mod execute;
pub mod fault_spec;
pub mod files;
pub mod formulas;
pub mod histogram_files;
pub mod job_file;
pub mod latency;
pub mod list;
pub mod live;
pub mod manual;
pub mod out;
pub mod output;
pub mod pilot;
pub mod place;
pub mod progress;
pub mod quantity;
pub mod recover;
pub mod registry;
mod result_folder;
pub mod row_multiset;
pub mod run;
pub mod run_clock;
mod run_result;
pub mod series_files;
pub mod sink;
pub mod skew;
pub mod sparkline;
pub mod statistics;
pub mod suite;
pub mod supervisor;
pub mod sustain;
pub mod sweep;
pub mod table;
pub mod threshold;
pub mod transactional;
pub mod uri;
pub mod validity;
pub mod verify;
pub mod watch;
pub mod way_back;

pub use registry::Registry;
use reports::write::Pictures;

use cli::{Cli, Command};
use error::{Error, Outcome, Result};

/// Reads the command line, does what it says, and returns the exit status: 0 good; 1 a wrong
/// answer, no valid result, a regression or a violated threshold; 2 bad usage or bad input; 3 the run itself failed; 130 interrupted.
pub fn main(registry: &Registry) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output with status 0, the rest to standard error.
            drop(error.print());
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let status = stop_on_interrupt().and_then(|stop| dispatch(&cli.command, registry, &stop));
    match status {
        Ok(outcome) => ExitCode::from(outcome.status()),
        Err(error) => {
            out::note(&format!("error: {error}"));
            ExitCode::from(error.status())
        }
    }
}

fn dispatch(command: &Command, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    match command {
        Command::Compare(args) => compare::compare(args, registry, stop),
        Command::Sweep(args) => sweep::sweep(args, registry, stop),
        Command::Sustain(args) => sustain::sustain(args, registry, stop),
        Command::Run(args) => run::run(args, registry, stop),
        Command::Recover(args) => recover::recover(args, registry, stop),
        Command::Skew(args) => skew::skew(args, registry, stop),
        Command::Formulas(args) => formulas::formulas(args, registry, stop),
        Command::Verify(args) => verify::verify(args, registry, stop),
        Command::Diff(args) => diff::diff(args),
        Command::Plot { dir, png } => {
            let pictures = if *png { Pictures::SvgAndPng } else { Pictures::Svg };
            let drawn = reports::write::draw_as(dir, pictures).map_err(Error::input)?;
            out::line(&format!("Report: {}", drawn.report.display()));
            Ok(Outcome::Good)
        }
        Command::List(args) => list::list(args, registry),
        Command::Place(args) => place::place(args),
        Command::Sample(args) => list::sample(args, registry),
        Command::Suite(args) => suite::command::suite(args, registry),
        Command::Doctor(args) => doctor::doctor(args, registry, stop),
        Command::Completions { shell } => manual::completions(*shell),
        Command::Man { out } => manual::man(out.as_deref()),
    }
}

/// The first interrupt (Ctrl-C) stops the run, which is drained and saved; the second ends the
/// process.
fn stop_on_interrupt() -> Result<StopSignal> {
    let stop = StopSignal::default();
    let (signal, asked) = (stop.clone(), AtomicBool::new(false));
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::SeqCst) {
            live::restore();
            std::process::exit(i32::from(Outcome::Interrupted.status()));
        }
        signal.request();
    })
    .map_err(Error::run)?;
    Ok(stop)
}

/// The date and time, for the name of a results folder.
#[allow(clippy::disallowed_methods, reason = "a date is no measurement, and is read only here")]
pub(crate) fn wall_time() -> SystemTime {
    SystemTime::now()
}
