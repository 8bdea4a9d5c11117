//! Commands about the formulas and placements of the two models.

pub(crate) mod calibrate;
pub(crate) mod formulas;
pub(crate) mod place;
pub(crate) mod skew;
