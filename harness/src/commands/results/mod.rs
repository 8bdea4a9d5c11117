//! Commands about results, suites, engines, workloads and this machine.

pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod list;
pub(crate) mod plot;
pub(crate) mod sample;
pub(crate) mod suite;
pub(crate) mod systems;
