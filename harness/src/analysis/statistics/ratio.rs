//! Ratios of two variants, from pairs of adjacent runs: Student's t on log-ratios.
//!
//! If log-ratios are independent and normal, the interval covers the truth in 95 of 100
//! experiments, at any number of pairs and any variance.

use super::student::{mean, student_interval};

/// Pairs below which there is a range and no verdict.
pub(crate) const FEWEST_PAIRS: usize = 5;
/// Probability that an interval covers the truth.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// A ratio with its uncertainty.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// Geometric mean over the pairs.
    pub mean: f64,
    /// Interval by Student's t on the log-ratios; below five pairs the range.
    pub interval: (f64, f64),
    /// How many pairs.
    pub pairs: usize,
}

impl Ratio {
    /// Of `a` to `b`, pair by pair, with the interval of [`CONFIDENCE`]; `None` without a pair of
    /// positive values.
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        Self::of_logs(&log_ratios(pairs), CONFIDENCE)
    }

    /// From log-ratios, with the interval of this confidence (between 0 and 1); `None` without
    /// any.
    pub fn of_logs(logs: &[f64], confidence: f64) -> Option<Self> {
        let pairs = logs.len();
        if pairs == 0 {
            return None;
        }
        let mean = mean(logs);
        let interval = match student_interval(logs, confidence) {
            Some(interval) if pairs >= FEWEST_PAIRS => interval,
            _ => (
                logs.iter().copied().fold(f64::INFINITY, f64::min),
                logs.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            ),
        };
        Some(Self { mean: mean.exp(), interval: (interval.0.exp(), interval.1.exp()), pairs })
    }

    /// Whether no difference is shown: the interval contains 1, or lies wholly inside the noise
    /// floor, a factor of at least 1 (see [`NoiseFloor::factor`](super::NoiseFloor::factor)).
    pub fn is_tie(&self, noise_floor: Option<f64>) -> bool {
        let (low, high) = self.interval;
        let is_noise = |floor: f64| floor.recip() <= low && high <= floor;
        self.contains_one() || noise_floor.is_some_and(is_noise)
    }

    /// Whether the interval leaves it open which is larger.
    pub fn contains_one(&self) -> bool {
        self.interval.0 <= 1.0 && 1.0 <= self.interval.1
    }

    /// Whether there are enough pairs for a verdict.
    pub const fn is_enough(&self) -> bool {
        self.pairs >= FEWEST_PAIRS
    }
}

/// The logarithms of `a / b`; pairs with a value that is not positive and finite are left out.
pub(crate) fn log_ratios(pairs: &[(f64, f64)]) -> Vec<f64> {
    let is_usable = |value: f64| value > 0.0 && value.is_finite();
    let usable = pairs.iter().filter(|(a, b)| is_usable(*a) && is_usable(*b));
    usable.map(|(a, b)| a.ln() - b.ln()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::statistics::synthetic::Synthetic;

    #[test]
    fn agrees_with_scipy() {
        // import numpy as np; from scipy import stats
        // x = np.log([2.0, 2.2, 1.9, 2.1, 2.05]); m = x.mean()
        // np.exp([m, *stats.t.interval(0.95, 4, m, stats.sem(x))])
        // -> 2.0475565, 1.9132383, 2.1913044
        // np.exp(stats.t.interval(0.97, 4, m, stats.sem(x)))
        // -> 1.8890248, 2.2193926
        let pairs = [2.0, 2.2, 1.9, 2.1, 2.05].map(|ratio| (ratio, 1.0));
        let ratio = Ratio::of(&pairs).unwrap();
        assert!((ratio.mean - 2.047_556_5).abs() < 1e-6, "{ratio:?}");
        assert!((ratio.interval.0 - 1.913_238_3).abs() < 1e-6, "{ratio:?}");
        assert!((ratio.interval.1 - 2.191_304_4).abs() < 1e-6, "{ratio:?}");
        assert!(!ratio.is_tie(None) && ratio.is_enough());
        let wider = Ratio::of_logs(&log_ratios(&pairs), 0.97).unwrap();
        assert!((wider.interval.0 - 1.889_024_8).abs() < 1e-6, "{wider:?}");
        assert!((wider.interval.1 - 2.219_392_6).abs() < 1e-6, "{wider:?}");
    }

    #[test]
    fn below_five_pairs_there_is_a_range_and_no_verdict() {
        let ratio = Ratio::of(&[(2.0, 1.0), (8.0, 1.0)]).unwrap();
        assert!((ratio.mean - 4.0).abs() < 1e-12);
        assert!((ratio.interval.0 - 2.0).abs() < 1e-12 && (ratio.interval.1 - 8.0).abs() < 1e-12);
        assert!(!ratio.is_enough());
        let one = Ratio::of(&[(3.0, 1.0)]).unwrap();
        assert!((one.interval.0 - 3.0).abs() < 1e-12 && (one.interval.1 - 3.0).abs() < 1e-12);
    }

    #[test]
    fn an_interval_around_one_is_a_tie_and_nothing_is_made_of_nothing() {
        let ratio = Ratio::of(&[1.1, 0.9, 1.05, 0.95, 1.0].map(|ratio| (ratio, 1.0))).unwrap();
        assert!(ratio.is_tie(None));
        assert_eq!(Ratio::of(&[]), None);
        let useless = [(0.0, 1.0), (1.0, -1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)];
        assert_eq!(Ratio::of(&useless), None);
    }

    #[test]
    fn an_interval_inside_the_noise_floor_is_a_tie_and_one_that_reaches_out_is_none() {
        let ratio = |low: f64, high: f64| Ratio { mean: 1.02, interval: (low, high), pairs: 5 };
        assert!(!ratio(1.01, 1.03).is_tie(None));
        assert!(ratio(1.01, 1.03).is_tie(Some(1.04)));
        assert!(!ratio(1.01, 1.05).is_tie(Some(1.04)));
        assert!(ratio(0.97, 0.99).is_tie(Some(1.04)));
        assert!(!ratio(0.95, 0.99).is_tie(Some(1.04)));
        assert!(ratio(0.5, 2.0).is_tie(Some(1.04)));
    }

    #[test]
    fn intervals_cover_the_truth_in_95_of_100_experiments() {
        for pairs in [5, 7, 20] {
            let mut synthetic = Synthetic::new(pairs as u64);
            let covered = (0..1_000).filter(|_| {
                let measured: Vec<(f64, f64)> =
                    (0..pairs).map(|_| ((0.3 + 0.1 * synthetic.normal()).exp(), 1.0)).collect();
                let (low, high) = Ratio::of(&measured).unwrap().interval;
                low <= 0.3_f64.exp() && 0.3_f64.exp() <= high
            });
            let covered = covered.count();
            assert!((930..=970).contains(&covered), "{pairs} pairs: {covered} of 1,000");
        }
    }

    #[test]
    fn a_variant_seldom_differs_from_itself() {
        for pairs in [5, 7, 20] {
            let mut synthetic = Synthetic::new(100 + pairs as u64);
            let differs = (0..1_000).filter(|_| {
                let mut run = || (0.05 * synthetic.normal()).exp();
                let measured: Vec<(f64, f64)> = (0..pairs).map(|_| (run(), run())).collect();
                !Ratio::of(&measured).unwrap().is_tie(None)
            });
            let differs = differs.count();
            assert!(differs <= 64, "{pairs} pairs: {differs} of 1,000");
            assert!(differs >= 30, "an interval that is too wide: {differs} of 1,000");
        }
    }
}
