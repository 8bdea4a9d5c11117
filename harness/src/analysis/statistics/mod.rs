//! The statistics behind `compare`: pure functions of figures that were measured.
//!
//! Everything is computed on log-ratios: natural logarithms of `a / b`, one for each pair of
//! adjacent runs. A factor and its inverse are then equally far from no difference.

pub(crate) mod bootstrap;
pub(crate) mod noise;
pub(crate) mod outliers;
pub(crate) mod pooled;
pub(crate) mod ratio;
pub(crate) mod stopping;
pub(crate) mod student;
pub(crate) mod swapped;
pub(crate) mod warm_up;

#[cfg(test)]
mod synthetic;

pub(crate) use noise::NoiseFloor;
pub(crate) use outliers::outliers;
pub(crate) use ratio::{CONFIDENCE, FEWEST_PAIRS, Ratio, log_ratios};
pub(crate) use stopping::{Decision, SoFar, Stopping};
pub(crate) use student::student_interval;
pub(crate) use swapped::without_core_effect;
