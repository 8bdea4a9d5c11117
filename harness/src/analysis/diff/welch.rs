//! The change between two sets of runs that are not paired: they were made at different times.

use crate::analysis::statistics::student;
use crate::analysis::statistics::{CONFIDENCE, FEWEST_PAIRS};

/// Runs on a side below which there is a range and no verdict.
pub(crate) const FEWEST_RUNS: usize = FEWEST_PAIRS;

/// A ratio of two sets of runs, with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Change {
    /// Geometric mean of the second set over that of the first.
    pub ratio: f64,
    /// Welch's 95 % interval by Student's t on the logs of the single runs; with fewer than
    /// [`FEWEST_RUNS`] on a side the range, from smallest over largest to largest over smallest.
    pub interval: (f64, f64),
    /// Whether both sides have [`FEWEST_RUNS`], so that the interval is Welch's.
    pub is_enough: bool,
}

impl Change {
    /// From `a` to `b`; `None` when a side is empty or has a value that has no logarithm.
    pub(crate) fn between(a: &[f64], b: &[f64]) -> Option<Self> {
        // Over one and the same value, so that runs that are all alike differ by exactly nothing.
        let unit = *a.first()?;
        let (a, b) = (Logs::of(a, unit)?, Logs::of(b, unit)?);
        let difference = b.mean - a.mean;
        let is_enough = a.count.min(b.count) >= FEWEST_RUNS as f64;
        let interval = match is_enough.then(|| half_width(&a, &b)).flatten() {
            Some(half) => (difference - half, difference + half),
            None => (b.low - a.high, b.high - a.low),
        };
        Some(Self {
            ratio: difference.exp(),
            interval: (interval.0.exp(), interval.1.exp()),
            is_enough,
        })
    }

    /// Whether the interval leaves it open which side is larger.
    pub(crate) fn is_open(&self) -> bool {
        self.interval.0 <= 1.0 && 1.0 <= self.interval.1
    }
}

/// What Welch's interval needs of one side.
struct Logs {
    count: f64,
    mean: f64,
    /// Squared standard error of the mean; 0 for one value.
    squared_error: f64,
    low: f64,
    high: f64,
}

impl Logs {
    /// Of values over `unit`.
    fn of(values: &[f64], unit: f64) -> Option<Self> {
        if values.is_empty() || !values.iter().all(|it| it.is_finite() && *it > 0.0) {
            return None;
        }
        let logs: Vec<f64> = values.iter().map(|it| (it / unit).ln()).collect();
        let count = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / count;
        let squares: f64 = logs.iter().map(|it| (it - mean).powi(2)).sum();
        Some(Self {
            count,
            mean,
            squared_error: squares / (count - 1.0).max(1.0) / count,
            low: logs.iter().copied().fold(f64::INFINITY, f64::min),
            high: logs.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        })
    }

    /// Its share of the denominator in the Welch-Satterthwaite equation.
    fn freedom_share(&self) -> f64 {
        self.squared_error.powi(2) / (self.count - 1.0)
    }
}

/// Half the width of the interval for the difference of the means; both sides have two values.
fn half_width(a: &Logs, b: &Logs) -> Option<f64> {
    let squared_error = a.squared_error + b.squared_error;
    if squared_error == 0.0 {
        return Some(0.0);
    }
    let freedom = squared_error.powi(2) / (a.freedom_share() + b.freedom_share());
    student::half_width(squared_error.sqrt(), freedom, CONFIDENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, wanted: f64) {
        assert!((found / wanted - 1.0).abs() < 1e-6, "{found} is not {wanted}");
    }

    #[test]
    fn agrees_with_scipy() {
        // import numpy as np; from scipy import stats        (scipy 1.17.1)
        // r = stats.ttest_ind(np.log(b), np.log(a), equal_var=False)
        // c = r.confidence_interval(0.95)
        // np.exp([np.log(b).mean() - np.log(a).mean(), c.low, c.high])
        let a = [100.0, 104.0, 98.0, 101.0, 99.0];
        let b = [110.0, 113.0, 108.0, 115.0, 109.0, 111.0];
        let change = Change::between(&a, &b).unwrap();
        near(change.ratio, 1.105_555_383);
        near(change.interval.0, 1.071_023_428);
        near(change.interval.1, 1.141_200_718);
        assert!(change.is_enough && !change.is_open());

        // 7.009 degrees of freedom.
        let a = [1.0, 1.3, 0.9, 1.1, 1.05];
        let b = [1.02, 1.2, 0.95, 1.0, 1.1];
        let change = Change::between(&a, &b).unwrap();
        near(change.ratio, 0.989_067_593);
        near(change.interval.0, 0.832_353_890);
        near(change.interval.1, 1.175_286_998);
        assert!(change.is_enough && change.is_open());

        // Variances far apart: 5.0008 degrees of freedom, where pooled ones would be 9.
        let a = [10.0, 10.1, 9.9, 10.0, 10.05];
        let b = [10.0, 40.0, 3.0, 15.0, 22.0, 9.0];
        let change = Change::between(&a, &b).unwrap();
        near(change.ratio, 1.234_710_353);
        near(change.interval.0, 0.488_745_386);
        near(change.interval.1, 3.119_230_791);
    }

    #[test]
    fn below_five_runs_on_a_side_there_is_the_range() {
        // Geometric means 4 and 10; from 5/8 to 20/2.
        let change = Change::between(&[2.0, 8.0], &[5.0, 20.0, 10.0, 10.0, 10.0]).unwrap();
        near(change.ratio, 2.5);
        near(change.interval.0, 0.625);
        near(change.interval.1, 10.0);
        assert!(!change.is_enough);
        let change = Change::between(&[2.0], &[3.0]).unwrap();
        near(change.ratio, 1.5);
        assert_eq!(change.interval.0, change.interval.1);
        assert!(!change.is_enough);
    }

    #[test]
    fn runs_that_are_all_alike_have_an_interval_without_width() {
        let change = Change::between(&[7.0; 5], &[7.0; 6]).unwrap();
        assert_eq!((change.ratio, change.interval), (1.0, (1.0, 1.0)));
        assert!(change.is_open());
        let change = Change::between(&[2.0; 5], &[4.0; 5]).unwrap();
        near(change.interval.0, 2.0);
        near(change.interval.1, 2.0);
        assert!(!change.is_open());
    }

    #[test]
    fn nothing_is_made_of_nothing_or_of_zero() {
        assert_eq!(Change::between(&[], &[1.0]), None);
        assert_eq!(Change::between(&[1.0], &[]), None);
        assert_eq!(Change::between(&[0.0, 1.0], &[1.0]), None);
        assert_eq!(Change::between(&[1.0], &[f64::NAN]), None);
    }
}
