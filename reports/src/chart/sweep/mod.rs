//! Charts over the points of a sweep.

pub(crate) mod crossover_map;
pub(crate) mod sweep_curve;
pub(crate) mod sweep_points;
