//! In which order the variants of an experiment run.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

/// The places of `variants` variants in the order in which a round runs them. Every other round runs
/// in an order that is drawn from the seed, and the one behind it the other way (ABBA), so that
/// neither a drift of the machine nor anything periodic falls on one of them. The first round runs
/// them as they were named, and results name them so.
pub(crate) fn order(variants: usize, seed: u64, repeat: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..variants).collect();
    let pair = u64::from(repeat / 2);
    if pair > 0 {
        order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed ^ pair.rotate_left(32)));
    }
    if repeat % 2 == 1 {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_runs_the_other_way_than_the_one_before_it() {
        for repeat in (0..20).step_by(2) {
            let mut back = order(4, 7, repeat + 1);
            back.reverse();
            assert_eq!(order(4, 7, repeat), back);
            assert_eq!(order(4, 7, repeat), order(4, 7, repeat), "the same each time");
        }
    }

    #[test]
    fn the_first_round_runs_them_as_they_were_named() {
        assert_eq!((order(3, 7, 0), order(3, 7, 1)), (vec![0, 1, 2], vec![2, 1, 0]));
    }

    #[test]
    fn every_order_comes_as_often_as_any_other() {
        let mut first = [0; 3];
        for repeat in (0..3_000).step_by(2) {
            first[order(3, 1, repeat)[0]] += 1;
        }
        assert!(first.iter().all(|times| (400..600).contains(times)), "{first:?}");
    }
}
