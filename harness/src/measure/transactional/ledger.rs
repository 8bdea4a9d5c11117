//! The list of commits: manifests, and indexes that take the place of old ones. Each commit holds the
//! hash of the one before.

use dataflow::exchange::failure::FailureKind;
use std::collections::{BTreeMap, BTreeSet};

use dataflow::Digest;
use dataflow::exchange::sink::{Commit, CommitHead, SinkError, Transaction};
use dataflow::operator::snapshot::Version;
use dataflow::record::content_hash::{Content, ContentHash};
use serde::{Deserialize, Serialize};

use crate::measure::transactional::file_names as place;
use crate::measure::transactional::file_names::{Key, MANIFESTS, OutputFolder, Writer};

/// Manifests after which an index takes their place.
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
    /// What its file holds, when rows are written.
    pub(super) rows: Option<Content>,
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
            kind: FailureKind::Transient,
        })?;
        Ok(Transaction { sink: self.key.sink, id: self.key.id, bytes })
    }

    /// As the job gives it back.
    pub(super) fn of(transaction: &Transaction, place: &OutputFolder) -> Result<Self, SinkError> {
        let Transaction { sink, id, bytes } = transaction;
        let refused = |cause: String| SinkError {
            target: place.locate(""),
            cause: format!("transaction {} of sink {sink} is none of this output: {cause}", id.0),
            kind: FailureKind::Damaged,
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
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Manifest {
    id: Version,
    /// What the job made it for.
    origin: ContentHash,
    /// The commit made before it.
    before: Option<CommitHead>,
    /// When it was made, in milliseconds since 1970, if rows of it are published elsewhere.
    made_unix_ms: Option<u64>,
    entries: Vec<Entry>,
}

impl Manifest {
    fn committed(&self) -> Committed {
        Committed { id: self.id, made_unix_ms: self.made_unix_ms, entries: self.entries.clone() }
    }
}

/// The manifests of several commits, in the place of their files. Never changed: the next one goes
/// on where it ends.
#[derive(Debug, Serialize, Deserialize)]
struct Index {
    /// With the seal that each had as a file.
    manifests: Vec<(Manifest, ContentHash)>,
}

/// The commits of a job. What is in the storage decides; this is what was read of it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Everything committed.
    pub(super) digest: Digest,
    /// The newest commit.
    newest: Option<Commit>,
    /// Manifests that are in no index, with their seals.
    manifests: Vec<(Manifest, ContentHash)>,
    /// The last commit that is in an index.
    indexed: Option<Version>,
    /// Transactions with this id or a lower one count as committed and are no longer known.
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

/// What a storage has been found to list.
pub(super) struct Loaded {
    pub(super) ledger: Ledger,
    /// Transactions of commits that are in an index: their files have their visible names.
    pub(super) indexed: Vec<Entry>,
    /// The others: a file of theirs may still be pending.
    pub(super) recent: Vec<Committed>,
}

impl Loaded {
    /// Transactions of commits that are in no index.
    pub(super) fn recent(&self) -> Vec<&Entry> {
        self.recent.iter().flat_map(|commit| &commit.entries).collect()
    }

    /// All transactions.
    pub(super) fn all(&self) -> Vec<&Entry> {
        self.indexed.iter().chain(self.recent()).collect()
    }
}

/// A commit that has been made.
pub(super) struct Committed {
    pub(super) id: Version,
    /// When, in milliseconds since 1970, if rows of it are published elsewhere.
    pub(super) made_unix_ms: Option<u64>,
    pub(super) entries: Vec<Entry>,
}

impl Ledger {
    /// Reads all commits, each of which must follow the one before, and `known` must be one of
    /// them.
    pub(super) async fn load(
        place: &OutputFolder,
        known: Option<CommitHead>,
    ) -> Result<Loaded, SinkError> {
        let mut ledger = Self::default();
        let (mut indexed, mut recent) = (Vec::new(), Vec::new());
        let mut seen = known.is_none();
        let names = place.list(MANIFESTS).await?;
        // An index lists what was there before any manifest.
        for name in names.iter().filter(|name| place::index_through(name).is_some()) {
            let Some((index, _)) = place.load::<Index>(name).await? else { continue };
            for (manifest, seal) in index.manifests {
                indexed.extend(manifest.entries.iter().cloned());
                ledger.follow(place, name, manifest, seal)?;
                seen |= ledger.head() == known;
            }
            ledger.index();
        }
        for name in &names {
            let Some(id) = place::manifest_id(name).filter(|&id| Some(id) > ledger.indexed) else {
                continue;
            };
            let Some((manifest, seal)) = place.load::<Manifest>(name).await? else { continue };
            if manifest.id != id {
                let of = manifest.id.0;
                return Err(place.damage(name, &format!("it is the manifest of commit {of}")));
            }
            recent.push(manifest.committed());
            ledger.follow(place, name, manifest, seal)?;
            seen |= ledger.head() == known;
        }
        match known {
            Some(known) if !seen => Err(ledger.lost(place, known)),
            _ => Ok(Loaded { ledger, indexed, recent }),
        }
    }

    /// A commit that the job knows of and the output does not have.
    fn lost(&self, place: &OutputFolder, known: CommitHead) -> SinkError {
        let id = known.id.0;
        let what = if self.has(known.id) {
            format!(
                "commit {id} is not the one that the job knows of: it is of another attempt or \
                 another job"
            )
        } else {
            format!("the job knows of commit {id}, and the output does not have it")
        };
        place.damage(&place::manifest(known.id), &what)
    }

    /// Takes in the next manifest, read from the file `name`.
    fn follow(
        &mut self,
        place: &OutputFolder,
        name: &str,
        manifest: Manifest,
        seal: ContentHash,
    ) -> Result<(), SinkError> {
        if manifest.before == self.head() {
            self.enter(manifest, seal);
            return Ok(());
        }
        let follows = |head: CommitHead| format!("commit {}", head.id.0);
        let (own, other) = (self.head().map(follows), manifest.before.map(follows));
        // Named is the file that is missing or has changed.
        let missing =
            manifest.before.filter(|before| Some(before.id) > self.head().map(|it| it.id));
        Err(match missing {
            Some(missing) => place.damage(
                &place::manifest(missing.id),
                "it, or an index that has taken it in, lists results that were committed, and it is \
                 missing",
            ),
            None => {
                let [own, other] = [own, other].map(|it| it.unwrap_or("no commit".to_owned()));
                let what = format!(
                    "commit {} follows another {other} than the {own} that is there: one of the \
                     two files is of another attempt or another job",
                    manifest.id.0
                );
                place.damage(name, &what)
            }
        })
    }

    fn enter(&mut self, manifest: Manifest, seal: ContentHash) {
        for entry in &manifest.entries {
            self.digest.merge(&entry.digest);
            self.committed.insert(entry.key, entry.writer);
        }
        let head = CommitHead { id: manifest.id, hash: seal };
        self.newest = Some(Commit { head, origin: manifest.origin });
        self.manifests.push((manifest, seal));
    }

    /// Whether a commit has been made: their ids rise.
    pub(super) fn has(&self, id: Version) -> bool {
        Some(id) <= self.head().map(|head| head.id)
    }

    /// The newest commit.
    pub(super) const fn newest(&self) -> Option<Commit> {
        self.newest
    }

    /// What the newest commit is known by.
    pub(super) fn head(&self) -> Option<CommitHead> {
        self.newest.map(|commit| commit.head)
    }

    /// What has become of a transaction.
    pub(super) fn fate(&self, key: Key) -> Fate {
        match self.committed.get(&key) {
            Some(&writer) => Fate::Committed(writer),
            None if Some(key.id) <= self.forgotten => Fate::Forgotten,
            None => Fate::OpenTransaction,
        }
    }

    /// Who wrote what was committed not long ago.
    pub(super) fn writers(&self) -> impl Iterator<Item = Writer> {
        self.committed.values().copied()
    }

    /// Those that no commit has made visible, each of them once.
    pub(super) fn open_ones(&self, given: &[Entry]) -> Vec<Entry> {
        let mut seen = BTreeSet::new();
        let is_open = |entry: &&Entry| {
            self.fate(entry.key) == Fate::OpenTransaction && seen.insert(entry.key)
        };
        given.iter().filter(is_open).cloned().collect()
    }

    /// Makes a commit: from here on it is made, whatever comes.
    pub(super) async fn put(
        &mut self,
        place: &OutputFolder,
        id: Version,
        origin: ContentHash,
        made_unix_ms: Option<u64>,
        entries: Vec<Entry>,
    ) -> Result<Committed, SinkError> {
        let manifest = Manifest { id, origin, before: self.head(), made_unix_ms, entries };
        let seal = place.save(&place::manifest(id), &manifest).await?;
        let committed = manifest.committed();
        self.enter(manifest, seal);
        Ok(committed)
    }

    /// Whether there are many manifests.
    pub(super) fn is_long(&self) -> bool {
        self.manifests.len() >= MANIFESTS_KEPT
    }

    /// Puts the manifests into an index and removes their files. Each of them must have come to
    /// its end.
    pub(super) async fn compact(&mut self, place: &OutputFolder) -> Result<(), SinkError> {
        let Some(head) = self.head() else { return Ok(()) };
        let index = Index { manifests: std::mem::take(&mut self.manifests) };
        place.save(&place::index(head.id), &index).await?;
        let indexed = index.manifests.iter().map(|(manifest, _)| place::manifest(manifest.id));
        place.remove_all(indexed).await?;
        self.index();
        Ok(())
    }

    /// All commits so far are in an index.
    fn index(&mut self) {
        self.manifests.clear();
        // A transaction may be listed again soon after it was committed; not for ever.
        self.forgotten = self.indexed;
        self.committed.retain(|key, _| Some(key.id) > self.forgotten);
        self.indexed = self.head().map(|head| head.id);
    }

    /// Removes manifests that a compaction which was cut short has left.
    pub(super) async fn remove_indexed(&self, place: &OutputFolder) -> Result<(), SinkError> {
        let mut names = place.list(MANIFESTS).await?;
        names.retain(|name| place::manifest_id(name).is_some_and(|id| Some(id) <= self.indexed));
        place.remove_all(names).await
    }
}
