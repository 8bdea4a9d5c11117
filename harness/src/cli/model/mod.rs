//! Arguments of the commands about formulas and placements.

pub(crate) mod calibrate;
pub(crate) mod formulas;
pub(crate) mod place;
pub(crate) mod skew;
