//! What subtasks, batches and their tasks spent their time on.

use serde::{Deserialize, Serialize};

/// This many batches, from the middle of a run, list their tasks.
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
