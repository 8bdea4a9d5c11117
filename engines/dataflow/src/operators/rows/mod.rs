//! Operators that look at one record at a time and keep no state by key.

pub(crate) mod divide;
pub(crate) mod filter;
pub(crate) mod filter_map;
pub(crate) mod flat_map;
pub(crate) mod in_parts;
pub(crate) mod input;
pub(crate) mod map;
