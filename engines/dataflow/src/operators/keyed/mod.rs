//! Operators that keep state by key.

pub mod aggregate;
pub mod combine;
pub mod count_distinct;
pub mod keyed_process;
