//! Queries that bring two streams together.

pub(crate) mod q13;
pub(crate) mod q20;
pub(crate) mod q23;
pub(crate) mod q3;
pub(crate) mod q4;
pub(crate) mod q6;
pub(crate) mod q9;
