//! What a run did to survive failures: checkpoints, failures, and what was read again.

use serde::{Deserialize, Serialize};

use super::rescale::RescaleRow;

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
