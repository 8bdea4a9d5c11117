//! A formula of the document, and how its cases are measured.

use reports::formulas::Case;

use super::case_runner::CaseRunner;
use crate::error::Result;

/// Measures cases, one after the other, until the runner is to stop.
pub(super) type Measure = fn(&mut CaseRunner<'_>) -> Result<Vec<Case>>;

/// The cases of every part, in turn, until the runner is to stop.
pub(super) fn in_turn(parts: &[Measure], runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for part in parts {
        cases.extend(part(runner)?);
        if runner.is_to_stop() {
            break;
        }
    }
    Ok(cases)
}

/// A formula of the document, and how its cases are measured.
pub(super) struct Formula {
    /// The name of its chapter.
    pub name: &'static str,
    /// Measures all its cases, one after the other, and stops when the runner says so.
    pub measure: Measure,
}
