//! Arguments of the commands about results, suites and this machine.

pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod list;
pub(crate) mod sample;
pub(crate) mod suite;
pub(crate) mod systems;
