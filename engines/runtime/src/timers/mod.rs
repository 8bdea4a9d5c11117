//! The queue of timers that both clocks share.

pub(crate) mod queued_timer;
pub(crate) mod timer_queue;
