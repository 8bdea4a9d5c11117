//! Consistent hashing: only what a new partition takes, or a lost one leaves, moves.

use crate::formulas::{ClosedForm, Prediction, Tolerance};

/// Share of the keys that change their partition.
pub const FORM: ClosedForm = ClosedForm {
    expression: "|q − p|/max(p, q)",
    source: "Karger et al. (1997); jump hash (Lamping and Veach, 2014); highest random weight \
             (Thaler and Ravishankar, 1998): 1/(p+1) for p → p+1, the least that can move",
    valid_range: "jump: the last partitions come and go, no other; rendezvous: any",
};

/// The same of a ring, whose stretches differ: a mean over rings.
pub(crate) const RING: ClosedForm = ClosedForm {
    expression: "E = |q − p|/max(p, q)",
    source: "Karger et al. (1997); with V points a partition what moves is the sum of d V of the \
             m V gaps of a circle, d = |q − p|, m = max(p, q), which is Beta(d V, (m−d) V)",
    valid_range: "points and keys that are spread at random; one ring scatters by a standard \
                  deviation of √(d (m−d)/(m V + 1))/m",
};

/// How much rings differ.
pub(crate) const SPREAD: ClosedForm = ClosedForm {
    expression: "√(d (m−d)/(m V + 1))/m",
    source: "standard deviation of Beta(d V, (m−d) V)",
    valid_range: "V points a partition, spread at random",
};

/// Share of the keys that move from p to q partitions.
///
/// ```
/// use reports::formulas::placement::moved_by_consistent_hashing::moved;
/// assert_eq!((moved(4, 5), moved(8, 16), moved(5, 4)), (0.2, 0.5, 0.2));
/// ```
pub fn moved(from: u32, to: u32) -> f64 {
    f64::from(from.abs_diff(to)) / f64::from(from.max(to).max(1))
}

/// The prediction for a sample of `keys` keys, within three standard errors. `inside` is whether
/// the placement can change so.
pub fn predict(from: u32, to: u32, keys: u64, inside: bool) -> Prediction {
    let share = moved(from, to);
    FORM.predicts(share, Tolerance::of_share(share, keys), inside)
}

/// The prediction for the mean over rings, within three standard errors of that mean.
pub fn predict_mean_of_rings(from: u32, to: u32, standard_error: f64) -> Prediction {
    RING.predicts(moved(from, to), Tolerance::of_standard_error(standard_error), true)
}

/// By how much rings of `points` points a partition differ: standard deviation of the share.
///
/// ```
/// // About the mean over √V.
/// let deviation = reports::formulas::placement::moved_by_consistent_hashing::deviation_of_rings(8, 9, 128);
/// assert!((deviation * 9.0 * 128_f64.sqrt() - 0.94).abs() < 0.01);
/// ```
pub fn deviation_of_rings(from: u32, to: u32, points: u32) -> f64 {
    let (most, change) = (f64::from(from.max(to)), f64::from(from.abs_diff(to)));
    (change * (most - change) / (most * f64::from(points) + 1.0)).sqrt() / most
}

/// The prediction for one ring and a sample of `keys` keys, within three standard deviations of
/// both.
pub fn predict_one_ring(from: u32, to: u32, points: u32, keys: u64) -> Prediction {
    let share = moved(from, to);
    let of_keys = share * (1.0 - share) / keys.max(1) as f64;
    let deviation = (deviation_of_rings(from, to, points).powi(2) + of_keys).sqrt();
    RING.predicts(share, Tolerance::of_standard_error(deviation), true)
}

/// The spread of `rings` rings, within three standard errors of a standard deviation.
pub fn predict_spread(from: u32, to: u32, (points, keys): (u32, u64), rings: u32) -> Prediction {
    let share = moved(from, to);
    let of_keys = share * (1.0 - share) / keys.max(1) as f64;
    let deviation = (deviation_of_rings(from, to, points).powi(2) + of_keys).sqrt();
    let error = deviation / (2.0 * f64::from(rings.max(2) - 1)).sqrt();
    SPREAD.predicts(deviation, Tolerance::of_standard_error(error), rings >= 2)
}
