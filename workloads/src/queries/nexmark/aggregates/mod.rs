//! Queries that keep a running aggregate or a ranking.

pub(crate) mod q15;
pub(crate) mod q16;
pub(crate) mod q17;
pub(crate) mod q18;
pub(crate) mod q19;
