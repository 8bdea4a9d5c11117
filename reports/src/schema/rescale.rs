//! State that moved because a job went on in another layout.

use serde::{Deserialize, Serialize};

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
