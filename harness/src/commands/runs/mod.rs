//! Commands that run engines.

pub(crate) mod compare;
pub(crate) mod consistency;
#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "it reads the guides")]
mod documented;
mod guarantees;
pub(crate) mod recover;
pub(crate) mod run;
pub(crate) mod sustain;
pub(crate) mod sweep;
pub(crate) mod verify;
