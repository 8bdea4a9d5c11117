//! The rules by name, and one of them laid out over a number of partitions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::placement::rules::{Decision, HearKey, KeyGroups, Rule, Tapped, name_of};
use crate::record::data::Key;

/// Names that the setting `placement` takes, as [`PlacementKind::named`] knows them.
pub const PLACEMENTS: &[&str] =
    &["key-groups", "modulo", "ring", "java-hash", "murmur3", "splitmix", "jump", "rendezvous"];

/// Points that every partition has on the ring unless set otherwise.
pub const DEFAULT_RING_POINTS: u32 = 128;
/// Most points that a partition can have on the ring.
pub const MAX_RING_POINTS: u32 = 65_536;
/// Most points on a ring, of all partitions together: 64 MiB.
const MAX_POINTS: u64 = 1 << 22;

/// A rule by which keys find their partition.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlacementKind {
    /// Flink's key groups: `murmur(hashCode) mod max_parallelism`, contiguous ranges of groups.
    #[default]
    KeyGroups,
    /// The key's number modulo the partitions.
    Modulo,
    /// A consistent hash ring.
    Ring {
        /// Points that every partition has on it.
        points: u32,
        /// Seed of the points.
        seed: u32,
        /// A former partition that is no more: names leave it out.
        lost: Option<u32>,
    },
    /// Spark's RDD `HashPartitioner`: the remainder of `hashCode` that is not negative.
    JavaHash,
    /// Spark SQL's hash partitioning: `pmod(Murmur3(key, 42), partitions)`.
    Murmur3,
    /// `SplitMix64` of the key's number, modulo the partitions.
    SplitMix,
    /// Jump consistent hash of the key's number (Lamping and Veach).
    Jump,
    /// Highest random weight (Thaler and Ravishankar): a step per partition and key.
    Rendezvous {
        /// A former partition that is no more: names leave it out.
        lost: Option<u32>,
    },
}

impl PlacementKind {
    /// By the name that settings and results carry; a ring with the default number of points.
    ///
    /// # Panics
    /// When the name is not in [`PLACEMENTS`]: settings are checked when they are resolved.
    pub fn named(name: &str) -> Self {
        match PLACEMENTS.iter().position(|known| *known == name) {
            Some(0) => Self::KeyGroups,
            Some(1) => Self::Modulo,
            Some(2) => Self::Ring { points: DEFAULT_RING_POINTS, seed: 0, lost: None },
            Some(3) => Self::JavaHash,
            Some(4) => Self::Murmur3,
            Some(5) => Self::SplitMix,
            Some(6) => Self::Jump,
            Some(7) => Self::Rendezvous { lost: None },
            _ => panic!("{name} is no placement"),
        }
    }

    /// The name that settings and results carry.
    pub fn name(self) -> &'static str {
        PLACEMENTS[self.number()]
    }

    /// Its place in [`PLACEMENTS`].
    const fn number(self) -> usize {
        match self {
            Self::KeyGroups => 0,
            Self::Modulo => 1,
            Self::Ring { .. } => 2,
            Self::JavaHash => 3,
            Self::Murmur3 => 4,
            Self::SplitMix => 5,
            Self::Jump => 6,
            Self::Rendezvous { .. } => 7,
        }
    }

    /// What it does, for lists.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::KeyGroups => "murmur of hashCode to a key group, groups in ranges (as Flink)",
            Self::Modulo => "the key's number, or xxh3 of its text, modulo the partitions",
            Self::Ring { .. } => "consistent hashing, ring_points points a partition on a ring",
            Self::JavaHash => "hashCode modulo the partitions (as Spark's RDD HashPartitioner)",
            Self::Murmur3 => "Murmur3 with seed 42 modulo the partitions (as Spark SQL)",
            Self::SplitMix => "SplitMix64 of the key's number modulo the partitions",
            Self::Jump => "jump consistent hash (Lamping and Veach)",
            Self::Rendezvous { .. } => "highest random weight, a step per partition and key",
        }
    }

    /// The rule over this number of partitions. `max_parallelism` is that of key groups; `None` takes
    /// Flink's default.
    pub fn over(self, partitions: u32, max_parallelism: Option<u32>) -> Placement {
        let rule = match self {
            Self::KeyGroups => Rule::KeyGroups(KeyGroups::new(partitions, max_parallelism)),
            Self::Modulo => Rule::Modulo,
            Self::Ring { points, seed, lost } => Rule::ring(partitions, (points, seed), lost),
            Self::JavaHash => Rule::JavaHash,
            Self::Murmur3 => Rule::Murmur3,
            Self::SplitMix => Rule::SplitMix,
            Self::Jump => Rule::Jump,
            Self::Rendezvous { lost } => Rule::Rendezvous { lost },
        };
        let is_default = self == Self::default();
        Placement { rule, partitions, is_default }
    }
}

/// A function from keys to partitions, shared by all subtasks of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    rule: Rule,
    partitions: u32,
    /// Whether the rule is that of key groups. It is looked at before the rule itself, because
    /// one case among many costs the default a tenth more.
    is_default: bool,
}

impl Placement {
    /// Flink's key groups. `max_parallelism` of `None` takes Flink's default.
    ///
    /// # Panics
    /// Without partitions, and when there are more of them than key groups.
    pub fn key_groups(partitions: u32, max_parallelism: Option<u32>) -> Self {
        PlacementKind::KeyGroups.over(partitions, max_parallelism)
    }

    /// Places every key on the first of two partitions and tells `hear` of it.
    pub(crate) fn tapped(hear: Arc<HearKey>) -> Self {
        Self { rule: Rule::Tapped(Tapped(hear)), partitions: 2, is_default: false }
    }

    /// The name that results carry.
    pub fn name(&self) -> &'static str {
        let kind = match self.rule {
            Rule::KeyGroups(_) => PlacementKind::KeyGroups,
            Rule::Modulo => PlacementKind::Modulo,
            Rule::Ring { .. } => return PLACEMENTS[2],
            Rule::JavaHash => PlacementKind::JavaHash,
            Rule::Murmur3 => PlacementKind::Murmur3,
            Rule::SplitMix => PlacementKind::SplitMix,
            Rule::Jump => PlacementKind::Jump,
            Rule::Rendezvous { lost } => PlacementKind::Rendezvous { lost },
            Rule::Tapped(_) => return "tapped",
        };
        kind.name()
    }

    /// The name of a partition, which it keeps when another one is lost: its number otherwise.
    pub fn name_of(&self, partition: u32) -> u32 {
        match self.rule {
            Rule::Ring { lost, .. } | Rule::Rendezvous { lost } => name_of(partition, lost),
            _ => partition,
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
            Rule::KeyGroups(groups) if self.is_default => groups.decide(key).partition,
            rule => rule.decide(key, self.partitions).partition,
        }
    }

    /// The partition of a key, and by which hash and bucket it is there.
    pub fn explain<K: Key>(&self, key: &K) -> Decision {
        self.rule.decide(key, self.partitions)
    }
}

/// Whether a ring of this number of partitions fits into memory.
///
/// # Errors
/// Says so when it is.
pub fn check_ring(kind: PlacementKind, partitions: u32) -> Result<(), String> {
    let PlacementKind::Ring { points, .. } = kind else { return Ok(()) };
    if u64::from(points) * u64::from(partitions) <= MAX_POINTS {
        return Ok(());
    }
    Err(format!(
        "ring_points={points} makes a ring of {partitions} partitions longer than {MAX_POINTS} \
         points; make it at most {}",
        MAX_POINTS / u64::from(partitions)
    ))
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
