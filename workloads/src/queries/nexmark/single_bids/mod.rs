//! Queries that look at one bid at a time.

pub(crate) mod q0;
pub(crate) mod q1;
pub(crate) mod q10;
pub(crate) mod q14;
pub(crate) mod q2;
pub(crate) mod q21;
pub(crate) mod q22;
