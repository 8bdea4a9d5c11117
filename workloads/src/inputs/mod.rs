//! Events from files, pipes, sockets and brokers.

mod event_lines;
pub(crate) mod lines;
pub(crate) mod live;
pub(crate) mod live_log;
mod message_decoder;
pub(crate) mod messages;
mod time_field;
mod warm_up;
