//! Commands about results and about what there is.

pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod list;
pub(crate) mod plot;
pub(crate) mod suite;
