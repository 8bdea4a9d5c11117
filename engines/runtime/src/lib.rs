//! Where time, tasks and randomness come from: the wall clock and virtual time.
