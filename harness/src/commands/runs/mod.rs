//! Commands that run engines.

pub mod compare;
pub mod recover;
pub mod run;
pub mod sustain;
pub mod sweep;
pub mod verify;
