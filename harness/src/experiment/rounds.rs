//! In which order the variants of an experiment run.

/// The places of `variants` variants in the order in which a round runs them. Every other round runs
/// the other way (ABBA), so that a drift of the machine falls on all alike.
pub(crate) fn order(variants: usize, repeat: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..variants).collect();
    if repeat % 2 == 1 {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_round_runs_the_other_way() {
        assert_eq!(order(3, 0), [0, 1, 2]);
        assert_eq!(order(3, 1), [2, 1, 0]);
        assert_eq!(order(3, 2), [0, 1, 2]);
    }
}
