//! Two or more variants side by side: every run, and a verdict per pair of variants and metric.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::run::RunResult;
use super::sweep::Sweep;
use super::text;

/// Schema tag of [`CompareResult`].
pub const COMPARE_SCHEMA: &str = "streamgauge.compare/1";

/// What `compare` leaves: every run, and a verdict per pair of variants and metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CompareResult {
    /// Always [`COMPARE_SCHEMA`].
    pub schema: String,
    /// The suite's name.
    #[serde(deserialize_with = "text::name")]
    pub suite: String,
    /// When it began, UTC, `2026-11-22T17:52:04Z`.
    pub started: String,
    /// The command that reproduces it.
    pub command: String,
    /// The user stopped it before its end.
    pub interrupted: bool,
    /// Every run, in the order in which they ran.
    pub runs: Vec<RunResult>,
    /// Every comparison.
    pub comparisons: Vec<Comparison>,
    /// What was varied, when experiments are the points of a sweep.
    #[serde(default)]
    pub sweep: Option<Sweep>,
    /// How much every variant differs from itself; empty unless every one ran twice.
    #[serde(default)]
    pub noise: Vec<NoiseRow>,
    /// Percentiles over all runs of a variant, where its runs by themselves are too short.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pooled: Vec<PooledRow>,
    /// How much every variant of a duet is slowed by what runs beside it; empty for runs that
    /// alternate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contention: Vec<ContentionRow>,
    /// The machine and the build.
    pub environment: BTreeMap<String, Value>,
}

/// Two variants compared by one metric, from log-ratios of adjacent pairs of runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Experiment name.
    #[serde(deserialize_with = "text::name")]
    pub experiment: String,
    /// Workload name.
    #[serde(deserialize_with = "text::name")]
    pub workload: String,
    /// `throughput_per_s`, `latency_ns.from_planned.p50`, ...
    pub metric: String,
    /// First variant.
    #[serde(deserialize_with = "text::name")]
    pub a: String,
    /// Second variant.
    #[serde(deserialize_with = "text::name")]
    pub b: String,
    /// Geometric mean of a/b; `null` when no valid pair is left.
    pub ratio: Option<f64>,
    /// 95 % interval (Student's t on the log-ratios) or, below 5 pairs, the range. Where repeats
    /// went on until intervals were narrow it is the nominal 97.5 % one, which then covers in at
    /// least 95 of 100 cases.
    pub interval: Option<(f64, f64)>,
    /// The same by bootstrap-t, which asks less of the figures; from 20 pairs on.
    #[serde(default)]
    pub bootstrap: Option<(f64, f64)>,
    /// Valid pairs behind it.
    pub repeats: u32,
    /// Who did better.
    pub verdict: Verdict,
    /// One sentence, naming the settings that decide it.
    pub why: String,
    /// Rows that either has left out as late, in the pair of runs that differs most; `null` when all
    /// have left out the same ones.
    #[serde(default)]
    pub late: Option<(u64, u64)>,
}

/// How much a variant differs from itself by one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoiseRow {
    /// Experiment name.
    #[serde(deserialize_with = "text::name")]
    pub experiment: String,
    /// Workload name.
    #[serde(deserialize_with = "text::name")]
    pub workload: String,
    /// As in [`Comparison::metric`].
    pub metric: String,
    /// The variant.
    #[serde(deserialize_with = "text::name")]
    pub variant: String,
    /// Geometric mean of its runs over those of its repetition; `null` without a valid pair.
    pub ratio: Option<f64>,
    /// Valid pairs behind it.
    pub pairs: u32,
    /// The factor, at least 1, below which a difference is within the noise: the end of the 95 %
    /// interval that is farther from 1. `null` below 5 pairs.
    pub floor: Option<f64>,
    /// The interval does not contain 1: the variant differs from itself, as one in 20 does by
    /// chance.
    pub suspicious: bool,
}

/// A percentile of the latencies from the planned time of all valid runs of a variant together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PooledRow {
    /// Experiment name.
    #[serde(deserialize_with = "text::name")]
    pub experiment: String,
    /// The variant.
    #[serde(deserialize_with = "text::name")]
    pub variant: String,
    /// As in [`Comparison::metric`].
    pub metric: String,
    /// Its value, in nanoseconds.
    pub value_ns: u64,
    /// 95 % interval by a bootstrap over runs and the seconds within them, in nanoseconds; `null`
    /// below 5 runs.
    pub interval_ns: Option<(f64, f64)>,
    /// Runs behind it.
    pub runs: u32,
    /// Results behind it.
    pub samples: u64,
}

/// What a variant does beside a copy of itself, against what it does alone on one of the two cores:
/// whether duets of it may be believed on this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContentionRow {
    /// Experiment name.
    #[serde(deserialize_with = "text::name")]
    pub experiment: String,
    /// Workload name.
    #[serde(deserialize_with = "text::name")]
    pub workload: String,
    /// The variant.
    #[serde(deserialize_with = "text::name")]
    pub variant: String,
    /// As in [`Comparison::metric`].
    pub metric: String,
    /// Geometric mean of the metric in a duet over that alone; `null` until it was measured.
    pub beside_itself: Option<f64>,
    /// Geometric mean of one side of these duets over the other; `null` until it was measured.
    pub between_sides: Option<f64>,
    /// Rounds behind it.
    pub rounds: u32,
    /// When it was measured, UTC, `2026-11-22T17:52:04Z`: it is kept by machine and workload.
    pub measured: String,
    /// Why duets of this variant get no verdict; `null` if they do.
    pub no_verdict_because: Option<String>,
}

/// The outcome of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The first variant did better.
    A,
    /// The second variant did better.
    B,
    /// The interval contains 1.
    Tie,
    /// No verdict: too few repeats or no valid pair.
    None,
}
