//! What a kind of chart is: the end of its file name, and what it is drawn from.

use crate::draw::drawing::Drawing;
use crate::draw::style::Palette;
use crate::error::ReportError;
use crate::schema::consistency::ConsistencyResult;
use crate::schema::recovery::RecoverResult;
use crate::schema::skew::SkewResult;
use crate::schema::{FormulasResult, Sweep};
use crate::words::summary::Experiment;

/// A kind of chart. Each has a file of its own, which holds this, and a line in the
/// list of kinds.
#[derive(Clone, Copy)]
pub(crate) struct ChartKind {
    /// End of its file names, unlike that of any other kind: lower-case letters and hyphens.
    pub(crate) tag: &'static str,
    /// What it is drawn from, and by which function.
    pub(crate) draw: Draw,
}

/// A drawing; `None` when there is nothing to draw.
pub(crate) type Outcome = Result<Option<Drawing>, ReportError>;

/// What a kind of chart is drawn from. The palette gives each variant one colour in all charts of a
/// report.
#[derive(Clone, Copy)]
pub(crate) enum Draw {
    /// Each experiment of a comparison by itself.
    Experiment(fn(&Experiment<'_>, &Palette) -> Outcome),
    /// All experiments of a comparison together.
    Suite(fn(&[Experiment<'_>], &Palette) -> Outcome),
    /// The points of a sweep, each an experiment.
    Sweep(fn(&Sweep, &[Experiment<'_>], &Palette) -> Outcome),
    /// What `recover` left.
    Recovery(fn(&RecoverResult) -> Outcome),
    /// What `consistency` left.
    Consistency(fn(&ConsistencyResult) -> Outcome),
    /// What `skew` left.
    Skew(fn(&SkewResult) -> Outcome),
    /// The cases of a chapter of `formulas`.
    Chapter(&'static str, fn(&FormulasResult) -> Outcome),
}
