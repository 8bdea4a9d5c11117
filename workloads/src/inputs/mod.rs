//! Events from files, pipes and sockets.

pub(crate) mod lines;
pub(crate) mod live;
pub(crate) mod live_log;
