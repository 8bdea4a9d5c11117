//! Timers, which both clocks share: their queue, and the timer that a task holds.

pub(crate) mod queued_timer;
pub(crate) mod timer_queue;
