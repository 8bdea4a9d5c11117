//! Consistent hashing: only what a new partition takes, or a lost one leaves, moves.

use super::{ClosedForm, Prediction, Tolerance};

/// Share of the keys that change their partition.
pub const FORM: ClosedForm = ClosedForm {
    expression: "|q − p|/max(p, q)",
    source: "Karger et al. (1997); jump hash (Lamping and Veach, 2014); highest random weight \
             (Thaler and Ravishankar, 1998): 1/(p+1) for p → p+1, the least that can move",
    valid_range: "jump: the last partitions come and go, no other; rendezvous: any",
};

/// The same of a ring, whose stretches differ: a mean over rings.
pub const RING: ClosedForm = ClosedForm {
    expression: "E = |q − p|/max(p, q)",
    source: "Karger et al. (1997); one ring of V points a partition scatters around it with a \
             standard deviation of about the mean over √V",
    valid_range: "the mean over many rings; one ring is another matter",
};

/// Share of the keys that move from p to q partitions.
///
/// ```
/// use reports::formulas::moved_by_consistent_hashing::moved;
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

/// The prediction for one ring of `points` points a partition, within three standard deviations of
/// rings.
pub fn predict_one_ring(from: u32, to: u32, points: u32) -> Prediction {
    let share = moved(from, to);
    let deviation = share / f64::from(points.max(1)).sqrt();
    RING.predicts(share, Tolerance::of_standard_error(deviation), true)
}
