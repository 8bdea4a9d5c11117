//! Commands that run engines.

pub(crate) mod compare;
pub(crate) mod consistency;
mod guarantees;
pub(crate) mod recover;
pub(crate) mod run;
pub(crate) mod sustain;
pub(crate) mod sweep;
pub(crate) mod verify;
