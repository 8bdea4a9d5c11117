//! Which partition a key belongs to.

use std::sync::Arc;

use crate::data::Key;
use crate::key_group::{default_max_parallelism, flink_murmur, owner_of_group};

/// Names that the setting `placement` takes.
pub const PLACEMENTS: &[&str] = &["key-groups"];

/// A function from keys to partitions, shared by all subtasks of a job.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Owner of every key group, in the order of groups.
    owner: Arc<[u32]>,
    /// `max_parallelism - 1` when that is a power of two, so that the remainder is a mask.
    mask: Option<u32>,
    partitions: u32,
}

impl Placement {
    /// Flink's key groups: `murmur(hashCode) mod max_parallelism`, contiguous ranges of groups.
    /// `max_parallelism` of `None` takes Flink's default.
    pub fn key_groups(partitions: u32, max_parallelism: Option<u32>) -> Self {
        let groups = max_parallelism.unwrap_or_else(|| default_max_parallelism(partitions));
        assert!(partitions >= 1 && groups >= partitions, "every partition owns a key group");
        let owner = (0..groups).map(|group| owner_of_group(group, groups, partitions)).collect();
        let mask = groups.is_power_of_two().then(|| groups - 1);
        Self { owner, mask, partitions }
    }

    /// The name that results carry.
    pub fn name(&self) -> &'static str {
        PLACEMENTS[0]
    }

    /// How many partitions there are.
    pub fn partitions(&self) -> u32 {
        self.partitions
    }

    /// The partition of a key, from 0.
    #[inline]
    pub fn partition<K: Key>(&self, key: &K) -> u32 {
        if self.partitions == 1 {
            return 0;
        }
        let hash = flink_murmur(key.java_hash());
        let group = match self.mask {
            Some(mask) => hash & mask,
            None => hash % self.owner.len() as u32,
        };
        self.owner[group as usize]
    }
}

/// Whether there is a key group for every one of `partitions`: what the setting
/// `max_parallelism` must allow.
///
/// # Errors
/// Says so when there is not.
pub fn check_max_parallelism(max_parallelism: Option<i64>, partitions: u32) -> Result<(), String> {
    match max_parallelism.filter(|groups| *groups < i64::from(partitions)) {
        None => Ok(()),
        Some(groups) => Err(format!(
            "max_parallelism={groups} leaves some of {partitions} partitions without a key group; \
             make it at least {partitions}"
        )),
    }
}

/// Which keys a subtask holds: what restoring under another parallelism goes by.
#[derive(Clone, Debug)]
pub struct Ownership {
    /// How keys find their partition now.
    pub placement: Placement,
    /// The partition restored into.
    pub own: u32,
}

impl Ownership {
    /// Ownership of everything: one partition.
    pub fn everything() -> Self {
        Self { placement: Placement::key_groups(1, None), own: 0 }
    }

    /// Whether this subtask holds `key`.
    pub fn holds<K: Key>(&self, key: &K) -> bool {
        self.placement.partition(key) == self.own
    }
}
