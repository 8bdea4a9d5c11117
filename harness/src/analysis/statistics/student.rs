//! Intervals by Student's t: how far an estimate may be from the truth.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Half the width of the interval of this confidence (between 0 and 1) around an estimate with a
/// standard error at this number of degrees of freedom; `None` if there is none.
pub(crate) fn half_width(standard_error: f64, freedom: f64, confidence: f64) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(student.inverse_cdf(f64::midpoint(1.0, confidence)) * standard_error)
}

/// The interval of this confidence (between 0 and 1) for the mean of what values are drawn from;
/// `None` for fewer than two.
pub(crate) fn student_interval(values: &[f64], confidence: f64) -> Option<(f64, f64)> {
    let (mean, half) = (mean(values), half_width_of_mean(values, confidence)?);
    Some((mean - half, mean + half))
}

/// Half the width of [`student_interval`].
pub(crate) fn half_width_of_mean(values: &[f64], confidence: f64) -> Option<f64> {
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
    fn agrees_with_tables() {
        // Mean 2.05, standard error 0.05; tables have 2.7764451 for 97.5 % at 4 degrees of freedom.
        let (low, high) = student_interval(&[2.0, 2.2, 1.9, 2.1, 2.05], 0.95).unwrap();
        let half = 2.776_445_1 * 0.05;
        assert!((low - (2.05 - half)).abs() < 1e-7, "{low}");
        assert!((high - (2.05 + half)).abs() < 1e-7, "{high}");
        assert_eq!(student_interval(&[1.0], 0.95), None);
        assert_eq!(student_interval(&[], 0.95), None);
    }
}
