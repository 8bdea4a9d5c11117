//! Which keys a subtask holds, and what it has kept of former ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::placement::kind::Placement;
use crate::record::data::Key;

/// Which keys a subtask holds: what restoring under another parallelism goes by. It also counts
/// what was kept.
#[derive(Clone, Debug)]
pub struct Ownership {
    /// How keys find their partition now.
    pub placement: Placement,
    /// The partition restored into.
    pub own: u32,
    kept: Arc<(AtomicU64, AtomicU64)>,
}

/// So many keys, and the size of their state.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Keys.
    pub keys: u64,
    /// Bytes, encoded as in a snapshot, the keys among them.
    pub bytes: u64,
}

impl Ownership {
    /// Of one partition.
    pub fn of(placement: Placement, own: u32) -> Self {
        Self { placement, own, kept: Arc::default() }
    }

    /// Ownership of everything: one partition.
    pub fn everything() -> Self {
        Self::of(Placement::key_groups(1, None), 0)
    }

    /// Counts entries of a keyed table that were read and kept.
    pub(crate) fn keep(&self, amount: Amount) {
        self.kept.0.fetch_add(amount.keys, Ordering::Relaxed);
        self.kept.1.fetch_add(amount.bytes, Ordering::Relaxed);
    }

    /// Entries of keyed tables that were read and kept so far. A key that several tables hold
    /// counts for each.
    pub fn kept(&self) -> Amount {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Amount { keys: of(&self.kept.0), bytes: of(&self.kept.1) }
    }

    /// Whether this subtask holds `key`.
    pub fn holds<K: Key>(&self, key: &K) -> bool {
        self.placement.partition(key) == self.own
    }
}
