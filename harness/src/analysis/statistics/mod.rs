//! The statistics behind `compare`: pure functions of figures that were measured.
//!
//! Everything is computed on log-ratios: natural logarithms of `a / b`, one for each pair of
//! adjacent runs. A factor and its inverse are then equally far from no difference.

pub mod bootstrap;
pub mod noise;
pub mod outliers;
pub mod ratio;
pub mod stopping;
pub mod student;
#[allow(dead_code, reason = "for systems whose start is slower than their steady state")]
pub mod warm_up;

#[cfg(test)]
mod synthetic;

pub use noise::NoiseFloor;
pub use outliers::outliers;
pub use ratio::{CONFIDENCE, FEWEST_PAIRS, Ratio, log_ratios};
pub use stopping::{Decision, SoFar, Stopping};
pub use student::student_interval;
