//! The fullest partition by chance alone: keys are balls, partitions are bins.

use crate::formulas::{ClosedForm, Prediction};
use crate::schema::tolerance::EXPECTED_MAXIMA;

/// Largest partition over the mean.
pub const FORM: ClosedForm = ClosedForm {
    expression: "1 + √(2 M ln M / K)",
    source: "Raab and Steger, Balls into Bins (1998), heavily loaded; K the effective number of \
             equal keys, 1/K = Σ p² + 1/N",
    valid_range: "M ≥ 2, K ≥ M ln M, hashing that spreads keys evenly",
};

/// Balls of equal weight that scatter as `records` records do whose keys have these weights:
/// 1 / (Σ p² + 1/N). Keys fall into partitions at random, and records fall to keys at random.
///
/// ```
/// use reports::formulas::partitioning::balls_in_bins::effective_keys;
/// assert!((effective_keys(1.0 / 100.0, u64::MAX) - 100.0).abs() < 1e-6);
/// assert!((effective_keys(1.0 / 100.0, 100) - 50.0).abs() < 1e-6);
/// ```
pub fn effective_keys(sum_of_squares: f64, records: u64) -> f64 {
    1.0 / (sum_of_squares + 1.0 / records.max(1) as f64)
}

/// Largest partition over the mean, as an upper bound of its expectation.
///
/// ```
/// use reports::formulas::partitioning::balls_in_bins::max_over_mean;
/// assert!((max_over_mean(1e5, 8) - 1.018).abs() < 5e-4);
/// assert!((max_over_mean(1e5, 64) - 1.073).abs() < 5e-4);
/// ```
pub fn max_over_mean(keys: f64, partitions: u32) -> f64 {
    let bins = f64::from(partitions);
    1.0 + (2.0 * bins * bins.ln() / keys).sqrt()
}

/// Whether there are enough keys for the form.
pub(crate) fn holds_for(keys: f64, partitions: u32) -> bool {
    let bins = f64::from(partitions);
    partitions >= 2 && keys >= bins * bins.ln()
}

/// The prediction for a number of effective keys.
pub fn predict(keys: f64, partitions: u32) -> Prediction {
    let inside = holds_for(keys, partitions);
    FORM.predicts(max_over_mean(keys, partitions), EXPECTED_MAXIMA, inside)
}
