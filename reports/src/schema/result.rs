//! The result schema: what a run, a comparison and a whole suite leave behind.
//!
//! These types are the contract with everything that reads a result later: charts, the report,
//! `--json` and other people's scripts. Times are in nanoseconds unless the name says otherwise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Schema tag of [`RunResult`].
pub const RUN_SCHEMA: &str = "streamgauge.run/1";
/// Schema tag of [`CompareResult`].
pub const COMPARE_SCHEMA: &str = "streamgauge.compare/1";

/// One run of one workload on one engine, saved as soon as it has ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Always [`RUN_SCHEMA`].
    pub schema: String,
    /// Name of the suite's experiment this run belongs to; the workload's name outside a suite.
    pub experiment: String,
    /// Workload name.
    pub workload: String,
    /// Engine name.
    pub engine: String,
    /// The column this run stands in: the engine and the settings that set the variant apart,
    /// such as `microbatch, batch_interval_ms=50`.
    pub variant: String,
    /// What the run was made for: `throughput` or `latency`.
    pub measures: Measures,
    /// Every engine setting, as resolved.
    pub settings: BTreeMap<String, Value>,
    /// Every workload knob, as resolved.
    pub knobs: BTreeMap<String, Value>,
    /// Seed of everything drawn at random.
    pub seed: u64,
    /// Planned events per second; `null` when events are read as fast as the engine can.
    pub rate: Option<f64>,
    /// Number of events of the run.
    pub events: u64,
    /// Events at the start that are digested but not timed.
    pub warm_up_events: u64,
    /// Subtasks per stage.
    pub parallelism: u32,
    /// `wall` or `virtual`.
    pub clock: String,
    /// Delivery guarantee: `none`, `at-least-once` or `exactly-once`.
    pub guarantee: String,
    /// Position among the alternating repeats, from 0.
    pub repeat: u32,
    /// The user stopped the run.
    pub interrupted: bool,
    /// Whether the figures may be used.
    pub valid: bool,
    /// Why not, one sentence each.
    pub invalid_because: Vec<String>,
    /// Another run was made in its place, as this one was invalid.
    #[serde(default)]
    pub superseded: bool,
    /// Records read by the sources.
    pub records_in: u64,
    /// Records handed to the sink.
    pub records_out: u64,
    /// From the first timed event to the end of the run, in the run's own clock.
    pub elapsed_ns: u64,
    /// Timed events over `elapsed_ns`.
    pub throughput_per_s: f64,
    /// Processor time of the whole process over timed events; `null` under virtual time.
    pub cpu_ns_per_record: Option<f64>,
    /// Peak resident memory of the process during the run, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// Latencies; empty sections have a count of 0.
    pub latency_ns: Latencies,
    /// Batches, checkpoints of an exactly-once sink, or else flushes that what is timed came out
    /// in: below ten there are no percentiles.
    #[serde(default)]
    pub emissions: u64,
    /// Where the time from the planned time to the emission went; empty when no latency was
    /// measured.
    #[serde(default)]
    pub latency_parts: LatencyParts,
    /// What came out, against what had to.
    pub output: OutputCheck,
    /// Records that came after their window had closed.
    pub late_records: u64,
    /// Windows that closed before the end of the input; `null` for a workload without windows.
    pub windows_closed: Option<u64>,
    /// Share of the events that were planned and unread when the plan ended (0 to 1).
    pub backlog_at_end: f64,
    /// Events per second by which the backlog grew over the plan: slope of a straight line through
    /// the largest backlog of each bin of [`SERIES_BIN_NS`], with its 95 % interval. `null` below
    /// ten bins.
    #[serde(default)]
    pub backlog_slope: Option<Slope>,
    /// Events per second that the generator makes by itself, on one core; `null` when nobody
    /// measured it.
    #[serde(default)]
    pub generator_per_s: Option<f64>,
    /// What was read late though its source had nothing to do but to wait for it.
    #[serde(default)]
    pub overslept: Overslept,
    /// Timed results that were emitted before their planned time: a clock that went back.
    #[serde(default)]
    pub emitted_early: u64,
    /// Records per partition of every exchange.
    pub exchanges: Vec<ExchangeLoad>,
    /// Micro-batches, in order (at most the first 10,000); empty for other models.
    pub batches: Vec<BatchRow>,
    /// What every subtask did with its time (pipelined), in the order of their names; empty for
    /// other models.
    #[serde(default)]
    pub activity: Vec<ActivityRow>,
    /// Checkpoints, failures and what they cost.
    #[serde(default)]
    pub recovery: RecoveryFigures,
    /// What was emitted over time, in bins of [`SERIES_BIN_NS`]; bins in which nothing was emitted
    /// and nothing waited are left out. Empty when no latency was measured; at most the first hour.
    #[serde(default)]
    pub series: Vec<SeriesRow>,
    /// The machine and the build.
    pub environment: BTreeMap<String, Value>,
}

/// How often the timer of a source that had nothing to do but to wait for its next event fired over
/// a millisecond late, and what that did. What waits for a trigger, for room, or for tasks of the
/// engine that have the cores is not counted.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overslept {
    /// How often.
    pub times: u64,
    /// Events that were read over a millisecond after they were planned.
    pub events: u64,
}

/// A trend with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slope {
    /// Least squares.
    pub per_s: f64,
    /// 95 % interval by Student's t.
    pub interval: (f64, f64),
}

/// What a run was made to measure. Throughput and latency never come from the same run.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Measures {
    /// Events as fast as they are taken; no latency is recorded.
    #[default]
    Throughput,
    /// Events at a planned rate; latency is recorded.
    Latency,
}

/// The three latencies of DESIGN: from the planned time, from ingestion, after a window's end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latencies {
    /// Emission minus the planned time of the newest contributor: free of coordinated omission.
    pub from_planned: LatencySummary,
    /// Emission minus the moment the newest contributor became readable.
    pub from_ingestion: LatencySummary,
    /// Emission minus the planned time of the window's end.
    pub after_window_end: LatencySummary,
}

/// Percentiles of one latency, in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencySummary {
    /// Values recorded.
    pub count: u64,
    /// Their mean; `null` without any.
    #[serde(default)]
    pub mean: Option<f64>,
    /// Median; `null` with fewer than 10 values beyond it or fewer than 10 `emissions`, so for every
    /// percentile.
    pub p50: Option<u64>,
    /// 90th percentile.
    pub p90: Option<u64>,
    /// 99th percentile.
    pub p99: Option<u64>,
    /// 99.9th percentile.
    pub p999: Option<u64>,
    /// Largest value recorded.
    pub max: Option<u64>,
    /// Values above the histogram's range, counted and clipped: must be 0 in a valid run.
    pub clipped: u64,
    /// The curve for charts: (quantile from 0 to 1, latency), rising in both, ending at (1, max).
    pub curve: Vec<(f64, u64)>,
}

/// Where the time of a latency went, from sampled records: their ways are known in full.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyParts {
    /// Records sampled and emitted.
    pub samples: u64,
    /// One in how many records is a sample.
    pub one_in: u32,
    /// Sampled records that are in no part: nobody knew any more where they had been.
    pub without_trail: u64,
    /// Mean over all samples.
    pub mean: PartsOfMean,
    /// Mean over the slowest hundredth of the samples; all 0 below ten of those.
    pub slowest: PartsOfMean,
}

/// A mean latency from the planned time and the parts that it is the sum of, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartsOfMean {
    /// The sum of the rest.
    pub total_ns: f64,
    /// Readable, and not read; micro-batch: cut, and no task had come to it.
    pub source_ns: f64,
    /// Pipelined: in a buffer that had to fill up or be flushed. Micro-batch: before the cut of
    /// its batch.
    pub boundary_ns: f64,
    /// Sealed, and not taken by the next stage. Micro-batch: until the stage before had ended.
    pub queue_ns: f64,
    /// In the hands of a subtask or task.
    pub processing_ns: f64,
    /// In state, until a watermark or a timer released the result.
    pub state_ns: f64,
    /// Written, and not committed.
    pub commit_ns: f64,
}

impl PartsOfMean {
    /// All parts, in the order in which a record comes by them.
    pub const fn parts(&self) -> [f64; 6] {
        [
            self.source_ns,
            self.boundary_ns,
            self.queue_ns,
            self.processing_ns,
            self.state_ns,
            self.commit_ns,
        ]
    }
}

/// The digest of the output beside the evaluator's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputCheck {
    /// Records put in minus records taken out: the size of the result.
    pub records: i64,
    /// Digest of the engine's result.
    pub digest: String,
    /// Digest of the evaluator's result; `null` when nothing was there to compare.
    pub expected_digest: Option<String>,
}

/// How an exchange spread its records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExchangeLoad {
    /// `from -> to`, stage names.
    pub exchange: String,
    /// Placement by which keys found their partition.
    pub placement: String,
    /// Records per partition, in the order of partitions.
    pub records: Vec<u64>,
    /// Largest over mean; 1 is even.
    pub max_over_mean: f64,
    /// Bytes in all, as buffers count them.
    #[serde(default)]
    pub bytes: u64,
}

/// What a run did to survive failures, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecoveryFigures {
    /// Starts after a failure: of the job, a batch or a task.
    pub restarts: u64,
    /// Events that were read again.
    pub replayed: u64,
    /// Checkpoints or batches completed durably.
    pub completed: u64,
    /// Every failure, in order.
    pub failures: Vec<FailureRow>,
    /// Completed checkpoints (pipelined; at most the first 10,000), in order.
    pub checkpoints: Vec<CheckpointRow>,
    /// What moved when the job was taken up in another layout; `null` when it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescale: Option<RescaleRow>,
}

/// State that found its partitions anew, of all stages together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RescaleRow {
    /// Partitions before.
    pub from: u32,
    /// Partitions after.
    pub to: u32,
    /// Placement before.
    pub placement_before: String,
    /// Placement after.
    pub placement_after: String,
    /// Of each new partition, the former one that it goes on from: the one of the same name.
    pub goes_on_from: Vec<Option<u32>>,
    /// Keys by former partition, and by new partition within.
    pub keys: Vec<Vec<u64>>,
    /// Bytes of their state, encoded, likewise.
    pub bytes: Vec<Vec<u64>>,
    /// Reading the snapshots and handing keys to their partitions, in the run's own clock; 0 in
    /// virtual time, where state is copied for nothing.
    pub took_ns: u64,
}

impl RescaleRow {
    /// All keys.
    pub fn keys_held(&self) -> u64 {
        self.keys.iter().flatten().sum()
    }

    /// All bytes.
    pub fn bytes_held(&self) -> u64 {
        self.bytes.iter().flatten().sum()
    }

    /// Share of the keys whose partition does not go on from the one that held them; `None`
    /// without keys.
    pub fn moved_keys(&self) -> Option<f64> {
        moved_share(&self.keys, &|new| self.goes_on_from.get(new).copied().flatten())
    }

    /// The same of bytes.
    pub fn moved_bytes(&self) -> Option<f64> {
        moved_share(&self.bytes, &|new| self.goes_on_from.get(new).copied().flatten())
    }

    /// Share of the keys that would have moved if partition `lost` had gone and those behind it had
    /// moved up; `None` without keys, and unless there is one partition less.
    pub fn moved_keys_without(&self, lost: u32) -> Option<f64> {
        let survivor = |new: usize| Some(new as u32 + u32::from(new as u32 >= lost));
        (self.to + 1 == self.from && lost < self.from)
            .then(|| moved_share(&self.keys, &survivor))
            .flatten()
    }

    /// Former partitions that each new one read something of, the most of any.
    pub fn most_sources(&self) -> usize {
        let sources = |new: usize| self.keys.iter().filter(|row| row[new] > 0).count();
        (0..self.to as usize).map(sources).max().unwrap_or(0)
    }
}

fn moved_share(amounts: &[Vec<u64>], goes_on_from: &dyn Fn(usize) -> Option<u32>) -> Option<f64> {
    let (mut moved, mut all) = (0, 0);
    for (former, row) in amounts.iter().enumerate() {
        for (new, amount) in row.iter().enumerate() {
            all += amount;
            moved += if goes_on_from(new) == Some(former as u32) { 0 } else { *amount };
        }
    }
    (all > 0).then(|| moved as f64 / all as f64)
}

/// A failure and the way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailureRow {
    /// When it was noticed, since the run's start.
    pub at_ns: u64,
    /// What it was.
    pub cause: String,
    /// When the job went on or read events again, whichever was first; `null` when it never did.
    pub resumed_ns: Option<u64>,
    /// When, after that, every split was read up to the plan again: no more of it was unread than
    /// is planned in a millisecond, and one event. `null` when the job never got there.
    #[serde(default)]
    pub caught_up_ns: Option<u64>,
}

/// Width of a bin of [`RunResult::series`], in nanoseconds.
pub const SERIES_BIN_NS: u64 = 100_000_000;

/// What was emitted in one bin of time, and what waited meanwhile. Under exactly-once a record is emitted at its commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesRow {
    /// Where the bin begins, in the same time as failures, checkpoints and batches.
    pub at_ns: u64,
    /// Records emitted, timed or not.
    pub records: u64,
    /// Largest latency from the planned time among them; 0 when none was timed.
    pub latency_ns_max: u64,
    /// Latencies from the planned time: (bucket of [`crate::schema::latency_buckets`], records), rising.
    #[serde(default)]
    pub latency_buckets: Vec<(u8, u64)>,
    /// Most events that were planned and unread at one time in the bin.
    #[serde(default)]
    pub unread: u64,
}

/// One completed checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckpointRow {
    /// Its id, from 1.
    pub id: u64,
    /// When it was triggered, since the run's start.
    pub triggered_ns: u64,
    /// From the trigger until it was durable and its output visible.
    pub duration_ns: u64,
    /// State written.
    pub bytes: u64,
    /// Whether it stands by itself or is a delta.
    pub full: bool,
    /// Longest wait of a subtask from its first barrier to its last.
    pub alignment_ns: u64,
    /// Longest stop of a subtask while its state was copied.
    pub pause_ns: u64,
}

/// So many batches of a run say which tasks they had.
pub const BATCHES_WITH_TASKS: usize = 48;

/// One task of a micro-batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRow {
    /// Its stage, from 0.
    pub stage: usize,
    /// The partition that it worked on.
    pub partition: u32,
    /// The slot that it ran on.
    pub slot: u32,
    /// When it began, since the run's start.
    pub started_ns: u64,
    /// From there to its end.
    pub duration_ns: u64,
    /// Records that it took in.
    pub records: u64,
}

/// What a long-lived subtask did with its time over a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityRow {
    /// `stage/subtask`.
    pub subtask: String,
    /// Working, or ready to and without a core.
    pub busy_ns: u64,
    /// Without input.
    pub idle_ns: u64,
    /// With output that nobody took.
    pub back_pressured_ns: u64,
}

/// One micro-batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BatchRow {
    /// Batch id, from 0.
    pub batch: u64,
    /// When its trigger was due, since the run's start.
    pub trigger_ns: u64,
    /// Trigger due to work started.
    pub delay_ns: u64,
    /// Events read.
    pub records: u64,
    /// Wall or virtual time of each stage, in order.
    pub stages_ns: Vec<u64>,
    /// Whole batch.
    pub total_ns: u64,
    /// Watermark in force, event-time nanoseconds; `null` before the first.
    pub watermark_ns: Option<i64>,
    /// How the stage behind the first exchange was loaded: most records of a partition over the
    /// mean. `null` without an exchange or a record behind it.
    #[serde(default)]
    pub max_over_mean: Option<f64>,
    /// Its tasks; of the [`BATCHES_WITH_TASKS`] batches in the middle of a run only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskRow>,
}

/// What `compare` leaves: every run, and a verdict per pair of variants and metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CompareResult {
    /// Always [`COMPARE_SCHEMA`].
    pub schema: String,
    /// The suite's name.
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
    /// The machine and the build.
    pub environment: BTreeMap<String, Value>,
}

/// What a sweep varies, and which experiment stands at which point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// One or two axes.
    pub axes: Vec<SweepAxis>,
    /// Every point, the last axis varying fastest.
    pub points: Vec<SweepPoint>,
}

/// Something that a sweep varies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepAxis {
    /// `rate`, `parallelism`, a setting of an engine or a knob of the workload.
    pub name: String,
    /// Its values, in the order in which they were given.
    pub values: Vec<Value>,
}

/// A point of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepPoint {
    /// The experiment that was made there.
    pub experiment: String,
    /// A value of each axis.
    pub at: Vec<Value>,
}

/// Two variants compared by one metric, from log-ratios of adjacent pairs of runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Experiment name.
    pub experiment: String,
    /// Workload name.
    pub workload: String,
    /// `throughput_per_s`, `latency_ns.from_planned.p50`, ...
    pub metric: String,
    /// First variant.
    pub a: String,
    /// Second variant.
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
}

/// How much a variant differs from itself by one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoiseRow {
    /// Experiment name.
    pub experiment: String,
    /// Workload name.
    pub workload: String,
    /// As in [`Comparison::metric`].
    pub metric: String,
    /// The variant.
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
