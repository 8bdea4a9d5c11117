//! Windows, and what they keep: panes, sessions and due times.

pub(crate) mod closing;
pub(crate) mod due_times;
pub(crate) mod hops;
pub(crate) mod late_firing_window;
pub(crate) mod panes;
pub(crate) mod processing_time_window;
pub(crate) mod session_window;
pub(crate) mod sessions;
pub(crate) mod sliding_window;
pub(crate) mod tumbling_window;
