//! Operators that keep state by key.

pub(crate) mod aggregate;
pub(crate) mod count_distinct;
pub(crate) mod keyed_process;
