//! A file of repeated measurements, for cases that are means over seeds or over rings.

use serde::{Deserialize, Serialize};

/// Schema tag of [`Samples`].
pub const SAMPLES_SCHEMA: &str = "streamgauge.samples/1";

/// The same measurement, repeated with something else drawn at random.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// Always [`SAMPLES_SCHEMA`].
    pub schema: String,
    /// What was measured, with its unit.
    pub quantity: String,
    /// What differs from sample to sample: `seed`, `ring`.
    pub over: String,
    /// The samples, in order.
    pub samples: Vec<Sample>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Which seed or ring.
    pub number: u64,
    /// What was measured, in the unit of the quantity.
    pub value: f64,
}

impl Samples {
    /// Arithmetic mean; `None` without a sample.
    pub fn mean(&self) -> Option<f64> {
        let count = self.samples.len();
        (count > 0).then(|| self.samples.iter().map(|it| it.value).sum::<f64>() / count as f64)
    }

    /// Standard deviation of the samples (n - 1); `None` below two.
    pub fn deviation(&self) -> Option<f64> {
        let (mean, count) = (self.mean()?, self.samples.len());
        let squares: f64 = self.samples.iter().map(|it| (it.value - mean).powi(2)).sum();
        (count > 1).then(|| (squares / (count - 1) as f64).sqrt())
    }

    /// Standard error of the mean; `None` below two samples.
    pub fn standard_error(&self) -> Option<f64> {
        Some(self.deviation()? / (self.samples.len() as f64).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_hand_computation() {
        let samples = [1.0, 2.0, 3.0, 6.0];
        let samples = (0..).zip(samples).map(|(number, value)| Sample { number, value }).collect();
        let samples = Samples { samples, ..Samples::default() };
        assert_eq!(samples.mean(), Some(3.0));
        assert!((samples.deviation().unwrap() - (14.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((samples.standard_error().unwrap() - (14.0_f64 / 12.0).sqrt()).abs() < 1e-12);
        assert_eq!(Samples::default().mean(), None);
    }
}
