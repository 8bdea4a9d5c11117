//! A job with a guarantee, under failures of every kind: what comes out of it in the end.

mod attempt;
mod events;
mod faults;
mod lost_tasks;
mod refusals;
mod restarts;
mod sinks;
