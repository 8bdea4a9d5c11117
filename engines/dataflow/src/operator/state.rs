//! Keyed state: a hash table with its entries in the slots, and a record of what changed.
//!
//! Measured beside it at 1 k, 100 k and 1 M keys: a dense vector of entries behind an index of
//! 32-bit slots takes 1.5 to 2 times as long per record, because a lookup that missed a slot waits
//! for two loads in a row before the processor knows it. What the dense vector gives, walks over
//! memory, is got by draining a table when its window closes.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::hash_table::HashTable;

use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::placement::Amount;
use crate::record::data::{Data, Key};

const SEED: u64 = 0x5eed_0f57_a7e0_0001;

/// Tables of more bytes than this are worth touching ahead (measured: 20 % faster at a million
/// keys, nothing gained at a hundred thousand): smaller ones stay in the cache.
const TOUCH_FROM_BYTES: usize = 4 << 20;

/// A map from keys to states.
///
/// Its hash is fixed, so two runs of the same program walk it in the same order.
#[derive(Clone, Debug)]
pub struct KeyedTable<K, S> {
    entries: HashTable<(K, S)>,
    hasher: FixedState,
    /// What has changed since the last snapshot, once somebody has asked for deltas.
    changes: Option<Changes<K>>,
}

/// What has changed in a table since a snapshot: a bit per slot, which costs a record one write to
/// memory that is mostly in the cache, and the keys that are gone.
#[derive(Clone, Debug)]
struct Changes<K> {
    /// Slots whose entries were made or touched.
    touched: Vec<u64>,
    /// Keys that were removed; some may have come back since.
    removed: Vec<K>,
}

impl<K> Default for Changes<K> {
    fn default() -> Self {
        Self { touched: Vec::new(), removed: Vec::new() }
    }
}

impl<K> Changes<K> {
    /// Forgets all, for a table with this number of slots.
    fn clear(&mut self, slots: usize) {
        self.touched.clear();
        self.touched.resize(slots.div_ceil(64), 0);
        self.removed.clear();
    }

    #[inline]
    fn touch(&mut self, slot: usize) {
        self.touched[slot / 64] |= 1 << (slot % 64);
    }

    fn untouch(&mut self, slot: usize) {
        self.touched[slot / 64] &= !(1 << (slot % 64));
    }

    /// The slots that were touched, rising.
    fn slots(&self) -> impl Iterator<Item = usize> {
        (0..).zip(&self.touched).flat_map(|(word, &bits)| {
            let rest = |bits: &u64| Some(bits & (bits - 1)).filter(|bits| *bits != 0);
            let bits = std::iter::successors(Some(bits).filter(|bits| *bits != 0), rest);
            bits.map(move |bits| word * 64 + bits.trailing_zeros() as usize)
        })
    }
}

impl<K: Hash + Eq + Clone, S> Default for KeyedTable<K, S> {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl<K: Hash + Eq + Clone, S> KeyedTable<K, S> {
    /// With room for `keys` keys before it grows.
    pub fn with_capacity(keys: usize) -> Self {
        let hasher = FixedState::with_seed(SEED);
        Self { entries: HashTable::with_capacity(keys), hasher, changes: None }
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, in the order of their slots.
    pub fn iter(&self) -> impl Iterator<Item = &(K, S)> {
        self.entries.iter()
    }

    /// Takes all entries out and keeps the memory.
    pub fn drain(&mut self) -> impl Iterator<Item = (K, S)> {
        if let Some(changes) = &mut self.changes {
            changes.clear(self.entries.num_buckets());
        }
        self.entries.drain()
    }

    /// The state of a key, made by `fresh` at its first record.
    #[inline]
    pub fn entry(&mut self, key: &K, fresh: impl FnOnce() -> S) -> &mut S {
        let Self { entries, hasher, changes } = self;
        let hash = hasher.hash_one(key);
        // Two searches at a key's first record, but the shorter one at all others: hashbrown's
        // `entry` also looks for a free slot on the way (5.3 ns a record against 4.0).
        match entries.find_entry(hash, |entry| entry.0 == *key) {
            Ok(found) => {
                if let Some(changes) = changes {
                    changes.touch(found.bucket_index());
                }
                &mut found.into_mut().1
            }
            Err(absent) => {
                let entry = (key.clone(), fresh());
                let entries = absent.into_table();
                if let Some(changes) = changes {
                    make_room(entries, hasher, changes);
                }
                let made = entries.insert_unique(hash, entry, |entry| hasher.hash_one(&entry.0));
                if let Some(changes) = changes {
                    changes.touch(made.bucket_index());
                }
                &mut made.into_mut().1
            }
        }
    }

    /// Touches the entries of keys that are about to be looked up, if the table is larger than
    /// what a cache holds. Returns how many were found, so that looking is not optimised away.
    #[inline]
    pub fn touch(&self, keys: impl Iterator<Item = K>) -> usize {
        if self.entries.capacity() * size_of::<(K, S)>() < TOUCH_FROM_BYTES {
            return 0;
        }
        keys.filter(|key| self.get(key).is_some()).count()
    }

    /// The state of a key, if it has one.
    #[inline]
    pub fn get(&self, key: &K) -> Option<&S> {
        let found = self.entries.find(self.hasher.hash_one(key), |entry| entry.0 == *key);
        found.map(|(_, state)| state)
    }

    /// Forgets a key and returns its state.
    pub fn remove(&mut self, key: &K) -> Option<S> {
        let found = self.entries.find_entry(self.hasher.hash_one(key), |entry| entry.0 == *key);
        let found = found.ok()?;
        if let Some(changes) = &mut self.changes {
            changes.untouch(found.bucket_index());
            changes.removed.push(key.clone());
        }
        let ((_, state), _) = found.remove();
        Some(state)
    }

    /// Begins to remember what changes, and forgets what did so far: a snapshot calls this once
    /// it has written. Until the first call nothing is remembered, so a job without checkpoints
    /// pays one predictable branch a record.
    pub fn begin_changes(&mut self) {
        self.changes.get_or_insert_default().clear(self.entries.num_buckets());
    }

    /// Whether changes are remembered.
    pub const fn is_tracking(&self) -> bool {
        self.changes.is_some()
    }

    /// Entries made or touched since [`KeyedTable::begin_changes`].
    fn touched(&self) -> impl Iterator<Item = &(K, S)> {
        let slots = self.changes.iter().flat_map(Changes::slots);
        slots.filter_map(|slot| self.entries.get_bucket(slot))
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
            let changes = self.changes.as_ref().expect("a delta needs a snapshot before it");
            into.put(&changes.removed);
            into.put(&(self.touched().count() as u64));
            self.touched().for_each(|entry| into.put(entry));
        } else {
            into.put(&Vec::<K>::new());
            into.put(&(self.len() as u64));
            self.iter().for_each(|entry| into.put(entry));
        }
        if into.stands_alone() {
            self.changes = None;
        } else {
            self.begin_changes();
        }
    }

    /// Adds what [`KeyedTable::write`] wrote, as far as the reader's subtask owns it. The next
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
        let mut kept = Amount::default();
        for _ in 0..from.take::<u64>()? {
            let before = from.left();
            let (key, state) = from.take::<(K, S)>()?;
            if from.owns().holds(&key) {
                kept.keys += 1;
                kept.bytes += (before - from.left()) as u64;
                self.remove(&key);
                self.entry(&key, || state);
            }
        }
        from.owns().keep(kept);
        Ok(())
    }
}

/// Grows a table that is full before the next entry goes in, and finds the touched entries where
/// they are then.
#[inline]
fn make_room<K: Hash + Eq + Clone, S>(
    entries: &mut HashTable<(K, S)>,
    hasher: &FixedState,
    changes: &mut Changes<K>,
) {
    if entries.len() < entries.capacity() {
        return;
    }
    let touched = changes.slots().filter_map(|slot| Some(entries.get_bucket(slot)?.0.clone()));
    let touched: Vec<K> = touched.collect();
    entries.reserve(1, |entry| hasher.hash_one(&entry.0));
    changes.touched.clear();
    changes.touched.resize(entries.num_buckets().div_ceil(64), 0);
    for key in touched {
        let found = entries.find_bucket_index(hasher.hash_one(&key), |entry| entry.0 == key);
        if let Some(slot) = found {
            changes.touch(slot);
        }
    }
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
            let mut table = KeyedTable::default();
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
                        for key in &table.changes.as_ref().unwrap().removed {
                            rebuilt.remove(key);
                        }
                        rebuilt.extend(table.touched().copied());
                        table.begin_changes();
                        prop_assert_eq!(&rebuilt, &plain);
                    }
                }
                prop_assert_eq!(table.len(), plain.len());
                for (key, state) in &plain {
                    prop_assert_eq!(table.get(key), Some(state));
                }
            }
            let keys: BTreeSet<u16> = table.iter().map(|(key, _)| *key).collect();
            prop_assert!(keys.iter().eq(plain.keys()));
        }
    }

    #[test]
    fn grows_past_its_first_size_and_is_empty_once_drained() {
        let mut table = KeyedTable::default();
        for key in 0..10_000u64 {
            *table.entry(&key, || 0) += key;
        }
        assert_eq!(table.get(&77), Some(&77));
        let drained: BTreeMap<u64, u64> = table.drain().collect();
        assert!(drained.iter().all(|(key, state)| key == state) && drained.len() == 10_000);
        assert!(table.is_empty() && table.get(&77).is_none());
    }
}
