//! Workloads by name, with their types erased.

mod erased_workload;
#[cfg(test)]
mod knobs_tests;
#[cfg(test)]
mod round_trip_tests;
mod standard;
#[cfg(test)]
mod tests;

pub use crate::erased::{AnyEvents, AnyWorkload, EachLine, Expected, LiveInput, Replay};
pub use crate::text::InputError;
pub use erased_workload::register;
pub use standard::standard;
