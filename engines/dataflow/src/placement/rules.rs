//! The rules by which keys find their partition, each with the hash that decides.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::placement::key_facts::KeyFacts;
use crate::placement::key_group::{default_max_parallelism, owner_of_group};
use crate::record::data::Key;
use crate::record::hash::{SPARK_SEED, flink_murmur};

/// What `SplitMix64` adds to its state at every step.
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// How a key found its partition.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The hash that decided.
    pub hash: DecidingHash,
    /// Of key groups the group, of a ring the index of the point that took the key, both from 0.
    pub bucket: Option<u32>,
    /// The partition, from 0.
    pub partition: u32,
}

/// A hash as the system that computes it shows it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum DecidingHash {
    /// A Java `int`.
    Signed(i32),
    /// A number of up to 64 bits.
    Unsigned(u64),
}

impl fmt::Display for DecidingHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed(hash) => hash.fmt(f),
            Self::Unsigned(hash) => hash.fmt(f),
        }
    }
}

/// Flink's key groups, laid out for a number of partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyGroups {
    /// Owner of every key group, in the order of groups.
    owner: Arc<[u32]>,
    /// `max_parallelism - 1` when that is a power of two, so that the remainder is a mask.
    mask: Option<u32>,
}

impl KeyGroups {
    pub(super) fn new(partitions: u32, max_parallelism: Option<u32>) -> Self {
        let groups = max_parallelism.unwrap_or_else(|| default_max_parallelism(partitions));
        assert!(partitions >= 1 && groups >= partitions, "every partition owns a key group");
        let owner = (0..groups).map(|group| owner_of_group(group, groups, partitions)).collect();
        Self { owner, mask: groups.is_power_of_two().then(|| groups - 1) }
    }

    #[inline(always)]
    pub(super) fn decide<K: Key>(&self, key: &K) -> Decision {
        let hash = flink_murmur(key.java_hash());
        let group = match self.mask {
            Some(mask) => hash & mask,
            None => hash % self.owner.len() as u32,
        };
        let partition = self.owner[group as usize];
        let hash = DecidingHash::Unsigned(u64::from(hash));
        Decision { hash, bucket: Some(group), partition }
    }
}

/// A rule, laid out for a number of partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    KeyGroups(KeyGroups),
    Modulo,
    JavaHash,
    Murmur3,
    SplitMix,
    Ring {
        /// Points in their order, each with its partition.
        points: Arc<[(u64, u32)]>,
        /// How many of them every partition has.
        each: u32,
        /// A name that no partition has.
        lost: Option<u32>,
    },
    Jump,
    Rendezvous {
        /// A name that no partition has.
        lost: Option<u32>,
    },
    Tapped(Tapped),
}

/// Tells somebody of every key and places all on the first partition.
#[derive(Clone)]
pub(super) struct Tapped(pub(super) Arc<HearKey>);

/// Hears of a key, and how it is printed.
pub(crate) type HearKey = dyn Fn(KeyFacts, &dyn fmt::Debug) + Send + Sync;

impl fmt::Debug for Tapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tapped")
    }
}

impl Tapped {
    #[cold]
    fn tell<K: Key>(&self, key: &K) -> Decision {
        let facts = KeyFacts::of(key);
        (self.0)(facts, key);
        let hash = DecidingHash::Unsigned(facts.number);
        Decision { hash, bucket: None, partition: 0 }
    }
}

impl PartialEq for Tapped {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
impl Eq for Tapped {}

impl Rule {
    pub(super) fn ring(partitions: u32, (each, seed): (u32, u32), lost: Option<u32>) -> Self {
        let point = |partition: u32, number: u32| {
            let name = u64::from(name_of(partition, lost));
            let count = name * u64::from(each) + u64::from(number) + 1;
            (mixed(count + (u64::from(seed) << 32)), partition)
        };
        let mut points: Vec<(u64, u32)> = (0..partitions)
            .flat_map(|partition| (0..each).map(move |number| point(partition, number)))
            .collect();
        points.sort_unstable();
        Self::Ring { points: points.into(), each, lost }
    }

    /// Where a key belongs among `partitions`, and why. Whoever asks only for the partition pays
    /// only for that.
    #[inline(always)]
    pub(super) fn decide<K: Key>(&self, key: &K, partitions: u32) -> Decision {
        match self {
            Self::KeyGroups(groups) => groups.decide(key),
            Self::Modulo => by_remainder(key.number(), partitions),
            Self::JavaHash => by_signed_remainder(key.java_hash(), partitions),
            Self::Murmur3 => by_signed_remainder(key.spark_hash(SPARK_SEED), partitions),
            Self::SplitMix => by_remainder(split_mix(key.number()), partitions),
            Self::Ring { points, .. } => on_ring(points, key.number()),
            Self::Jump => {
                let number = key.number();
                let hash = DecidingHash::Unsigned(number);
                Decision { hash, bucket: None, partition: jump(number, partitions) }
            }
            Self::Rendezvous { lost: None } => rendezvous(split_mix(key.number()), partitions),
            Self::Rendezvous { lost } => {
                rendezvous_without(split_mix(key.number()), partitions, *lost)
            }
            Self::Tapped(tapped) => tapped.tell(key),
        }
    }
}

#[inline]
fn by_remainder(hash: u64, partitions: u32) -> Decision {
    let partition = (hash % u64::from(partitions)) as u32;
    Decision { hash: DecidingHash::Unsigned(hash), bucket: None, partition }
}

/// The remainder that is not negative, as Spark's `nonNegativeMod` and `pmod`.
#[inline]
fn by_signed_remainder(hash: i32, partitions: u32) -> Decision {
    let partition = i64::from(hash).rem_euclid(i64::from(partitions)) as u32;
    Decision { hash: DecidingHash::Signed(hash), bucket: None, partition }
}

/// To the partition of the next point at or behind the key's own.
#[inline(never)]
fn on_ring(points: &[(u64, u32)], number: u64) -> Decision {
    let at = mixed(number ^ GOLDEN_GAMMA);
    let next = points.partition_point(|point| point.0 < at);
    let next = if next == points.len() { 0 } else { next };
    let hash = DecidingHash::Unsigned(at);
    Decision { hash, bucket: Some(next as u32), partition: points[next].1 }
}

/// Jump consistent hash (Lamping and Veach): the last jump of a key that is below `partitions`.
/// It takes about `ln(partitions)` steps.
#[inline(never)]
fn jump(mut state: u64, partitions: u32) -> u32 {
    const TWO_TO_31: f64 = 2_147_483_648.0;
    let (mut last, mut next) = (0, 0);
    while next < i64::from(partitions) {
        last = next;
        state = state.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        next = ((last + 1) as f64 * (TWO_TO_31 / ((state >> 33) + 1) as f64)) as i64;
    }
    last as u32
}

/// To the partition of the highest random weight (Thaler and Ravishankar): that of partition `p`
/// is output `p` of a `SplitMix64` generator whose seed is the key's hash. One step a partition.
#[inline(never)]
fn rendezvous(seed: u64, partitions: u32) -> Decision {
    let (mut highest, mut partition, mut state) = (0, 0, seed);
    for candidate in 0..partitions {
        state = state.wrapping_add(GOLDEN_GAMMA);
        let weight = mixed(state);
        if weight > highest {
            (highest, partition) = (weight, candidate);
        }
    }
    Decision { hash: DecidingHash::Unsigned(highest), bucket: None, partition }
}

/// The same among `partitions` whose names leave out `lost`.
#[inline(never)]
fn rendezvous_without(seed: u64, partitions: u32, lost: Option<u32>) -> Decision {
    let weight = |partition: &u32| {
        let step = u64::from(name_of(*partition, lost)) + 1;
        mixed(seed.wrapping_add(GOLDEN_GAMMA.wrapping_mul(step)))
    };
    // The first of the highest, as above.
    let partition = (0..partitions).rev().max_by_key(weight).unwrap_or(0);
    Decision { hash: DecidingHash::Unsigned(weight(&partition)), bucket: None, partition }
}

/// The name of a partition: its number, or one more from the lost one on.
#[inline]
pub(super) fn name_of(partition: u32, lost: Option<u32>) -> u32 {
    partition + u32::from(lost.is_some_and(|lost| partition >= lost))
}

/// The first output of a `SplitMix64` generator with this seed.
#[inline]
const fn split_mix(seed: u64) -> u64 {
    mixed(seed.wrapping_add(GOLDEN_GAMMA))
}

/// `SplitMix64`'s finalizer: every bit of the number moves every bit of the result.
#[inline]
const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
