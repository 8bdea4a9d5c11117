//! Keyed state: a hash table with its entries in the slots, and a record of what changed.
//!
//! Measured beside it at 1 k, 100 k and 1 M keys: a dense vector of entries behind an index of
//! 32-bit slots takes 1.5 to 2 times as long per record, because a lookup that missed a slot waits
//! for two loads in a row before the processor knows it. What the dense vector gives, walks over
//! memory, is got by draining a table when its window closes.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::hash_table::HashTable;

use crate::data::{Data, Key};
use crate::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};

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
    /// Keys touched or removed since the last snapshot, once somebody has asked for snapshots.
    changes: Option<HashTable<K>>,
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

    /// Whether there is none.
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
            changes.clear();
        }
        self.entries.drain()
    }

    /// The state of a key, made by `fresh` at its first record.
    #[inline]
    pub fn entry(&mut self, key: &K, fresh: impl FnOnce() -> S) -> &mut S {
        if self.changes.is_some() {
            self.note(key);
        }
        let Self { entries, hasher, .. } = self;
        let hash = hasher.hash_one(key);
        // Two searches at a key's first record, but the shorter one at all others: hashbrown's
        // `entry` also looks for a free slot on the way (5.3 ns a record against 4.0).
        match entries.find_entry(hash, |entry| entry.0 == *key) {
            Ok(found) => &mut found.into_mut().1,
            Err(absent) => {
                let entry = (key.clone(), fresh());
                let entries = absent.into_table();
                let made = entries.insert_unique(hash, entry, |entry| hasher.hash_one(&entry.0));
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
        let ((_, state), _) = found.ok()?.remove();
        if self.changes.is_some() {
            self.note(key);
        }
        Some(state)
    }

    /// Begins to remember what changes, and forgets what did so far: a snapshot calls this once
    /// it has written. Until the first call nothing is remembered, so a job without checkpoints
    /// pays one predictable branch a record.
    pub fn begin_changes(&mut self) {
        self.changes.get_or_insert_default().clear();
    }

    /// Whether changes are remembered.
    pub const fn is_tracking(&self) -> bool {
        self.changes.is_some()
    }

    /// Keys made, touched or removed since [`KeyedTable::begin_changes`].
    pub fn changed(&self) -> impl Iterator<Item = &K> {
        self.changes.iter().flatten()
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
        let (mut removed, mut kept): (Vec<&K>, Vec<(&K, &S)>) = (Vec::new(), Vec::new());
        if since.is_some() {
            assert!(self.is_tracking(), "a delta needs a snapshot before it");
            for key in self.changed() {
                match self.get(key) {
                    Some(state) => kept.push((key, state)),
                    None => removed.push(key),
                }
            }
        } else {
            kept.extend(self.iter().map(|(key, state)| (key, state)));
        }
        into.put(&removed);
        into.put(&(kept.len() as u64));
        kept.iter().for_each(|entry| into.put(entry));
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
        for _ in 0..from.take::<u64>()? {
            let (key, state) = from.take::<(K, S)>()?;
            if from.owns().holds(&key) {
                self.remove(&key);
                self.entry(&key, || state);
            }
        }
        Ok(())
    }

    #[cold]
    fn note(&mut self, key: &K) {
        let Self { changes, hasher, .. } = self;
        if let Some(changes) = changes {
            let hash = hasher.hash_one(key);
            changes
                .entry(hash, |changed| changed == key, |changed| hasher.hash_one(changed))
                .or_insert_with(|| key.clone());
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
                        for key in table.changed() {
                            match table.get(key) {
                                Some(state) => rebuilt.insert(*key, *state),
                                None => rebuilt.remove(key),
                            };
                        }
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
