//! How even a ring is.

use crate::formulas::partitioning::balls_in_bins;
use crate::formulas::{ClosedForm, Prediction};
use crate::schema::tolerance::EXPECTED_MAXIMA;

/// Largest partition over the mean.
pub const FORM: ClosedForm = ClosedForm {
    expression: "1 + √(2 ln M (1/V + M/K))",
    source: "a partition has the sum of V gaps, with a coefficient of variation of 1/√V, and keys \
             fall into it as balls into bins",
    valid_range: "V ≥ 2 ln M points a partition, K ≥ M ln M keys",
};

/// Largest partition over the mean, as an upper bound of its expectation.
///
/// ```
/// use reports::formulas::placement::ring_balance::max_over_mean;
/// assert!((max_over_mean(16, 64, f64::INFINITY) - 1.72).abs() < 5e-3);
/// assert!((max_over_mean(128, 8, f64::INFINITY) - 1.18).abs() < 5e-3);
/// ```
pub fn max_over_mean(points: u32, partitions: u32, keys: f64) -> f64 {
    let bins = f64::from(partitions);
    1.0 + (2.0 * bins.ln() * (1.0 / f64::from(points) + bins / keys)).sqrt()
}

/// The prediction for a number of points a partition and of effective keys.
pub fn predict(points: u32, partitions: u32, keys: f64) -> Prediction {
    let enough = f64::from(points) >= 2.0 * f64::from(partitions).ln();
    let inside = enough && balls_in_bins::holds_for(keys, partitions);
    FORM.predicts(max_over_mean(points, partitions, keys), EXPECTED_MAXIMA, inside)
}
