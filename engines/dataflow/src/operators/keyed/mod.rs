//! Operators that keep state by key.

pub mod aggregate;
pub mod count_distinct;
pub mod keyed_process;
