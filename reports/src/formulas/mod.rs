//! The document's three formulas: what each can mean as a closed form, and what became of it.
//!
//! A closed form is a function in a file of its own, beside its [`ClosedForm`]: where it comes
//! from, where it holds, and how far a measurement may be from it. `formulas`, its tests and the
//! theory curves of charts call the same functions.
//!
//! - [`case`] is the schema: one prediction beside one measurement; [`samples`] that of a file of
//!   repeated measurements;
//! - [`reading`] computes a measured value from the result file that a case names, and nothing else
//!   does;
//! - [`tolerance`] decides a verdict;
//! - [`chapter`] is what the page says of each formula, in words.

pub mod chapter;
pub mod flow_control;
pub mod partitioning;
pub mod placement;
pub mod reading;
pub mod tolerance;

pub use crate::schema::formula_case::{Case, CaseVerdict, FORMULAS_SCHEMA, FormulasResult};
pub use reading::Reading;
pub use tolerance::Tolerance;

/// What is to be said of a closed form wherever it is used.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ClosedForm {
    /// As one would write it.
    pub expression: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Where it holds.
    pub valid_range: &'static str,
}

impl ClosedForm {
    /// A prediction made with it, `inside` or outside its range.
    pub const fn predicts(
        &'static self,
        value: f64,
        tolerance: Tolerance,
        inside: bool,
    ) -> Prediction {
        Prediction { form: self, value, tolerance, inside }
    }
}

/// What a closed form says of one case.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The form.
    pub form: &'static ClosedForm,
    /// What it says, in the unit of the case's quantity.
    pub value: f64,
    /// How far a measurement may be from it.
    pub tolerance: Tolerance,
    /// Whether the case is in the form's range.
    pub inside: bool,
}
