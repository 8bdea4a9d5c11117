//! `formulas`: the document's formulas, predicted beside measured.
//!
//! A formula is a [`Formula`]: a name that is a chapter's, and a function that measures its cases in
//! a [`Lab`]. Predictions are closed forms in `reports::formulas`; a measurement is a run whose
//! result is saved first and then read from that file.

pub(crate) mod case_runner;
mod flow_control;
mod key_groups;
mod partitioning;
mod placement;
mod rescale;
#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests read what was written")]
mod tests;

pub use crate::commands::model::formulas::case_runner::{Asked, Bench, Lab, Saved};

use dataflow::StopSignal;
use reports::formulas::{Case, FORMULAS_SCHEMA, FormulasResult};
use runtime::Costs;

use crate::cli::FormulasArgs;
use crate::commands::runs::compare;
use crate::error::{Outcome, Result};
use crate::experiment::registry::{Registry, unknown};
use crate::files::result_folder::ResultFolder;
use crate::run::environment;
use crate::terminal::progress::Progress;
use crate::terminal::{out, table};

/// Measures cases, one after the other, until the lab is to stop.
pub type Measure = fn(&mut Lab<'_>) -> Result<Vec<Case>>;

/// The cases of every part, in turn, until the lab is to stop.
fn in_turn(parts: &[Measure], lab: &mut Lab<'_>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for part in parts {
        cases.extend(part(lab)?);
        if lab.stop.is_requested() {
            break;
        }
    }
    Ok(cases)
}

/// A formula of the document, and how its cases are measured.
pub struct Formula {
    /// The name of its chapter.
    pub name: &'static str,
    /// Measures all its cases, one after the other, and stops when the lab says so.
    pub measure: Measure,
}

/// All formulas, in the document's order. A new one is a file beside `partitioning.rs` and a line
/// here.
pub const FORMULAS: &[Formula] =
    &[partitioning::FORMULA, flow_control::FORMULA, placement::FORMULA];

/// Runs the command.
///
/// # Errors
/// For a name that is no formula, when a run fails, and when results cannot be written.
pub fn formulas(args: &FormulasArgs, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    let wanted = wanted(args.name.as_deref())?;
    let folder = ResultFolder::make(args.out.as_deref(), "formulas")?;
    let result = measure(&wanted, registry, stop, &folder, args)?;
    let filled = folder.fill(&result)?;
    if args.json {
        out::json(&result.cases);
    } else {
        filled.print(false, || table::formulas(&result));
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
    found.map(|it| vec![it]).ok_or_else(|| unknown("formula", name, &known))
}

fn measure(
    wanted: &[&Formula],
    registry: &Registry,
    stop: &StopSignal,
    folder: &ResultFolder,
    args: &FormulasArgs,
) -> Result<FormulasResult> {
    let progress = Progress::new(0, args.json);
    let mut lab = Lab::new(registry, stop, &progress, folder, args.seed)?;
    let mut cases = Vec::new();
    for formula in wanted {
        progress.say(formula.name);
        cases.extend((formula.measure)(&mut lab)?);
        if stop.is_requested() {
            break;
        }
    }
    progress.finish();
    Ok(FormulasResult {
        schema: FORMULAS_SCHEMA.to_owned(),
        started: folder.started.clone(),
        command: compare::command_line(),
        interrupted: stop.is_requested(),
        seed: args.seed,
        costs: Costs::default().to_string(),
        cases,
        environment: environment::describe(),
    })
}
