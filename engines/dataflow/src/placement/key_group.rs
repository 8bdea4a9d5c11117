//! Flink's key groups: which group a hash falls into, and which subtask owns a group.
//!
//! Mirrors `KeyGroupRangeAssignment`. Golden values printed by the real class stand in
//! `tests/golden_vectors.rs`.

use crate::record::hash::flink_murmur;

/// Smallest default of Flink's `pipeline.max-parallelism`.
pub const MIN_DEFAULT_MAX_PARALLELISM: u32 = 128;
/// Largest value of Flink's `pipeline.max-parallelism`.
pub const UPPER_BOUND_MAX_PARALLELISM: u32 = 32_768;

/// The key group of a Java hash code among `max_parallelism` groups.
pub const fn key_group(java_hash: i32, max_parallelism: u32) -> u32 {
    flink_murmur(java_hash) % max_parallelism
}

/// The subtask that owns a key group: `floor(group · parallelism / max_parallelism)`.
pub const fn owner_of_group(group: u32, max_parallelism: u32, parallelism: u32) -> u32 {
    ((group as u64 * parallelism as u64) / max_parallelism as u64) as u32
}

/// The key groups of a subtask, first and last, both inclusive.
pub const fn groups_of_subtask(subtask: u32, max_parallelism: u32, parallelism: u32) -> (u32, u32) {
    let (i, g, p) = (subtask as u64, max_parallelism as u64, parallelism as u64);
    ((i * g).div_ceil(p) as u32, (((i + 1) * g - 1) / p) as u32)
}

/// Flink's default maximum parallelism: one and a half times the parallelism, rounded up to a
/// power of two, at least 128 and at most 32,768.
pub fn default_max_parallelism(parallelism: u32) -> u32 {
    (parallelism + parallelism / 2)
        .next_power_of_two()
        .clamp(MIN_DEFAULT_MAX_PARALLELISM, UPPER_BOUND_MAX_PARALLELISM)
}
