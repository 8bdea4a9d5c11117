//! What mends a hot key: count its records in parts first, and add the parts up in a second stage.

use super::zipf::Zipf;
use super::{balls_in_bins, hot_key};
use crate::formulas::{ClosedForm, Prediction};
use crate::schema::tolerance::EXPECTED_MAXIMA;

/// Largest partition of the first stage over the mean.
pub const FORM: ClosedForm = ClosedForm {
    expression: "max(1 + √(2 M ln M / K_r), M p₁/r + 1 − p₁/r), 1/K_r = Σ p²/r + 1/N",
    source: "every key split into r parts: balls in bins with r times as many effective keys",
    valid_range: "whole keys, or r ≥ 2 M parts: of fewer, two parts of the hottest key may meet; \
                  parts are dealt by the record, not by the key",
};

/// The prediction of the first stage with every key split into `parts`.
pub fn predict(keys: Zipf, parts: u32, records: u64, partitions: u32) -> Prediction {
    let split = keys.split(parts);
    let effective = balls_in_bins::effective_keys(split.sum_of_squares, records);
    let decided = balls_in_bins::holds_for(effective, partitions)
        || f64::from(partitions) * split.first >= 1.0;
    let value = hot_key::max_over_mean(split, records, partitions);
    let many = parts == 1 || parts >= 2 * partitions;
    FORM.predicts(value, EXPECTED_MAXIMA, partitions >= 2 && many && decided)
}
