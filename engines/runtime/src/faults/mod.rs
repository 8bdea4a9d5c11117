//! Strikes the faults of a run: on tasks, on control messages, around storage operations.

pub(crate) mod fault;
pub(crate) mod host;
pub(crate) mod kill_switch;
pub(crate) mod killable;
pub(crate) mod live_targets;
mod plans;
mod run_faults;

pub use run_faults::Faults;
