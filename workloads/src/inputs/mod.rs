//! Events from files, pipes and sockets.

mod event_lines;
pub(crate) mod lines;
pub(crate) mod live;
pub(crate) mod live_log;
