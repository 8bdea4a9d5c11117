//! Commands about the formulas and placements of the two models.

pub mod formulas;
pub mod place;
pub mod skew;
