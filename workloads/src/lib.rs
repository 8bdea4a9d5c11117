//! Workloads, each with its own evaluator.
//!
//! A [`Workload`](spec::Workload) is a stream of events, a plan over it, and the answer computed
//! by other means. The [`registry`] holds them by name with their types erased.

pub mod alias_table;
pub mod arrival;
mod arrival_gaps;
pub mod disorder;
pub mod event_clock;
pub mod event_order;
pub mod key_distribution;
pub mod key_file;
pub mod keyed_event;
mod knob_rules;
pub mod knobs;
mod lines;
mod live;
mod live_log;
mod load_segments;
pub mod load_shape;
pub mod nexmark;
pub mod payload;
pub mod payload_lengths;
pub mod queries;
pub mod random;
mod registered;
pub mod registry;
pub mod spec;
mod text;
pub mod word_lines;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod run_plan;
