//! Intervals by Student's t: how far an estimate may be from the truth.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Half the width of the interval of this confidence (between 0 and 1) around an estimate with a
/// standard error at so many degrees of freedom; `None` without a degree of freedom.
pub fn half_width(standard_error: f64, freedom: f64, confidence: f64) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(student.inverse_cdf(f64::midpoint(1.0, confidence)) * standard_error)
}

/// The interval of this confidence (between 0 and 1) for the mean of what values are drawn from;
/// `None` for fewer than two.
pub fn student_interval(values: &[f64], confidence: f64) -> Option<(f64, f64)> {
    let (mean, half) = (mean(values), half_width_of_mean(values, confidence)?);
    Some((mean - half, mean + half))
}

/// Half the width of [`student_interval`].
pub fn half_width_of_mean(values: &[f64], confidence: f64) -> Option<f64> {
    half_width(standard_error(values), values.len() as f64 - 1.0, confidence)
}

/// Arithmetic mean; there is at least one value.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard error of the mean, from the unbiased variance; there are at least two values.
pub(super) fn standard_error(values: &[f64]) -> f64 {
    let (count, mean) = (values.len() as f64, mean(values));
    let variance = values.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (variance / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scipy() {
        // import numpy as np; from scipy import stats
        // x = np.array([2.0, 2.2, 1.9, 2.1, 2.05])
        // stats.t.interval(0.95, 4, x.mean(), stats.sem(x)) -> 1.911182, 2.188818
        let (low, high) = student_interval(&[2.0, 2.2, 1.9, 2.1, 2.05], 0.95).unwrap();
        assert!((low - 1.911_182).abs() < 1e-6 && (high - 2.188_818).abs() < 1e-6, "{low}, {high}");
        assert_eq!(student_interval(&[1.0], 0.95), None);
        assert_eq!(student_interval(&[], 0.95), None);
    }
}
