//! Hot keys that are multiples of one number, placed by their remainder: Nexmark's trap.

use crate::formulas::{ClosedForm, Prediction};
use crate::schema::tolerance::MEANS_AND_RATES;

/// Largest partition over the mean.
pub const FORM: ClosedForm = ClosedForm {
    expression: "h gcd(m, M) + 1 − h",
    source: "multiples of m have M/gcd(m, M) remainders; a share h of all records goes to hot keys, \
             which are such multiples one after the other, the rest evenly",
    valid_range: "placement by remainder; many hot keys in turn, M > gcd(m, M) or not",
};

/// Largest partition over the mean, of hot keys with the share `hot`.
///
/// ```
/// use reports::formulas::partitioning::hot_multiples::max_over_mean;
/// // Nexmark: half of all bids are for auctions that are multiples of 100.
/// let skew = [4, 8, 10, 16].map(|partitions| max_over_mean(0.5, 100, partitions));
/// assert_eq!(skew, [2.5, 2.5, 5.5, 2.5]);
/// ```
pub fn max_over_mean(hot: f64, multiple: u32, partitions: u32) -> f64 {
    hot * f64::from(gcd(multiple, partitions)) + 1.0 - hot
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The prediction.
pub fn predict(hot: f64, multiple: u32, partitions: u32) -> Prediction {
    let value = max_over_mean(hot, multiple, partitions);
    FORM.predicts(value, MEANS_AND_RATES, partitions > 0)
}
