//! Faults strike whom they should, when they should, on both clocks.

mod delays;
mod fixture;
mod kills;
mod triggers;
