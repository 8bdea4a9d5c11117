//! How far a measured value may be from a predicted one, and whether it is within that.

use serde::{Deserialize, Serialize};

/// Means and rates agree within this share.
pub(crate) const MEANS_AND_RATES: Tolerance = Tolerance::Within { share: 0.02 };
/// Expected maxima are upper bounds, and held to this share above them: a maximum scatters.
pub(crate) const EXPECTED_MAXIMA: Tolerance = Tolerance::AtMost { share: 0.10 };
/// Moved fractions: how many standard errors of the sample are allowed.
const STANDARD_ERRORS: f64 = 3.0;
/// Two numbers that are equal but for rounding in their last digits.
const ROUNDING: f64 = 1e-9;

/// What became of a prediction.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CaseVerdict {
    /// Within its tolerance.
    #[serde(rename = "holds")]
    Holds,
    /// Beyond it.
    #[serde(rename = "does not hold")]
    DoesNotHold,
    /// Nothing is claimed there.
    #[serde(rename = "outside its range")]
    OutsideItsRange,
}

impl CaseVerdict {
    /// As results carry it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::OutsideItsRange => "outside its range",
        }
    }
}

/// A rule by which a measurement meets a prediction.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Tolerance {
    /// Equal, but for rounding.
    Exact,
    /// Within a share of the prediction, either way.
    Within {
        /// 0.02 is 2 %.
        share: f64,
    },
    /// The prediction is an upper bound, and may be passed by a share of it.
    AtMost {
        /// 0.1 is 10 %.
        share: f64,
    },
    /// The prediction is a lower bound, and may be missed by a share of it.
    AtLeast {
        /// 0.02 is 2 %.
        share: f64,
    },
    /// Within so much of the prediction, in its own unit: a number of standard errors.
    WithinAbsolute {
        /// Largest distance, in the unit of the prediction.
        distance: f64,
    },
}

impl Tolerance {
    /// Within three standard errors of a share `fraction` that is estimated from `sample` things,
    /// each of which counts or not: sqrt(f (1 - f) / n).
    ///
    /// ```
    /// use reports::schema::Tolerance;
    /// let Tolerance::WithinAbsolute { distance } = Tolerance::of_share(0.5, 10_000) else { panic!() };
    /// assert!((distance - 0.015).abs() < 1e-12);
    /// ```
    pub fn of_share(fraction: f64, sample: u64) -> Self {
        let standard_error = (fraction * (1.0 - fraction) / sample.max(1) as f64).sqrt();
        Self::of_standard_error(standard_error)
    }

    /// Within three times this standard error.
    pub(crate) fn of_standard_error(standard_error: f64) -> Self {
        Self::WithinAbsolute { distance: STANDARD_ERRORS * standard_error }
    }

    /// Whether the prediction is a bound: then the distance to it does not count as an error.
    pub const fn is_bound(self) -> bool {
        matches!(self, Self::AtMost { .. } | Self::AtLeast { .. })
    }

    /// Whether a measurement meets the prediction. A value that is not a number never does.
    pub fn judge(self, predicted: f64, measured: f64) -> CaseVerdict {
        let distance = measured - predicted;
        let holds = match self {
            Self::Exact => distance.abs() <= ROUNDING * predicted.abs().max(1.0),
            Self::Within { share } => distance.abs() <= share * predicted.abs(),
            Self::AtMost { share } => distance <= share * predicted.abs(),
            Self::AtLeast { share } => -distance <= share * predicted.abs(),
            Self::WithinAbsolute { distance: most } => {
                distance.abs() <= most + ROUNDING * predicted.abs().max(1.0)
            }
        };
        if holds { CaseVerdict::Holds } else { CaseVerdict::DoesNotHold }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CaseVerdict::{DoesNotHold, Holds};

    #[test]
    fn a_tolerance_has_two_sides_and_a_bound_has_one() {
        assert_eq!(Tolerance::Exact.judge(2.0, 2.0 + 1e-12), Holds);
        assert_eq!(Tolerance::Exact.judge(2.0, 2.0001), DoesNotHold);
        assert_eq!(MEANS_AND_RATES.judge(100.0, 98.1), Holds);
        assert_eq!(MEANS_AND_RATES.judge(100.0, 102.1), DoesNotHold);
        assert_eq!(EXPECTED_MAXIMA.judge(2.0, 0.5), Holds);
        assert_eq!(EXPECTED_MAXIMA.judge(2.0, 2.21), DoesNotHold);
        assert_eq!(Tolerance::AtLeast { share: 0.02 }.judge(2.0, 9.0), Holds);
        assert_eq!(Tolerance::AtLeast { share: 0.02 }.judge(2.0, 1.9), DoesNotHold);
        assert_eq!(Tolerance::of_share(0.5, 10_000).judge(0.5, 0.516), DoesNotHold);
        assert_eq!(MEANS_AND_RATES.judge(1.0, f64::NAN), DoesNotHold);
    }
}
