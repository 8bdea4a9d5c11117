//! Charts over the points of a sweep.

pub mod crossover_map;
pub mod sweep_curve;
pub(crate) mod sweep_points;
