//! Nexmark's queries, one per file: plan and evaluator side by side. They compute what the Flink
//! SQL files of nexmark/nexmark compute.

pub(crate) mod aggregates;
mod calendar;
mod columns;
pub(crate) mod joins;
mod query;
mod ranks;
pub(crate) mod single_bids;
mod streams;
#[cfg(test)]
mod tests;
pub(crate) mod windows;

pub(crate) use query::Nexmark;
