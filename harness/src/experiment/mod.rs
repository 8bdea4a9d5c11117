//! What is compared: suites of experiments, how long their runs are, what can be known of them
//! before they are made, and in which order they are.

pub(crate) mod calibration;
pub(crate) mod duet;
pub(crate) mod foresight;
mod memory;
pub(crate) mod rounds;
pub(crate) mod sizing;
pub(crate) mod suite;
