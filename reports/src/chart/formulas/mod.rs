//! Charts of the document's formulas: theory as curves, measurements as points.
//!
//! Each is of one chapter, under whose name the page shows it.

pub(crate) mod flusher_wait;
pub(crate) mod max_over_mean;
pub(crate) mod moved_fraction;
pub(crate) mod residence;
