//! What `consistency` leaves: how many of the states that somebody could see of a result are the
//! answer to no prefix of the input, and how long they lasted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text;

/// Schema tag of [`ConsistencyResult`].
pub const CONSISTENCY_SCHEMA: &str = "streamgauge.consistency/1";

/// Workloads on several engines, under every guarantee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConsistencyResult {
    /// Always [`CONSISTENCY_SCHEMA`].
    pub schema: String,
    /// When it began, UTC, `2026-11-22T17:52:04Z`.
    pub started: String,
    /// The command that reproduces it.
    pub command: String,
    /// The user stopped it before its end.
    pub interrupted: bool,
    /// Events of each run, in one split.
    pub events: u64,
    /// Planned events per second.
    pub rate: f64,
    /// Subtasks per stage.
    pub parallelism: u32,
    /// `wall` or `virtual`.
    pub clock: String,
    /// Every workload, engine and guarantee.
    pub cells: Vec<ConsistencyCell>,
    /// The machine and the build.
    pub environment: BTreeMap<String, Value>,
}

/// One workload on one engine under one guarantee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConsistencyCell {
    /// Workload name.
    #[serde(deserialize_with = "text::name")]
    pub workload: String,
    /// Engine name.
    #[serde(deserialize_with = "text::name")]
    pub engine: String,
    /// Engine with its settings, as given.
    #[serde(deserialize_with = "text::name")]
    pub variant: String,
    /// `none`, `at-least-once` or `exactly-once`.
    #[serde(deserialize_with = "text::name")]
    pub guarantee: String,
    /// Its runs.
    pub seeds: Vec<ConsistencySeed>,
    /// Settings of the engine.
    pub settings: BTreeMap<String, Value>,
    /// Knobs of the workload.
    pub knobs: BTreeMap<String, Value>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConsistencySeed {
    /// Seed of everything drawn at random.
    pub seed: u64,
    /// How often the visible result changed: at every hand-over of rows to the sink, or at every
    /// commit.
    pub states: u64,
    /// States that are the answer to no prefix of the input.
    pub unjustified: u64,
    /// How long each stretch of those lasted, in nanoseconds, in order.
    pub until_consistent_ns: Vec<u64>,
    /// Whether the last state is the answer to a prefix, and the output the evaluator's.
    pub right: bool,
}

impl ConsistencyResult {
    /// Share of the planned length of its runs during which the result of a cell was the answer to
    /// no prefix; `None` without any states.
    pub fn share_of_time(&self, cell: &ConsistencyCell) -> Option<f64> {
        let planned_ns = cell.seeds.len() as f64 * self.events as f64 / self.rate * 1e9;
        let stretches = cell.seeds.iter().flat_map(|seed| &seed.until_consistent_ns);
        let unjustified_ns = stretches.map(|it| *it as f64).sum::<f64>();
        (cell.states() > 0).then(|| (unjustified_ns / planned_ns).min(1.0))
    }
}

impl ConsistencyCell {
    /// States of all runs.
    pub fn states(&self) -> u64 {
        self.seeds.iter().map(|seed| seed.states).sum()
    }

    /// Share of them that are the answer to no prefix; `None` without any states.
    pub fn unjustified_share(&self) -> Option<f64> {
        let unjustified: u64 = self.seeds.iter().map(|seed| seed.unjustified).sum();
        share(unjustified, self.states())
    }

    /// The least and the largest such share of a run.
    pub fn range_of_share(&self) -> Option<(f64, f64)> {
        let shares = self.seeds.iter().filter_map(|seed| share(seed.unjustified, seed.states));
        shares.fold(None, |range, it| {
            let (low, high) = range.unwrap_or((it, it));
            Some((it.min(low), it.max(high)))
        })
    }

    /// Median and largest time until the result was consistent again, in nanoseconds; `None` if it
    /// always was.
    pub fn until_consistent_ns(&self) -> Option<(u64, u64)> {
        let mut all: Vec<u64> =
            self.seeds.iter().flat_map(|seed| seed.until_consistent_ns.iter().copied()).collect();
        all.sort_unstable();
        Some((*all.get((all.len().max(1) - 1) / 2)?, *all.last()?))
    }

    /// Whether every run is right and, where rows are seen at commits only, every state of it the
    /// answer to a prefix.
    pub fn keeps_its_promise(&self) -> bool {
        let is_committed = self.guarantee == "exactly-once";
        self.seeds.iter().all(|seed| seed.right && !(is_committed && seed.unjustified > 0))
    }
}

fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}
