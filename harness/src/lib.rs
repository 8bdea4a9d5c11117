//! The harness: drives workloads through engines, measures, checks and compares.
//!
//! A crate of your own adds a workload or an engine to [`Registry::standard`], calls [`main`] and
//! has every command; see `examples/own_workload.rs` and `examples/own_engine.rs`.
//!
//! The modules, lowest first. Each imports only from those before it; `analysis` and `measure` do not
//! know each other, and neither do `cli` and `terminal`.
//!
//! - `error`: what can go wrong, by exit status.
//! - `quantity`: rates, durations and counts as people write them.
//! - `files`: where results go, rows in and out, and the one place that writes.
//! - `systems`: the real systems on this machine, and the tools that they need.
//! - `profiles`: what work costs an implementation, in tables.
//! - `registry`: engines and workloads by name, with their settings and knobs.
//! - `analysis`: statistics, comparisons, thresholds and differences: pure functions of results.
//! - `measure`: what is measured in a run: the sink, latencies, and the observer of the engine.
//! - `run`: one run: its description (`RunSpec`), who makes it (`Executor`), and its result.
//! - `cli`: the arguments of every command.
//! - `terminal`: tables, the progress bar and the live view.
//! - `experiment`: suites of experiments, how long their runs are, and in which order they run.
//! - `commands`: a file or folder for each command; each renders its own table.
//! - `internals`: what this crate's tests and benches need from inside.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use dataflow::StopSignal;
use reports::schema::text::check_name;

mod analysis;
mod cli;
mod commands;
mod error;
mod experiment;
mod files;
#[doc(hidden)]
pub mod internals;
mod measure;
mod profiles;
mod quantity;
mod registry;
mod run;
mod systems;
mod terminal;

pub use crate::error::Error;
pub use crate::registry::Registry;

use cli::{Cli, Command};
use commands::{manual, model, results, runs};
use error::{Outcome, Result};
use experiment::duet;
use terminal::{live, out};

/// Reads the command line, does what it says, and returns the exit status: 0 good; 1 a wrong
/// answer, no valid result, a regression or a violated threshold; 2 bad usage or bad input; 3 the
/// run itself failed, or what it came to could not be printed; 130 interrupted.
pub fn main(registry: &Registry) -> ExitCode {
    let cli = match Cli::try_parse_from(cli::arguments(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output with status 0, the rest to standard error. An
            // argument with control characters is not repeated as it is.
            let hides = |it: OsString| check_name(&it.to_string_lossy()).is_err();
            if error.use_stderr() && std::env::args_os().any(hides) {
                out::note(error.render().to_string().trim_end());
                return ExitCode::from(2);
            }
            let printed = error.print();
            if error.use_stderr() {
                return ExitCode::from(2);
            }
            out::written(printed);
            return exit_code(Ok(Outcome::Good));
        }
    };
    exit_code(stop_on_interrupt().and_then(|stop| dispatch(&cli.command, registry, &stop)))
}

/// Says what went wrong, in the command and in printing what it came to. A command that was not good
/// keeps its own status.
fn exit_code(ended: Result<Outcome>) -> ExitCode {
    let status = ended.as_ref().map_or_else(Error::status, |outcome| outcome.status());
    let printed = out::all_written();
    let lost = printed.as_ref().map_or_else(Error::status, |()| 0);
    for error in [ended.err(), printed.err()].into_iter().flatten() {
        out::error(&error);
    }
    ExitCode::from(if status == 0 { lost } else { status })
}

fn dispatch(command: &Command, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    match command {
        Command::Compare(args) => runs::compare::compare(args, registry, stop),
        Command::Sweep(args) => runs::sweep::sweep(args, registry, stop),
        Command::Sustain(args) => runs::sustain::sustain(args, registry, stop),
        Command::Run(args) => runs::run::run(args, registry, stop),
        Command::Recover(args) => runs::recover::recover(args, registry, stop),
        Command::Consistency(args) => runs::consistency::consistency(args, registry, stop),
        Command::Skew(args) => model::skew::skew(args, registry, stop),
        Command::Calibrate(args) => model::calibrate::calibrate(args, registry, stop),
        Command::Formulas(args) => model::formulas::formulas(args, registry, stop),
        Command::Verify(args) => runs::verify::verify(args, registry, stop),
        Command::Diff(args) => results::diff::diff(args),
        Command::Plot { dir, png } => results::plot::plot(dir, *png),
        Command::List(args) => results::list::list(args, registry),
        Command::Place(args) => model::place::place(args),
        Command::Sample(args) => results::sample::sample(args, registry, stop),
        Command::Suite(args) => results::suite::suite(args, registry),
        Command::Systems(args) => results::systems::systems(args),
        Command::Doctor(args) => results::doctor::doctor(args, registry, stop),
        Command::DuetSide => duet::side::serve(registry, stop).map(|()| Outcome::Good),
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
            files::remove_unfinished();
            std::process::exit(i32::from(Outcome::Interrupted.status()));
        }
        signal.request();
    })
    .map_err(Error::run)?;
    Ok(stop)
}
