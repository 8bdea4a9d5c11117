//! One run of one workload on one engine: its description, its figures, and whether it is valid.
//!
//! Times are in nanoseconds unless the name says otherwise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::costs::RunCosts;
use super::latency::{Latencies, LatencyParts};
use super::recovery_figures::RecoveryFigures;
use super::series::SeriesRow;
use super::tasks::{ActivityRow, BatchRow};
use super::text;

/// Schema tag of [`RunResult`].
pub const RUN_SCHEMA: &str = "streamgauge.run/1";

/// A topic as the input of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunInput {
    /// As it was named, with its brokers.
    pub address: String,
    /// What was read of each partition.
    pub partitions: Vec<InputPartition>,
}

/// What was read of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InputPartition {
    /// Its number.
    pub partition: u32,
    /// The first offset.
    pub start: u64,
    /// The offset at which reading ended, settled before the first run; `null` if it went on until the
    /// run was stopped.
    pub end: Option<u64>,
}

/// One run of one workload on one engine, saved as soon as it has ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Always [`RUN_SCHEMA`].
    pub schema: String,
    /// Name of the suite's experiment this run belongs to; the workload's name outside a suite.
    #[serde(deserialize_with = "text::name")]
    pub experiment: String,
    /// Workload name.
    #[serde(deserialize_with = "text::name")]
    pub workload: String,
    /// Engine name.
    #[serde(deserialize_with = "text::name")]
    pub engine: String,
    /// The column this run stands in: the engine and the settings that set the variant apart,
    /// such as `microbatch, batch_interval_ms=50`.
    #[serde(deserialize_with = "text::name")]
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
    /// The topic whose messages were read; `null` where events were generated or came from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<RunInput>,
    /// Position among the alternating repeats, from 0.
    pub repeat: u32,
    /// The user stopped the run.
    pub interrupted: bool,
    /// The run took up a job that an earlier process had begun: what waited while nobody ran is in
    /// the latencies, and is not held against the engine.
    #[serde(default)]
    pub resumed: bool,
    /// Whether the figures may be used.
    pub valid: bool,
    /// Why not, one sentence each.
    pub invalid_because: Vec<String>,
    /// The run that went on at the same time; `null` for a run by itself. What else goes on on the
    /// machine is not held against a duet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duet: Option<DuetSide>,
    /// Another run was made in its place, as this one was invalid.
    #[serde(default)]
    pub superseded: bool,
    /// Which of `rate`, `events` and `warm_up_events` pilots have chosen on this machine, and nobody
    /// has asked for.
    #[serde(default)]
    pub piloted: Vec<String>,
    /// Records read by the sources.
    pub records_in: u64,
    /// Records handed to the sink.
    pub records_out: u64,
    /// From the first timed event to the end of the run, in the run's own clock; in a duet, the part
    /// of it in which the other run was timed too.
    pub elapsed_ns: u64,
    /// Timed events over `elapsed_ns`; in a duet, over what of that time nobody else had the core.
    pub throughput_per_s: f64,
    /// Processor time of the whole process over timed events; `null` under virtual time. In a duet,
    /// of the part in which the other run was timed too.
    pub cpu_ns_per_record: Option<f64>,
    /// What its work cost by the prices of a profile; `null` for a system in a process of its own.
    #[serde(default)]
    pub costs: Option<RunCosts>,
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
    /// the largest backlog of each bin of [`SERIES_BIN_NS`](super::series::SERIES_BIN_NS), with its 95 % interval. `null` below
    /// ten bins.
    #[serde(default)]
    pub backlog_slope: Option<Slope>,
    /// Events per second that the generator makes by itself, on one core; `null` when nobody
    /// measured it.
    #[serde(default)]
    pub generator_per_s: Option<f64>,
    /// What was read late though its source had nothing to do but to wait for it. It is shown, and
    /// decides nothing.
    #[serde(default)]
    pub overslept: Overslept,
    /// What else went on on the machine; `null` in virtual time, and where the system does not tell.
    #[serde(default)]
    pub machine: Option<MachineLoad>,
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
    /// What was emitted over time, in bins of [`SERIES_BIN_NS`](super::series::SERIES_BIN_NS); bins in which nothing was emitted
    /// and nothing waited are left out. Empty when no latency was measured; at most the first hour.
    #[serde(default)]
    pub series: Vec<SeriesRow>,
    /// The machine and the build.
    pub environment: BTreeMap<String, Value>,
}

/// A run that was one of two at the same time, each a process on a core of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DuetSide {
    /// The core, as the system counts them.
    pub core: usize,
    /// The variant on the other core.
    #[serde(deserialize_with = "text::name")]
    pub beside: String,
    /// The slices of 100 ms in which both were timed.
    #[serde(default)]
    pub slices: Vec<DuetSlice>,
}

/// What one side of a duet did in a slice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DuetSlice {
    /// Events that were read.
    pub records: f64,
    /// Processor time.
    pub cpu_ns: f64,
    /// Time of the core that it used or left idle: what nobody else took.
    pub core_ns: f64,
}

/// How often the timer of a source that had nothing to do but to wait for its next event, or that of
/// a driver for its next trigger, fired over a millisecond late, and what that did. What waits for
/// room, for the batch before, or for tasks of the engine that have the cores is not counted.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overslept {
    /// How often.
    pub times: u64,
    /// Events that were read over a millisecond after they were planned.
    pub events: u64,
    /// Triggers of micro-batches over a millisecond after whose instant, or the end of the batch
    /// before, the driver began.
    #[serde(default)]
    pub triggers: u64,
}

/// What else went on on the machine in the timed part of a run, as a probe saw it that belongs to no
/// engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MachineLoad {
    /// Length of the timed part.
    pub watched_ns: u64,
    /// How often a thread that only waits was woken 2 ms late or more, while this process left
    /// cores free; 0 where throughput is measured, as stalls are not looked for then.
    pub stalls: u64,
    /// All of these together.
    pub stalled_ns: u64,
    /// The longest.
    pub longest_stall_ns: u64,
    /// How often it was late as this process had the cores: that is no disturbance.
    pub own_stalls: u64,
    /// Share of the cores that this process may use which others had, and what a quota or a
    /// hypervisor took (0 to 1); `null` where the system does not tell.
    pub foreign_share: Option<f64>,
    /// Why the figures of the run say more about the machine than about the engine; `null` when they
    /// do not.
    pub disturbed_because: Option<String>,
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

/// The digest of the output beside the evaluator's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputCheck {
    /// Records put in minus records taken out: the size of the result.
    pub records: i64,
    /// Digest of the engine's result.
    pub digest: String,
    /// Digest of the evaluator's result; `null` when nothing was there to compare.
    pub expected_digest: Option<String>,
    /// The part files that the digest is of, with earlier processes' own; `null` when results went to
    /// no folder of parts.
    #[serde(default)]
    pub files: Option<OutputFiles>,
    /// The topic that the digest is of, with what earlier processes have published; `null` unless
    /// results went to a topic under exactly-once.
    #[serde(default)]
    pub topic: Option<OutputTopic>,
    /// Records that came late; `null` when none did.
    #[serde(default)]
    pub late: Option<LateCheck>,
}

impl OutputCheck {
    /// Whether the output was compared and is not the right one.
    pub fn is_wrong(&self) -> bool {
        let differs =
            self.expected_digest.as_ref().is_some_and(|expected| *expected != self.digest);
        differs || self.late.as_ref().is_some_and(|late| late.unfounded > 0)
    }
}

/// Records that came behind the watermark: which of them count was the engine's to say, and the
/// evaluator has left the same ones out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateCheck {
    /// Rows that an operator has left out, wholly or of some windows; also in `late_records` where it
    /// was wholly. They are left out of both results that are compared.
    pub left_out: u64,
    /// Rows that sessions have taken in behind the watermark, which decides what they joined.
    pub accepted: u64,
    /// Digest of the rows left out: equal for runs that have left the same ones out.
    pub digest: String,
    /// Late rows beyond those that a run remembers (100,000 a subtask): with them the output is not
    /// compared.
    pub unnoted: u64,
    /// Rows that an operator has called late, and that cannot have been: an error of the engine.
    pub unfounded: u64,
}

/// Whether part files hold what the digest tells.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFiles {
    /// Names, lengths and XXH3-128 of all parts were compared with what was written, at the end of
    /// the run; `false` under `--no-check-output`.
    pub checked: bool,
    /// Part files that were compared.
    pub parts: u64,
    /// Their bytes in all.
    pub bytes: u64,
}

/// Whether a topic holds what the digest tells.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputTopic {
    /// The rows that a reader of what is committed finds were compared with what was published, at the
    /// end of the run; `false` under `--no-check-output`, and if they could not be read, for which the
    /// run is invalid.
    pub checked: bool,
    /// Rows that were compared, changes counted singly.
    pub rows: u64,
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
