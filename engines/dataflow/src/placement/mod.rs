//! Which partition a key belongs to, and why.

mod key_facts;
pub mod key_group;
mod kind;
mod ownership;
mod rules;

pub use key_facts::KeyFacts;
pub use kind::{
    DEFAULT_RING_POINTS, MAX_RING_POINTS, PLACEMENTS, Placement, PlacementKind,
    check_max_parallelism, check_ring,
};
pub use ownership::{Amount, Ownership};
pub use rules::{DecidingHash, Decision};

pub use crate::record::hash::SPARK_SEED;
