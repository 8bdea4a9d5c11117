//! H(x) = H_mod(x mod P), and every other remainder: what moves when P changes.

use crate::formulas::{ClosedForm, Prediction, Tolerance};

/// Share of the keys that change their partition.
pub const FORM: ClosedForm = ClosedForm {
    expression: "1 − min(p, q)/lcm(p, q)",
    source: "a key stays when x mod p = x mod q, which it does for min(p, q) of lcm(p, q) \
             remainders; p/(p+1) for p → p+1, 1/2 for p → 2p",
    valid_range: "remainders that come equally often",
};

/// The same when partition `lost` of p goes and those behind it move up.
pub(crate) const LOSS: ClosedForm = ClosedForm {
    expression: "1 − 1/p",
    source: "x mod p and x mod (p−1) are independent; p−1 of the p(p−1) pairs are of one partition",
    valid_range: "remainders that come equally often, p ≥ 2; the partitions behind the lost one \
                  move up",
};

/// Share of the keys that move from p to q partitions.
///
/// ```
/// use reports::formulas::placement::moved_by_remainder::moved;
/// assert!((moved(4, 5) - 0.8).abs() < 1e-12);
/// assert!((moved(8, 16) - 0.5).abs() < 1e-12);
/// assert!((moved(5, 4) - 0.8).abs() < 1e-12);
/// ```
pub fn moved(from: u32, to: u32) -> f64 {
    let least_common = u64::from(from) / gcd(from.into(), to.into()) * u64::from(to);
    1.0 - f64::from(from.min(to)) / least_common as f64
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The prediction for a sample of `keys` keys, within three standard errors.
pub fn predict(from: u32, to: u32, keys: u64) -> Prediction {
    let share = moved(from, to);
    FORM.predicts(share, Tolerance::of_share(share, keys), from > 0 && to > 0)
}

/// The prediction for the loss of any one of `from` partitions.
pub fn predict_loss(from: u32, keys: u64) -> Prediction {
    let share = 1.0 - 1.0 / f64::from(from);
    LOSS.predicts(share, Tolerance::of_share(share, keys), from >= 2)
}
