//! Operators that look at one record at a time and keep no state by key.

pub mod divide;
pub mod filter;
pub mod filter_map;
pub mod flat_map;
pub mod in_parts;
pub mod input;
pub mod map;
