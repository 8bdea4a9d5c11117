//! `formulas`: the document's formulas, predicted beside measured.
//!
//! A formula is a [`Formula`]: a name that is a chapter's, and a function that measures its cases in
//! a [`CaseRunner`]. Predictions are closed forms in `reports::formulas`; a measurement is a run whose
//! result is saved first and then read from that file.

pub(crate) mod case_runner;
mod flow_control;
mod formula;
mod key_groups;
mod partitioning;
mod placement;
mod rescale;
mod table;
#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests read what was written")]
mod tests;

use dataflow::StopSignal;
use reports::formulas::{FORMULAS_SCHEMA, FormulasResult};

use crate::cli::FormulasArgs;
use crate::error::{Error, Outcome, Result};
use crate::files::invocation::command_line;
use crate::files::result_folder::ResultFolder;
use crate::registry::Registry;
use crate::run::audience::Audience;
use crate::run::environment;
use crate::run::executor::Runner;
use crate::run::real::Real;
use crate::terminal::interrupted::{Interrupted, Results, with_note};
use crate::terminal::out;
use crate::terminal::progress::Progress;

use case_runner::CaseRunner;
use formula::Formula;

/// All formulas, in the document's order. A new one is a file beside `partitioning.rs` and a line
/// here.
const FORMULAS: &[Formula] = &[partitioning::FORMULA, flow_control::FORMULA, placement::FORMULA];

/// Runs the command.
///
/// # Errors
/// For a name that is no formula, when a run fails, and when results cannot be written.
pub(crate) fn formulas(
    args: &FormulasArgs,
    registry: &Registry,
    stop: &StopSignal,
) -> Result<Outcome> {
    let wanted = wanted(args.name.as_deref())?;
    let folder = ResultFolder::make(args.out.folder(), "formulas")?;
    let result = measure(&wanted, registry, stop, &folder, args)?;
    let filled = folder.fill(&result)?;
    let (whole, planned) = (result.formulas_whole, result.formulas_planned);
    let interrupted = result.interrupted.then(|| Interrupted::after(whole, planned, "formulas"));
    if args.json {
        out::json(&Results::new(interrupted, &result.cases));
    } else {
        out::results(&filled, false, || with_note(table::formulas(&result), interrupted));
    }
    Ok(if result.interrupted {
        Outcome::Interrupted
    } else if result.holds() {
        Outcome::Good
    } else {
        Outcome::Failed
    })
}

fn wanted(name: Option<&str>) -> Result<Vec<&'static Formula>> {
    let Some(name) = name else { return Ok(FORMULAS.iter().collect()) };
    let known: Vec<&str> = FORMULAS.iter().map(|formula| formula.name).collect();
    let found = FORMULAS.iter().find(|formula| formula.name == name);
    found.map(|it| vec![it]).ok_or_else(|| Error::unknown("formula", name, &known))
}

fn measure(
    wanted: &[&Formula],
    registry: &Registry,
    stop: &StopSignal,
    folder: &ResultFolder,
    args: &FormulasArgs,
) -> Result<FormulasResult> {
    let (progress, mut real) = (Progress::new(0, args.json), Real);
    let runner = Runner::new(&mut real, stop, &progress);
    let mut runner = CaseRunner::new(registry, runner, folder, args.seed)?;
    let (mut cases, mut whole) = (Vec::new(), 0);
    for formula in wanted {
        progress.say(formula.name);
        match (formula.measure)(&mut runner) {
            Ok(measured) => cases.extend(measured.into_iter().filter(|it| runner.is_whole(it))),
            // A run that was cut short may lack what a case reads.
            Err(_) if stop.is_requested() => {}
            Err(error) => return Err(error),
        }
        if stop.is_requested() {
            break;
        }
        whole += 1;
    }
    progress.finish();
    Ok(FormulasResult {
        schema: FORMULAS_SCHEMA.to_owned(),
        started: folder.started.clone(),
        command: command_line(),
        interrupted: whole < wanted.len() as u64,
        formulas_whole: whole,
        formulas_planned: wanted.len() as u64,
        seed: args.seed,
        costs: case_runner::prices_in_words(),
        cases,
        environment: environment::describe(),
    })
}
