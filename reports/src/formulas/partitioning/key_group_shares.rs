//! Key groups are dealt whole: where they do not divide evenly, some partitions have one more.

use super::balls_in_bins;
use crate::formulas::{ClosedForm, Prediction, Tolerance};
use crate::schema::tolerance::EXPECTED_MAXIMA;

/// Largest number of key groups of a partition over the mean.
pub const FORM: ClosedForm = ClosedForm {
    expression: "⌈G/p⌉ p/G",
    source: "Flink deals G key groups to p subtasks in ranges, KeyGroupRangeAssignment",
    valid_range: "1 ≤ p ≤ G, equally many records in every key group",
};

/// The same where groups are not equally full.
pub(crate) const SCATTERED: ClosedForm = ClosedForm {
    expression: "⌈G/p⌉ p/G · (1 + √(2 p ln p / K))",
    source: "key groups dealt in ranges, and balls in bins on top with K effective keys",
    valid_range: "2 ≤ p ≤ G, K ≥ p ln p",
};

/// Flink's number of key groups when nobody sets it: half as many again as the parallelism, rounded
/// up to a power of two, from 128 to 32,768.
///
/// ```
/// use reports::formulas::partitioning::key_group_shares::default_groups;
/// assert_eq!([85, 86, 171, 172].map(default_groups), [128, 256, 256, 512]);
/// ```
pub fn default_groups(partitions: u32) -> u32 {
    (partitions + partitions / 2).next_power_of_two().clamp(128, 32_768)
}

/// Largest number of groups over the mean.
///
/// ```
/// use reports::formulas::partitioning::key_group_shares::max_over_mean;
/// assert!((max_over_mean(128, 85) - 1.328).abs() < 5e-4);
/// assert!((max_over_mean(128, 100) - 1.5625).abs() < 5e-4);
/// assert_eq!(max_over_mean(128, 128), 1.0);
/// ```
pub fn max_over_mean(groups: u32, partitions: u32) -> f64 {
    f64::from(groups.div_ceil(partitions)) * f64::from(partitions) / f64::from(groups)
}

/// The prediction for groups that are equally full, exact.
pub fn predict(groups: u32, partitions: u32) -> Prediction {
    let inside = (1..=groups).contains(&partitions);
    FORM.predicts(max_over_mean(groups, partitions), Tolerance::Exact, inside)
}

/// The prediction for keys that scatter over groups, an upper bound.
pub fn predict_scattered(groups: u32, keys: f64, partitions: u32) -> Prediction {
    let value = max_over_mean(groups, partitions) * balls_in_bins::max_over_mean(keys, partitions);
    let inside = partitions <= groups && balls_in_bins::holds_for(keys, partitions);
    SCATTERED.predicts(value, EXPECTED_MAXIMA, inside)
}
