//! A closed form, and what it predicts.

use crate::schema::{Case, CaseVerdict, Tolerance};

/// What there is to say of a closed form wherever it is used.
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

impl Prediction {
    /// Takes the prediction into a case and decides what became of it: the case's `measured` must
    /// be in place.
    #[must_use]
    pub fn judge(self, case: Case) -> Case {
        let Prediction { form, value, tolerance, inside } = self;
        let error = (case.measured - value) / value;
        let is_error = inside && !tolerance.is_bound() && error.is_finite();
        let verdict = match inside {
            true => tolerance.judge(value, case.measured),
            false => CaseVerdict::OutsideItsRange,
        };
        Case {
            form: form.expression.to_owned(),
            predicted: value,
            relative_error: is_error.then_some(error),
            tolerance,
            valid_range: form.valid_range.to_owned(),
            verdict,
            ..case
        }
    }
}
