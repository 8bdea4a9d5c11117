//! What a run did to survive failures: checkpoints, failures, and what was read again.

use serde::{Deserialize, Serialize};

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

    /// Share of the keys whose partition does not go on from the one that held them; `None`
    /// without keys.
    pub fn moved_keys(&self) -> Option<f64> {
        moved_share(&self.keys, &|new| self.goes_on_from.get(new).copied().flatten())
    }

    /// The same of bytes.
    pub(crate) fn moved_bytes(&self) -> Option<f64> {
        moved_share(&self.bytes, &|new| self.goes_on_from.get(new).copied().flatten())
    }

    /// Share of the keys that would have moved if partition `lost` had gone and those behind it had
    /// moved up; `None` without keys, and unless there is one partition less.
    pub(crate) fn moved_keys_without(&self, lost: u32) -> Option<f64> {
        let survivor = |new: usize| Some(new as u32 + u32::from(new as u32 >= lost));
        (self.to + 1 == self.from && lost < self.from)
            .then(|| moved_share(&self.keys, &survivor))
            .flatten()
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
