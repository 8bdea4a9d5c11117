//! Keyed state: a dense table of entries behind an index of 32-bit slots.
//!
//! Entries stand in a plain `Vec` in the order in which keys came, so that firing a window, taking
//! a snapshot and clearing are walks over memory, and the order is the same on every machine. The
//! index holds four bytes a slot; fewest bytes wins once keys outgrow the cache.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;

use crate::data::{Data, Key};
use crate::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};

const FREE: u32 = u32::MAX;
const SMALLEST_INDEX: usize = 16;
const SEED: u64 = 0x5eed_0f57_a7e0_0001;

/// A map from keys to states that keeps its entries dense.
#[derive(Clone, Debug)]
pub struct DenseTable<K, S> {
    index: Vec<u32>,
    entries: Vec<(K, S)>,
    hasher: FixedState,
    changes: Changes<K>,
}

/// What happened since the last snapshot, once somebody has asked for snapshots.
#[derive(Clone, Debug)]
struct Changes<K> {
    tracking: bool,
    /// One bit per entry.
    touched: Vec<u64>,
    removed: Vec<K>,
}

impl<K: Hash + Eq + Clone, S> Default for DenseTable<K, S> {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl<K: Hash + Eq + Clone, S> DenseTable<K, S> {
    /// With room for `keys` keys before it grows.
    pub fn with_capacity(keys: usize) -> Self {
        let index = if keys == 0 { Vec::new() } else { vec![FREE; index_size(keys)] };
        Self {
            index,
            entries: Vec::with_capacity(keys),
            hasher: FixedState::with_seed(SEED),
            changes: Changes { tracking: false, touched: Vec::new(), removed: Vec::new() },
        }
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, in the order in which their keys came (a removal moves the last into the gap).
    pub fn entries(&self) -> &[(K, S)] {
        &self.entries
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.index.fill(FREE);
        self.changes.touched.clear();
        self.changes.removed.clear();
    }

    /// The state of a key, made by `fresh` at its first record.
    #[inline]
    pub fn entry(&mut self, key: &K, fresh: impl FnOnce() -> S) -> &mut S {
        // Three quarters full is full.
        if (self.entries.len() + 1) * 4 > self.index.len() * 3 {
            self.grow();
        }
        let mask = self.index.len() - 1;
        let mut slot = self.hash(key) & mask;
        let position = loop {
            let position = self.index[slot];
            if position == FREE {
                let position = self.entries.len();
                self.index[slot] = position as u32;
                self.entries.push((key.clone(), fresh()));
                break position;
            }
            if self.entries[position as usize].0 == *key {
                break position as usize;
            }
            slot = (slot + 1) & mask;
        };
        if self.changes.tracking {
            self.touch(position);
        }
        &mut self.entries[position].1
    }

    /// The state of a key, if it has one.
    pub fn get(&self, key: &K) -> Option<&S> {
        self.find(key).map(|(_, position)| &self.entries[position].1)
    }

    /// Forgets a key and returns its state.
    pub fn remove(&mut self, key: &K) -> Option<S> {
        let (slot, position) = self.find(key)?;
        let last = self.entries.len() - 1;
        if position != last {
            // The last entry moves into the gap; its slot must follow.
            let (moved, _) = self.find(&self.entries[last].0.clone())?;
            self.index[moved] = position as u32;
        }
        let (key, state) = self.entries.swap_remove(position);
        self.close_gap(slot);
        if self.changes.tracking {
            let moved_was_touched = self.untouch(last);
            if position != last {
                self.untouch(position);
                if moved_was_touched {
                    self.touch(position);
                }
            }
            self.changes.removed.push(key);
        }
        Some(state)
    }

    /// Begins to remember what changes, and forgets what did so far: a snapshot calls this once
    /// it has written. Until the first call nothing is remembered, so a job without checkpoints
    /// pays one predictable branch a record.
    pub fn begin_changes(&mut self) {
        self.changes.tracking = true;
        self.changes.touched.clear();
        self.changes.removed.clear();
    }

    /// Whether changes are remembered.
    pub const fn is_tracking(&self) -> bool {
        self.changes.tracking
    }

    /// Entries made or touched since [`DenseTable::begin_changes`].
    pub fn changed(&self) -> impl Iterator<Item = &(K, S)> {
        self.changes
            .touched
            .iter()
            .enumerate()
            .flat_map(move |(word, &bits)| {
                (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
            })
            .map(|position| &self.entries[position])
    }

    /// Keys removed since [`DenseTable::begin_changes`] (some may have come back).
    pub fn removed(&self) -> &[K] {
        &self.changes.removed
    }

    /// Writes the table: whole, or what changed since the snapshot before.
    ///
    /// # Panics
    /// When a delta is asked for and no snapshot came before it.
    pub fn write(&mut self, since: Option<Version>, into: &mut SnapshotWriter)
    where
        K: Key,
        S: Data,
    {
        if since.is_some() {
            assert!(self.changes.tracking, "a delta needs a snapshot before it");
            into.put(self.removed());
            into.put(&(self.changed().count() as u64));
            self.changed().for_each(|entry| into.put(entry));
        } else {
            into.put::<[K]>(&[]);
            into.put(&(self.entries.len() as u64));
            self.entries.iter().for_each(|entry| into.put(entry));
        }
        self.begin_changes();
    }

    /// Adds what [`DenseTable::write`] wrote, as far as the reader's subtask owns it. The next
    /// snapshot must be a full one.
    ///
    /// # Errors
    /// When the bytes hold something else.
    pub fn read(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError>
    where
        K: Key,
        S: Data,
    {
        for key in from.take::<Vec<K>>()? {
            self.remove(&key);
        }
        for _ in 0..from.take::<u64>()? {
            let (key, state) = from.take::<(K, S)>()?;
            if from.owns().holds(&key) {
                // In its place, so that the order of arrival survives a restore from deltas.
                match self.find(&key) {
                    Some((_, position)) => self.entries[position].1 = state,
                    None => {
                        self.entry(&key, || state);
                    }
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn hash(&self, key: &K) -> usize {
        self.hasher.hash_one(key) as usize
    }

    fn find(&self, key: &K) -> Option<(usize, usize)> {
        if self.index.is_empty() {
            return None;
        }
        let mask = self.index.len() - 1;
        let mut slot = self.hash(key) & mask;
        loop {
            let position = self.index[slot];
            if position == FREE {
                return None;
            }
            if self.entries[position as usize].0 == *key {
                return Some((slot, position as usize));
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Backward-shift deletion: what was pushed past the freed slot moves back.
    fn close_gap(&mut self, mut gap: usize) {
        let mask = self.index.len() - 1;
        let mut slot = gap;
        loop {
            slot = (slot + 1) & mask;
            let position = self.index[slot];
            if position == FREE {
                break;
            }
            let wanted = self.hash(&self.entries[position as usize].0) & mask;
            if (slot.wrapping_sub(wanted) & mask) >= (slot.wrapping_sub(gap) & mask) {
                self.index[gap] = position;
                gap = slot;
            }
        }
        self.index[gap] = FREE;
    }

    #[cold]
    fn grow(&mut self) {
        let size = (self.index.len() * 2).max(SMALLEST_INDEX);
        assert!(size < FREE as usize, "a table holds fewer than 2^31 keys");
        self.index.clear();
        self.index.resize(size, FREE);
        let mask = size - 1;
        for (position, (key, _)) in self.entries.iter().enumerate() {
            let mut slot = self.hasher.hash_one(key) as usize & mask;
            while self.index[slot] != FREE {
                slot = (slot + 1) & mask;
            }
            self.index[slot] = position as u32;
        }
    }

    #[inline]
    fn touch(&mut self, position: usize) {
        let word = position / 64;
        if word >= self.changes.touched.len() {
            self.changes.touched.resize(word + 1, 0);
        }
        self.changes.touched[word] |= 1 << (position % 64);
    }

    fn untouch(&mut self, position: usize) -> bool {
        let Some(word) = self.changes.touched.get_mut(position / 64) else { return false };
        let bit = 1 << (position % 64);
        let was = *word & bit != 0;
        *word &= !bit;
        was
    }
}

/// Slots for `keys` keys at no more than three quarters full.
fn index_size(keys: usize) -> usize {
    (keys * 4 / 3 + 1).next_power_of_two().max(SMALLEST_INDEX)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Action {
        Add(u16),
        Remove(u16),
        Snapshot,
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            6 => (0u16..40).prop_map(Action::Add),
            3 => (0u16..40).prop_map(Action::Remove),
            1 => Just(Action::Snapshot),
        ]
    }

    proptest! {
        /// Against a `BTreeMap`, with deltas applied to a copy at every snapshot.
        #[test]
        fn agrees_with_a_plain_map_and_its_deltas_rebuild_it(
            actions in proptest::collection::vec(action(), 0..300)
        ) {
            let mut table = DenseTable::default();
            let mut plain: BTreeMap<u16, u64> = BTreeMap::new();
            let mut rebuilt: BTreeMap<u16, u64> = BTreeMap::new();
            table.begin_changes();
            for action in actions.into_iter().chain([Action::Snapshot]) {
                match action {
                    Action::Add(key) => {
                        *table.entry(&key, || 0) += u64::from(key) + 1;
                        *plain.entry(key).or_default() += u64::from(key) + 1;
                    }
                    Action::Remove(key) => {
                        prop_assert_eq!(table.remove(&key), plain.remove(&key));
                    }
                    Action::Snapshot => {
                        for key in table.removed() { rebuilt.remove(key); }
                        for (key, state) in table.changed() { rebuilt.insert(*key, *state); }
                        table.begin_changes();
                        prop_assert_eq!(&rebuilt, &plain);
                    }
                }
                prop_assert_eq!(table.len(), plain.len());
                for (key, state) in &plain {
                    prop_assert_eq!(table.get(key), Some(state));
                }
            }
            let keys: BTreeSet<u16> = table.entries().iter().map(|(key, _)| *key).collect();
            prop_assert!(keys.iter().eq(plain.keys()));
        }
    }

    #[test]
    fn grows_past_its_first_size_and_keeps_the_order_of_arrival() {
        let mut table = DenseTable::default();
        for key in (0..10_000u64).rev() {
            *table.entry(&key, || 0) += key;
        }
        assert!(table.entries().iter().map(|(key, _)| *key).eq((0..10_000).rev()));
        assert_eq!(table.get(&77), Some(&77));
        table.clear();
        assert!(table.is_empty() && table.get(&77).is_none());
    }
}
