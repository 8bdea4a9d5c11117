//! Arguments of the commands that run engines.

pub(crate) mod baseline;
pub(crate) mod compare;
pub(crate) mod consistency;
pub(crate) mod recover;
pub(crate) mod run;
pub(crate) mod sustain;
pub(crate) mod sweep;
pub(crate) mod topic;
pub(crate) mod verify;
