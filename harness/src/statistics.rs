//! Ratios of two variants, from pairs of adjacent runs.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Pairs below which there is a range and no verdict.
pub const FEWEST_PAIRS: usize = 5;
/// Probability that an interval covers the truth.
pub const CONFIDENCE: f64 = 0.95;

/// A ratio with its uncertainty.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// Geometric mean over the pairs.
    pub mean: f64,
    /// 95 % interval by Student's t on the log-ratios; below [`FEWEST_PAIRS`] the range.
    pub interval: (f64, f64),
    /// How many pairs.
    pub pairs: usize,
}

impl Ratio {
    /// Of `a` to `b`, pair by pair; `None` without a pair of positive values.
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let usable = pairs.iter().filter(|(a, b)| *a > 0.0 && *b > 0.0);
        let logs: Vec<f64> = usable.map(|(a, b)| (a / b).ln()).collect();
        let count = logs.len();
        if count == 0 {
            return None;
        }
        let mean = logs.iter().sum::<f64>() / count as f64;
        let interval = match half_width(&logs, mean) {
            Some(half) if count >= FEWEST_PAIRS => (mean - half, mean + half),
            _ => (
                logs.iter().copied().fold(f64::INFINITY, f64::min),
                logs.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            ),
        };
        let interval = (interval.0.exp(), interval.1.exp());
        Some(Self { mean: mean.exp(), interval, pairs: count })
    }

    /// Whether the interval leaves it open which is larger.
    pub fn is_tie(&self) -> bool {
        self.interval.0 <= 1.0 && 1.0 <= self.interval.1
    }

    /// Whether there are enough pairs for a verdict.
    pub const fn is_enough(&self) -> bool {
        self.pairs >= FEWEST_PAIRS
    }
}

/// Half the width of Student's t interval for a mean.
fn half_width(values: &[f64], mean: f64) -> Option<f64> {
    let count = values.len() as f64;
    let student = StudentsT::new(0.0, 1.0, count - 1.0).ok()?;
    let variance = values.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (count - 1.0);
    Some(student.inverse_cdf(f64::midpoint(1.0, CONFIDENCE)) * (variance / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        // import numpy as np; from scipy import stats
        // x = np.log([2.0, 2.2, 1.9, 2.1, 2.05]); m = x.mean()
        // np.exp([m, *stats.t.interval(0.95, 4, m, stats.sem(x))])
        // -> 2.0475565, 1.9132383, 2.1913044
        let ratio = Ratio::of(&[2.0, 2.2, 1.9, 2.1, 2.05].map(|ratio| (ratio, 1.0))).unwrap();
        assert!((ratio.mean - 2.047_556_5).abs() < 1e-6, "{ratio:?}");
        assert!((ratio.interval.0 - 1.913_238_3).abs() < 1e-6, "{ratio:?}");
        assert!((ratio.interval.1 - 2.191_304_4).abs() < 1e-6, "{ratio:?}");
        assert!(!ratio.is_tie() && ratio.is_enough());
    }

    #[test]
    fn below_five_pairs_there_is_a_range_and_no_verdict() {
        let ratio = Ratio::of(&[(2.0, 1.0), (8.0, 1.0)]).unwrap();
        assert!((ratio.mean - 4.0).abs() < 1e-12);
        assert!((ratio.interval.0 - 2.0).abs() < 1e-12 && (ratio.interval.1 - 8.0).abs() < 1e-12);
        assert!(!ratio.is_enough());
    }

    #[test]
    fn an_interval_around_one_is_a_tie_and_nothing_is_made_of_nothing() {
        let ratio = Ratio::of(&[1.1, 0.9, 1.05, 0.95, 1.0].map(|ratio| (ratio, 1.0))).unwrap();
        assert!(ratio.is_tie());
        assert_eq!(Ratio::of(&[]), None);
        assert_eq!(Ratio::of(&[(0.0, 1.0)]), None);
    }
}
