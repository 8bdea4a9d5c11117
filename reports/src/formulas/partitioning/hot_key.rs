//! The fullest partition when one key is hot: no placement can part the records of one key.

use super::balls_in_bins;
use super::zipf::Zipf;
use crate::formulas::{ClosedForm, Prediction, Tolerance};
use crate::schema::tolerance::EXPECTED_MAXIMA;

/// Largest partition over the mean, by chance or by the hottest key.
pub const FORM: ClosedForm = ClosedForm {
    expression: "max(1 + √(2 M ln M / K), M p₁ + 1 − p₁)",
    source: "balls in bins with the effective number of keys 1/K = Σ p² + 1/N, and the partition \
             of the hottest key, which has its own records and an even share of the others",
    valid_range: "M ≥ 2, more than one key, and chance or the hottest key decides: K ≥ M ln M or \
                  M p₁ ≥ 1",
};

/// What the hottest key alone makes of its partition.
pub(crate) const FLOOR: ClosedForm = ClosedForm {
    expression: "M p₁",
    source: "records of one key are on one partition, whatever the placement",
    valid_range: "every placement by key; the share p₁ is Zipf's, 1/H(K, s)",
};

/// Share of the records on the hottest key's partition: its own, and an even share of the others.
///
/// ```
/// assert_eq!(reports::formulas::partitioning::hot_key::share_of_its_partition(0.5, 10), 0.55);
/// ```
pub fn share_of_its_partition(first: f64, partitions: u32) -> f64 {
    first + (1.0 - first) / f64::from(partitions)
}

/// Largest partition over the mean: the larger of what chance and what the hottest key makes.
///
/// ```
/// use reports::formulas::partitioning::{hot_key::max_over_mean, zipf::Zipf};
/// let skew = |keys, exponent, partitions| {
///     max_over_mean(Zipf::new(keys, exponent), u64::MAX, partitions)
/// };
/// assert!((skew(100_000, 0.5, 64) - 1.127).abs() < 5e-3);
/// assert!((skew(100_000, 0.9, 64) - 3.84).abs() < 5e-3);
/// assert!((skew(100_000, 1.0, 64) - 6.21).abs() < 5e-3);
/// assert!((skew(100_000, 1.2, 64) - 13.4).abs() < 5e-2);
/// assert!((skew(1_000, 1.0, 8) - 1.99).abs() < 6e-2);
/// ```
pub fn max_over_mean(keys: Zipf, records: u64, partitions: u32) -> f64 {
    let effective = balls_in_bins::effective_keys(keys.sum_of_squares, records);
    let by_chance = balls_in_bins::max_over_mean(effective, partitions);
    let by_key = f64::from(partitions) * share_of_its_partition(keys.first, partitions);
    by_chance.max(by_key)
}

/// The prediction, an expected maximum. `distinct` is how many keys there are.
pub fn predict(keys: Zipf, distinct: u64, records: u64, partitions: u32) -> Prediction {
    let effective = balls_in_bins::effective_keys(keys.sum_of_squares, records);
    let decided = balls_in_bins::holds_for(effective, partitions)
        || f64::from(partitions) * keys.first >= 1.0;
    let inside = partitions >= 2 && distinct > 1 && decided;
    FORM.predicts(max_over_mean(keys, records, partitions), EXPECTED_MAXIMA, inside)
}

/// The lower bound: held to 2 %, as the share of a key is a rate.
pub fn predict_floor(keys: Zipf, partitions: u32) -> Prediction {
    let value = f64::from(partitions) * keys.first;
    FLOOR.predicts(value, Tolerance::AtLeast { share: 0.02 }, true)
}
