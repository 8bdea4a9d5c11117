//! The list of commits: manifests, and a running total that replaces old ones.

use std::collections::{BTreeMap, BTreeSet};

use dataflow::Digest;
use dataflow::exchange::sink::{SinkError, Transaction};
use dataflow::operator::snapshot::Version;
use serde::{Deserialize, Serialize};

use crate::measure::transactional::file_names as place;
use crate::measure::transactional::file_names::{Key, MANIFESTS, OutputFolder, TOTAL, Writer};

/// Manifests after which they are added up and removed.
const MANIFESTS_KEPT: usize = 64;

/// One transaction: what a [`Transaction`] holds as bytes, and a line of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) writer: Writer,
    #[serde(with = "DigestFields")]
    pub(super) digest: Digest,
    /// Records written, changes counted singly.
    pub(super) written: u64,
    /// Whether it has a file.
    pub(super) has_rows: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Digest")]
struct DigestFields {
    records: i64,
    sum: u128,
}

impl Entry {
    /// As the job keeps it.
    pub(super) fn transaction(&self, place: &OutputFolder) -> Result<Transaction, SinkError> {
        let bytes = serde_json::to_vec(self).map_err(|error| SinkError {
            target: place.locate(""),
            cause: format!("its transaction cannot be written down: {error}"),
            damaged: false,
        })?;
        Ok(Transaction { sink: self.key.sink, id: self.key.id, bytes })
    }

    /// As the job gives it back.
    pub(super) fn of(transaction: &Transaction, place: &OutputFolder) -> Result<Self, SinkError> {
        let Transaction { sink, id, bytes } = transaction;
        let refused = |cause: String| SinkError {
            target: place.locate(""),
            cause: format!("transaction {} of sink {sink} is none of this output: {cause}", id.0),
            damaged: true,
        };
        let entry: Self =
            serde_json::from_slice(bytes).map_err(|error| refused(error.to_string()))?;
        if entry.key != (Key { id: *id, sink: *sink }) {
            return Err(refused(format!("it holds {:?}", entry.key)));
        }
        Ok(entry)
    }

    pub(super) fn pending(&self) -> String {
        self.key.pending(self.writer)
    }
}

/// What one commit makes visible. Once it is there, the commit is made.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    id: Version,
    /// The commit made before it: if that is not known any more, a storage has lost it.
    after: Option<Version>,
    entries: Vec<Entry>,
}

/// What the commits up to one of them came to.
#[derive(Debug, Serialize, Deserialize)]
struct RunningTotal {
    /// The last commit added up; every commit with this id or a lower one is made.
    through: Version,
    #[serde(with = "DigestFields")]
    digest: Digest,
    /// Transactions with this id or a lower one count as committed and are no longer listed.
    forgotten: Option<Version>,
    committed: Vec<(Key, Writer)>,
}

/// The commits of a job. What is in the storage decides; this is what was read of it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Everything committed.
    pub(super) digest: Digest,
    /// Commits that have a manifest and are not in the total.
    manifests: BTreeSet<Version>,
    through: Option<Version>,
    forgotten: Option<Version>,
    committed: BTreeMap<Key, Writer>,
}

/// What has become of a transaction.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is not committed.
    OpenTransaction,
    /// It is committed as this writer wrote it.
    Committed(Writer),
    /// It was committed so long ago that its writer is unknown.
    Forgotten,
}

impl Ledger {
    /// Reads it, and what the manifests list: a file of theirs may still be pending.
    pub(super) async fn load(place: &OutputFolder) -> Result<(Self, Vec<Entry>), SinkError> {
        let mut ledger = Self::default();
        if let Some(total) = place.load::<RunningTotal>(TOTAL).await? {
            ledger.digest = total.digest;
            ledger.through = Some(total.through);
            ledger.forgotten = total.forgotten;
            ledger.committed = total.committed.into_iter().collect();
        }
        let (mut listed, mut before) = (Vec::new(), Vec::new());
        for name in place.list(MANIFESTS).await? {
            let Some(id) = place::manifest_id(&name).filter(|&id| !ledger.has(id)) else {
                continue;
            };
            let Some(manifest) = place.load::<Manifest>(&name).await? else { continue };
            if manifest.id != id {
                return Err(SinkError {
                    target: place.locate(&name),
                    cause: format!("it is the manifest of commit {}", manifest.id.0),
                    damaged: true,
                });
            }
            ledger.enter(id, &manifest.entries);
            listed.extend(manifest.entries);
            before.extend(manifest.after);
        }
        if let Some(&lost) = before.iter().find(|&&id| !ledger.has(id)) {
            return Err(SinkError {
                target: place.locate(&place::manifest(lost)),
                cause: "it lists results that were committed, and it is missing; put it back, or \
                        begin again with an empty checkpoint directory and output"
                    .to_owned(),
                damaged: true,
            });
        }
        Ok((ledger, listed))
    }

    /// Whether a commit has been made.
    pub(super) fn has(&self, id: Version) -> bool {
        Some(id) <= self.through || self.manifests.contains(&id)
    }

    /// The highest commit of all.
    pub(super) fn newest(&self) -> Option<Version> {
        self.manifests.last().copied().max(self.through)
    }

    /// What has become of a transaction.
    pub(super) fn fate(&self, key: Key) -> Fate {
        match self.committed.get(&key) {
            Some(&writer) => Fate::Committed(writer),
            None if Some(key.id) <= self.forgotten => Fate::Forgotten,
            None => Fate::OpenTransaction,
        }
    }

    /// Those that no commit has made visible, each of them once.
    pub(super) fn open_ones(&self, given: &[Entry]) -> Vec<Entry> {
        let mut seen = BTreeSet::new();
        let is_open = |entry: &&Entry| {
            self.fate(entry.key) == Fate::OpenTransaction && seen.insert(entry.key)
        };
        given.iter().filter(is_open).cloned().collect()
    }

    fn enter(&mut self, id: Version, entries: &[Entry]) {
        self.manifests.insert(id);
        for entry in entries {
            self.digest.merge(&entry.digest);
            self.committed.insert(entry.key, entry.writer);
        }
    }

    /// Makes a commit: from here on it is made, whatever comes.
    pub(super) async fn put(
        &mut self,
        place: &OutputFolder,
        id: Version,
        entries: Vec<Entry>,
    ) -> Result<(), SinkError> {
        let manifest = Manifest { id, after: self.newest(), entries };
        place.save(&place::manifest(id), &manifest).await?;
        self.enter(id, &manifest.entries);
        Ok(())
    }

    /// Whether there are many manifests.
    pub(super) fn is_long(&self) -> bool {
        self.manifests.len() >= MANIFESTS_KEPT
    }

    /// Adds the manifests up and removes them. Each of them must have come to its end.
    pub(super) async fn compact(&mut self, place: &OutputFolder) -> Result<(), SinkError> {
        let Some(&through) = self.manifests.last() else { return Ok(()) };
        // A transaction may be listed again soon after it was committed; not for ever.
        self.forgotten = self.through;
        self.committed.retain(|key, _| Some(key.id) > self.forgotten);
        self.through = Some(through);
        let total = RunningTotal {
            through,
            digest: self.digest,
            forgotten: self.forgotten,
            committed: self.committed.iter().map(|(&key, &writer)| (key, writer)).collect(),
        };
        place.save(TOTAL, &total).await?;
        for id in std::mem::take(&mut self.manifests) {
            place.remove(&place::manifest(id)).await?;
        }
        Ok(())
    }

    /// Removes manifests that a compaction which was cut short has left.
    pub(super) async fn remove_added_up(&self, place: &OutputFolder) -> Result<(), SinkError> {
        for name in place.list(MANIFESTS).await? {
            if place::manifest_id(&name).is_some_and(|id| Some(id) <= self.through) {
                place.remove(&name).await?;
            }
        }
        Ok(())
    }
}
