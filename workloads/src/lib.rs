//! Workloads, each with its own evaluator.
//!
//! A [`Workload`](spec::Workload) is a stream of events, a plan over it, and the answer computed
//! by other means. The [`registry`] holds them by name with their types erased.
//!
//! The rooms, each of which knows only those before it:
//!
//! 1. [`spec`] says what a workload is; [`random`] makes every draw a function of its number;
//!    `text` parses lines and says where they are wrong.
//! 2. [`schedule`] says when events are planned, [`event_time`] when they have happened.
//! 3. [`events`] makes events of keys, payloads and words; [`knobs`] holds the knobs of all of
//!    that; [`nexmark`] makes persons, auctions and bids.
//! 4. `erased` has the traits of workloads and events without their types; `inputs` reads events
//!    from files, pipes and sockets.
//! 5. [`queries`] are the workloads; [`registry`] lists them. A new workload is a file in the one
//!    and a line in the other.

mod erased;
pub mod event_time;
pub mod events;
mod inputs;
pub mod knobs;
pub mod nexmark;
pub mod queries;
pub mod random;
pub mod registry;
pub mod schedule;
pub mod spec;
#[cfg(test)]
mod testing;
mod text;
