//! Key groups in ranges: what moves is counted, group by group.

use crate::formulas::{ClosedForm, Prediction, Tolerance};

/// Share of the key groups that change their partition.
pub const FORM: ClosedForm = ClosedForm {
    expression: "|{g : ⌊g p/G⌋ ≠ ⌊g q/G⌋}| / G",
    source: "Flink's KeyGroupRangeAssignment: group g belongs to subtask ⌊g p/G⌋",
    valid_range: "p, q ≤ G; equally many keys in every group",
};

/// The formula that most texts give for p → p+1.
pub(crate) const FOLKLORE: ClosedForm = ClosedForm {
    expression: "½ (1 − p/G)",
    source: "the limit ½ with a correction that is right only where p divides G",
    valid_range: "p a power of two, as G is",
};

/// Share of the groups that move from p to q partitions.
///
/// ```
/// use reports::formulas::placement::moved_key_groups::moved;
/// let shares = [8, 7, 15].map(|p| (moved(128, p, p + 1) * 1000.0).round() / 1000.0);
/// assert_eq!(shares, [0.469, 0.523, 0.555]);
/// assert!((1..=64).all(|p| (moved(32_768, p, p + 1) - 0.5).abs() <= 0.001));
/// assert_eq!([2, 4, 8, 16].map(|p| moved(128, p, 2 * p)), [0.75, 0.875, 0.9375, 0.96875]);
/// ```
pub fn moved(groups: u32, from: u32, to: u32) -> f64 {
    share(groups, |group| owner(group, groups, from) != owner(group, groups, to))
}

/// Share of the groups that move when partition `lost` of p goes and those behind it move up.
///
/// ```
/// use reports::formulas::placement::moved_key_groups::{moved, moved_without};
/// assert_eq!(moved_without(128, 8, 7), moved(128, 8, 7), "the last");
/// assert!(moved_without(128, 8, 0) > 0.4);
/// ```
pub fn moved_without(groups: u32, from: u32, lost: u32) -> f64 {
    share(groups, |group| {
        let survivor = owner(group, groups, from - 1);
        owner(group, groups, from) != survivor + u32::from(survivor >= lost)
    })
}

/// What `FOLKLORE` says of p → p+1.
///
/// ```
/// use reports::formulas::placement::moved_key_groups::{folklore, moved};
/// assert_eq!(folklore(128, 8), moved(128, 8, 9));
/// assert!((folklore(128, 15) - moved(128, 15, 16)).abs() > 0.1);
/// ```
pub fn folklore(groups: u32, from: u32) -> f64 {
    0.5 * (1.0 - f64::from(from) / f64::from(groups))
}

fn owner(group: u32, groups: u32, partitions: u32) -> u32 {
    (u64::from(group) * u64::from(partitions) / u64::from(groups)) as u32
}

fn share(groups: u32, moves: impl Fn(u32) -> bool) -> f64 {
    (0..groups).filter(|group| moves(*group)).count() as f64 / f64::from(groups)
}

/// The prediction in groups, exact.
pub fn predict_groups(groups: u32, from: u32, to: u32) -> Prediction {
    FORM.predicts(moved(groups, from, to), Tolerance::Exact, from.max(to) <= groups)
}

/// The prediction for a sample of `keys` keys: within three standard errors, which are those of
/// keys that scatter over groups.
pub fn predict_keys(groups: u32, from: u32, to: u32, keys: u64) -> Prediction {
    let share = moved(groups, from, to);
    FORM.predicts(share, Tolerance::of_share(share, keys), from.max(to) <= groups)
}

/// The same for the loss of one partition.
pub fn predict_loss(groups: u32, from: u32, lost: u32, keys: u64) -> Prediction {
    let share = moved_without(groups, from, lost);
    FORM.predicts(share, Tolerance::of_share(share, keys), lost < from && from <= groups)
}

/// What most texts would predict in groups: in its range only where p is a power of two.
pub fn predict_folklore(groups: u32, from: u32) -> Prediction {
    FOLKLORE.predicts(folklore(groups, from), Tolerance::Exact, from.is_power_of_two())
}
