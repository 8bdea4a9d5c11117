//! With many key groups one partition more moves a half, whatever the number of partitions.

use crate::formulas::{ClosedForm, Prediction, Tolerance};

/// Share of the key groups that move.
pub const FORM: ClosedForm = ClosedForm {
    expression: "½",
    source: "subtask i of p keeps (p−i)/(p (p+1)) of all groups; Σ (p−i)/(p (p+1)) = ½ stay",
    valid_range: "G → ∞: to 0.001 at G = 32,768 and p ≤ 64",
};

/// Largest distance from a half there.
const DISTANCE: f64 = 0.001;
/// Groups from which it holds so closely.
const GROUPS: u32 = 32_768;
/// Partitions up to which it does.
const PARTITIONS: u32 = 64;

/// The prediction for p → p+1.
pub fn predict(groups: u32, from: u32) -> Prediction {
    let inside = groups >= GROUPS && from <= PARTITIONS;
    FORM.predicts(0.5, Tolerance::WithinAbsolute { distance: DISTANCE }, inside)
}
