//! The harness: drives workloads through engines, measures, checks and compares.
//!
//! A crate of your own adds a workload or an engine to [`Registry::standard`], calls [`main`] and
//! has every command; see `examples/own_workload.rs` and `examples/own_engine.rs`.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use clap::Parser;
use dataflow::StopSignal;

pub mod analysis;
pub mod cli;
pub mod commands;
pub mod error;
pub mod experiment;
pub mod files;
pub mod measure;
pub mod quantity;
pub mod run;
pub mod terminal;

pub use crate::experiment::registry::Registry;
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
            crate::terminal::out::note(&format!("error: {error}"));
            ExitCode::from(error.status())
        }
    }
}

fn dispatch(command: &Command, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    match command {
        Command::Compare(args) => crate::commands::runs::compare::compare(args, registry, stop),
        Command::Sweep(args) => crate::commands::runs::sweep::sweep(args, registry, stop),
        Command::Sustain(args) => crate::commands::runs::sustain::sustain(args, registry, stop),
        Command::Run(args) => crate::commands::runs::run::run(args, registry, stop),
        Command::Recover(args) => crate::commands::runs::recover::recover(args, registry, stop),
        Command::Skew(args) => crate::commands::model::skew::skew(args, registry, stop),
        Command::Formulas(args) => crate::commands::model::formulas::formulas(args, registry, stop),
        Command::Verify(args) => crate::commands::runs::verify::verify(args, registry, stop),
        Command::Diff(args) => crate::analysis::diff::diff(args),
        Command::Plot { dir, png } => {
            let pictures = if *png { Pictures::SvgAndPng } else { Pictures::Svg };
            let drawn = reports::write::draw_as(dir, pictures).map_err(Error::input)?;
            crate::terminal::out::line(&format!("Report: {}", drawn.report.display()));
            Ok(Outcome::Good)
        }
        Command::List(args) => crate::commands::results::list::list(args, registry),
        Command::Place(args) => crate::commands::model::place::place(args),
        Command::Sample(args) => crate::commands::results::list::sample(args, registry),
        Command::Suite(args) => crate::commands::results::suite::suite(args, registry),
        Command::Doctor(args) => crate::commands::results::doctor::doctor(args, registry, stop),
        Command::Completions { shell } => crate::commands::manual::completions(*shell),
        Command::Man { out } => crate::commands::manual::man(out.as_deref()),
    }
}

/// The first interrupt (Ctrl-C) stops the run, which is drained and saved; the second ends the
/// process.
fn stop_on_interrupt() -> Result<StopSignal> {
    let stop = StopSignal::default();
    let (signal, asked) = (stop.clone(), AtomicBool::new(false));
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::SeqCst) {
            crate::terminal::live::restore();
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
