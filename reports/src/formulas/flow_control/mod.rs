//! Formula 2, flow control: T = B/R, read as Little's law over what is buffered.

pub mod backlog;
pub mod barrier_travel;
pub mod credit_window;
pub mod flusher_wait;
pub mod full_buffers;
pub mod micro_batch;
pub mod slowest_receiver;
