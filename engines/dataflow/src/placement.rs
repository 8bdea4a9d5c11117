//! Which partition a key belongs to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::Key;
use crate::key_group::{default_max_parallelism, flink_murmur, owner_of_group};

/// Names that the setting `placement` takes, as [`PlacementKind::named`] knows them.
pub const PLACEMENTS: &[&str] = &["key-groups", "modulo", "ring"];

/// Points that every partition has on the ring.
const RING_POINTS: u64 = 128;

/// A rule by which keys find their partition.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlacementKind {
    /// Flink's key groups: `murmur(hashCode) mod max_parallelism`, contiguous ranges of groups.
    #[default]
    KeyGroups,
    /// The key's number modulo the partitions.
    Modulo,
    /// A consistent hash ring with 128 points a partition.
    Ring,
}

impl PlacementKind {
    /// By the name that settings and results carry.
    ///
    /// # Panics
    /// When the name is none of [`PLACEMENTS`]: settings are checked when they are resolved.
    pub fn named(name: &str) -> Self {
        match PLACEMENTS.iter().position(|known| *known == name) {
            Some(0) => Self::KeyGroups,
            Some(1) => Self::Modulo,
            Some(2) => Self::Ring,
            _ => panic!("{name} is no placement"),
        }
    }

    /// The name that settings and results carry.
    pub fn name(self) -> &'static str {
        PLACEMENTS[self as usize]
    }

    /// The rule over so many partitions. `max_parallelism` is that of key groups; `None` takes
    /// Flink's default.
    pub fn over(self, partitions: u32, max_parallelism: Option<u32>) -> Placement {
        match self {
            Self::KeyGroups => Placement::key_groups(partitions, max_parallelism),
            Self::Modulo => Placement { rule: Rule::Modulo, partitions },
            Self::Ring => Placement::ring(partitions),
        }
    }
}

/// A function from keys to partitions, shared by all subtasks of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    rule: Rule,
    partitions: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    KeyGroups {
        /// Owner of every key group, in the order of groups.
        owner: Arc<[u32]>,
        /// `max_parallelism - 1` when that is a power of two, so that the remainder is a mask.
        mask: Option<u32>,
    },
    Modulo,
    /// Points in their order, each with its partition.
    Ring(Arc<[(u64, u32)]>),
}

impl Placement {
    /// Flink's key groups. `max_parallelism` of `None` takes Flink's default.
    pub fn key_groups(partitions: u32, max_parallelism: Option<u32>) -> Self {
        let groups = max_parallelism.unwrap_or_else(|| default_max_parallelism(partitions));
        assert!(partitions >= 1 && groups >= partitions, "every partition owns a key group");
        let owner = (0..groups).map(|group| owner_of_group(group, groups, partitions)).collect();
        let mask = groups.is_power_of_two().then(|| groups - 1);
        Self { rule: Rule::KeyGroups { owner, mask }, partitions }
    }

    fn ring(partitions: u32) -> Self {
        let mut points: Vec<(u64, u32)> = (0..partitions)
            .flat_map(|partition| {
                let point = move |point| mixed(u64::from(partition) * RING_POINTS + point + 1);
                (0..RING_POINTS).map(move |number| (point(number), partition))
            })
            .collect();
        points.sort_unstable();
        Self { rule: Rule::Ring(points.into()), partitions }
    }

    /// The name that results carry.
    pub fn name(&self) -> &'static str {
        match self.rule {
            Rule::KeyGroups { .. } => PlacementKind::KeyGroups.name(),
            Rule::Modulo => PlacementKind::Modulo.name(),
            Rule::Ring(_) => PlacementKind::Ring.name(),
        }
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
        match &self.rule {
            Rule::KeyGroups { owner, mask } => {
                let hash = flink_murmur(key.java_hash());
                let group = match mask {
                    Some(mask) => hash & mask,
                    None => hash % owner.len() as u32,
                };
                owner[group as usize]
            }
            Rule::Modulo => (key.number() % u64::from(self.partitions)) as u32,
            Rule::Ring(points) => {
                let at = mixed(key.number() ^ 0x9e37_79b9_7f4a_7c15);
                let next = points.partition_point(|point| point.0 < at);
                points[if next == points.len() { 0 } else { next }].1
            }
        }
    }
}

/// `SplitMix64`'s finalizer: every bit of the number moves every bit of the result.
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placement_is_known_by_its_name_and_uses_every_partition() {
        for name in PLACEMENTS {
            let kind = PlacementKind::named(name);
            for partitions in [1, 2, 3, 8] {
                let placement = kind.over(partitions, None);
                assert_eq!((kind.name(), placement.name()), (*name, *name));
                let mut load = vec![0; partitions as usize];
                (0..10_000_u64).for_each(|key| load[placement.partition(&key) as usize] += 1);
                let fair = 10_000 / partitions;
                assert!(
                    load.iter().all(|it| (fair / 2..=fair * 2).contains(it)),
                    "{name} {load:?}"
                );
            }
        }
    }

    #[test]
    fn on_a_ring_a_new_partition_takes_keys_and_no_others_change_hands() {
        let (before, after) = (Placement::ring(4), Placement::ring(5));
        let moved = |key: &u64| before.partition(key) != after.partition(key);
        let moved: Vec<u64> = (0..10_000).filter(moved).collect();
        assert!(moved.iter().all(|key| after.partition(key) == 4));
        assert!((1_000..3_000).contains(&moved.len()), "about a fifth: {}", moved.len());
    }
}
