//! What event time an event has: the clock, disorder and late events.

pub mod disorder;
pub mod event_clock;
pub(crate) mod event_order;
