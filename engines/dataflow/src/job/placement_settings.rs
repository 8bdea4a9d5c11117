//! The settings of an engine by which keys find their partition.

use crate::job::settings::{Setting, Settings};
use crate::placement::{
    DEFAULT_RING_POINTS, MAX_RING_POINTS, PlacementKind, check_max_parallelism, check_ring,
};

/// The setting of an engine for the points that every partition has on the ring.
pub const RING_POINTS: Setting = Setting::integer(
    "ring_points",
    (1, MAX_RING_POINTS as i64),
    DEFAULT_RING_POINTS as i64,
    "points that every partition has on the ring, with placement=ring",
);

/// The setting of an engine for the seed of the ring's points.
pub const RING_SEED: Setting = Setting::integer(
    "ring_seed",
    (0, u32::MAX as i64),
    0,
    "seed of the points on the ring, with placement=ring: another seed, another ring",
);

/// Largest number of a partition that can be lost: one less than Flink's most key groups.
const MAX_LOST: i64 = 32_767;

/// The setting of an engine for a partition that was lost.
pub const LOST_PARTITION: Setting = Setting::integer(
    "lost_partition",
    (0, MAX_LOST),
    0,
    "number of a partition that was lost, with placement=ring or rendezvous: the others keep their \
     names, and only its keys move; by default none",
)
.derived();

impl PlacementKind {
    /// By the settings `placement`, `ring_points`, `ring_seed` and `lost_partition` of an engine.
    ///
    /// # Panics
    /// When `placement` is not declared: a mistake of the engine.
    pub fn of(settings: &Settings) -> Self {
        let given = |setting: &Setting| settings.get_integer(setting.name).map(|it| it as u32);
        let lost = given(&LOST_PARTITION);
        match Self::named(settings.name("placement")) {
            Self::Ring { points, seed, .. } => Self::Ring {
                points: given(&RING_POINTS).unwrap_or(points),
                seed: given(&RING_SEED).unwrap_or(seed),
                lost,
            },
            Self::Rendezvous { .. } => Self::Rendezvous { lost },
            kind => kind,
        }
    }
}

/// Whether settings allow keys to be placed on this number of partitions: there is a key group for every
/// one of them, and a ring is not too large.
///
/// # Errors
/// Says what is wrong, and what to do.
pub fn check_placement(settings: &Settings, partitions: u32) -> Result<(), String> {
    let max_parallelism = settings.get_integer("max_parallelism");
    check_max_parallelism(max_parallelism, partitions)?;
    let kind = PlacementKind::of(settings);
    check_lost(settings, kind, partitions)?;
    check_ring(kind, partitions)
}

/// Only names that hashing knows by themselves can be left out, and there must be one to leave out.
fn check_lost(settings: &Settings, kind: PlacementKind, partitions: u32) -> Result<(), String> {
    let Some(lost) = settings.get_integer(LOST_PARTITION.name) else { return Ok(()) };
    let can_lose = matches!(kind, PlacementKind::Ring { .. } | PlacementKind::Rendezvous { .. });
    if !can_lose {
        return Err(format!(
            "lost_partition is for placement=ring and placement=rendezvous; {} numbers its \
             partitions without a gap",
            kind.name()
        ));
    }
    if lost <= i64::from(partitions) {
        return Ok(());
    }
    Err(format!(
        "lost_partition={lost} is none of the {} that there were; make it at most {partitions}",
        partitions + 1
    ))
}
