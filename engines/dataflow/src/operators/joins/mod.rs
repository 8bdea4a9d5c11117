//! Operators with two inputs.

pub mod co_group_window;
pub mod interval_join;
pub mod unbounded_join;
pub mod window_join;
