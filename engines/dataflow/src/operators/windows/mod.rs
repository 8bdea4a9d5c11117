//! Windows, and what they keep: panes, sessions and due times.

pub(crate) mod closing;
pub(crate) mod due_times;
pub(crate) mod hops;
pub mod late_firing_window;
pub(crate) mod panes;
pub mod processing_time_window;
pub mod session_window;
pub(crate) mod sessions;
pub mod sliding_window;
pub mod tumbling_window;
