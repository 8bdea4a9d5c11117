//! What is compared: suites of experiments, how long their runs are, and in which order they are
//! made.

mod memory;
pub(crate) mod rounds;
pub(crate) mod sizing;
pub(crate) mod suite;
