//! Operators with two inputs.

pub(crate) mod co_group_window;
pub(crate) mod interval_join;
pub(crate) mod unbounded_join;
pub(crate) mod window_join;
