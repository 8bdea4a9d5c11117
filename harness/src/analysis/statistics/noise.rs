//! The noise floor: how much a variant differs from itself.
//!
//! An A/A experiment runs every variant against itself. Its 95 % interval says which differences
//! the testbed makes of none, be it by chance or always the same way (the second run of a pair
//! finds a warm machine). The floor is the end of that interval that is farther from 1: the upper
//! end of the 95 % interval of the difference's size. Half the width alone would leave out what
//! goes always the same way; the mean alone, how little a few pairs say about it.
//!
//! The mean of as many fresh pairs of equals lies beyond the floor in 1.6 % of experiments at 5 and 7
//! pairs and in 1.4 % at 20 (200,000 each, in Python).

use super::ratio::Ratio;

/// What an A/A experiment says about the testbed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NoiseFloor {
    /// The variant against itself.
    pub ratio: Ratio,
}

impl NoiseFloor {
    /// From log-ratios of pairs of one variant, by the interval of this confidence (between 0 and
    /// 1); `None` with too few pairs for one.
    pub(crate) fn of(logs: &[f64], confidence: f64) -> Option<Self> {
        let ratio = Ratio::of_logs(logs, confidence).filter(Ratio::is_enough)?;
        Some(Self { ratio })
    }

    /// The factor, at least 1, below which a difference is not called: 1.03 makes a tie of an
    /// interval between 1/1.03 and 1.03.
    pub(crate) fn factor(&self) -> f64 {
        let (low, high) = self.ratio.interval;
        low.recip().max(high)
    }

    /// Whether the variant differs from itself: the interval does not contain 1. One in 20 does
    /// by chance; more say that the runs of a pair are not alike.
    pub(crate) fn is_suspicious(&self) -> bool {
        !self.ratio.contains_one()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::statistics::ratio::CONFIDENCE;
    use crate::analysis::statistics::synthetic::Synthetic;

    #[test]
    fn agrees_with_scipy() {
        // x = np.log([1.01, 0.99, 1.02, 1.0, 1.01]); m = x.mean()
        // np.exp(stats.t.interval(0.95, 4, m, stats.sem(x))) -> 0.9918706, 1.0202256
        let noise =
            NoiseFloor::of(&[1.01, 0.99, 1.02, 1.0, 1.01].map(f64::ln), CONFIDENCE).unwrap();
        assert!((noise.factor() - 1.020_225_6).abs() < 1e-6, "{noise:?}");
        assert!(!noise.is_suspicious());
        let inverse =
            NoiseFloor::of(&[1.01, 0.99, 1.02, 1.0, 1.01].map(|it: f64| -it.ln()), CONFIDENCE);
        assert!((inverse.unwrap().factor() - noise.factor()).abs() < 1e-12);
    }

    #[test]
    fn a_variant_that_differs_from_itself_is_suspicious_and_few_pairs_are_no_floor() {
        let noise = NoiseFloor::of(&[0.10, 0.11, 0.09, 0.10, 0.11], CONFIDENCE).unwrap();
        assert!(noise.is_suspicious() && noise.factor() > 0.10_f64.exp(), "{noise:?}");
        assert_eq!(NoiseFloor::of(&[0.10, 0.11, 0.09, 0.10], CONFIDENCE), None);
    }

    #[test]
    fn equals_are_seldom_suspicious_or_beyond_the_floor() {
        for (pairs, seed) in [(5, 1), (7, 2), (20, 3)] {
            let mut synthetic = Synthetic::new(seed);
            let (mut suspicious, mut beyond) = (0, 0);
            for _ in 0..1_000 {
                let noise = NoiseFloor::of(&synthetic.normals(pairs, 0.05), CONFIDENCE).unwrap();
                let fresh = Ratio::of_logs(&synthetic.normals(pairs, 0.05), CONFIDENCE).unwrap();
                suspicious += u32::from(noise.is_suspicious());
                beyond += u32::from(fresh.mean.max(fresh.mean.recip()) > noise.factor());
            }
            assert!((30..=64).contains(&suspicious), "{pairs} pairs: {suspicious} of 1,000");
            assert!((3..=30).contains(&beyond), "{pairs} pairs: {beyond} of 1,000");
        }
    }

    #[test]
    fn the_floor_is_above_what_goes_always_the_same_way() {
        let mut synthetic = Synthetic::new(5);
        let below = (0..1_000).filter(|_| {
            let logs: Vec<f64> = (0..7).map(|_| 0.05 + 0.03 * synthetic.normal()).collect();
            NoiseFloor::of(&logs, CONFIDENCE).unwrap().factor() < 0.05_f64.exp()
        });
        let below = below.count();
        assert!(below <= 45, "{below} of 1,000, where 25 are expected");
    }
}
