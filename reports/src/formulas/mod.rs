//! Closed forms: functions that say what a measurement should come to, one per file, with where
//! they come from and where they hold.

pub mod batch_latency;
pub mod buffer_wait;
