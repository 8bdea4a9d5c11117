//! State versions: per batch and partition one file, whole or a delta to the version before.
//!
//! A task opens version `n` and commits version `n + 1`, as with Spark's state store. Version 0 is
//! empty and has no file.

use dataflow::exchange::failure::FailureKind;
use std::sync::Arc;

use dataflow::job::recovery::seal::{SealedFile, load_promised, save};
use dataflow::job::storage::{Storage, StorageError};
use dataflow::operator::snapshot::{Snapshot, Version};
use dataflow::record::content_hash::ContentHash;
use dataflow::stage::{SavedState, Tally};
use serde::{Deserialize, Serialize};

/// What all files of this engine begin with.
pub(crate) const ROOT: &str = "microbatch/";
/// The offset log.
pub(crate) const OFFSETS: &str = "microbatch/offsets/";
/// The commit log.
pub(crate) const COMMITS: &str = "microbatch/commits/";
/// State versions.
const STATE: &str = "microbatch/state/";

/// The offset log's file of a batch.
pub(crate) fn offset_name(batch: u64) -> String {
    format!("{OFFSETS}{batch}")
}

/// The commit log's file of a batch.
pub(crate) fn commit_name(batch: u64) -> String {
    format!("{COMMITS}{batch}")
}

/// One state version of one partition of a stage.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateFile {
    pub(crate) stage: usize,
    pub(crate) partition: u32,
    pub(crate) version: u64,
}

impl StateFile {
    pub(crate) fn name(&self) -> String {
        let Self { stage, partition, version } = self;
        format!("{STATE}{stage}-{partition}/{version}")
    }

    /// By its name; `None` for anything else.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let (owner, version) = name.strip_prefix(STATE)?.split_once('/')?;
        let (stage, partition) = owner.split_once('-')?;
        Some(Self {
            stage: stage.parse().ok()?,
            partition: partition.parse().ok()?,
            version: version.parse().ok()?,
        })
    }
}

/// Whether a partition's next version is written whole.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The version written last, by the instance at hand.
    last: Option<ChainEnd>,
}

/// The newest version of a chain.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct ChainEnd {
    version: Version,
    seal: ContentHash,
    /// How many deltas lead to it.
    deltas: u64,
}

impl Chain {
    /// The version that the next one is a delta to, and its seal; `None` when it must be whole: the
    /// first one, also after a restore, and after `most` deltas.
    pub(crate) fn since(self, most: u64) -> Option<(Version, ContentHash)> {
        self.last.filter(|last| last.deltas < most).map(|last| (last.version, last.seal))
    }

    /// Whether the version written last is whole.
    pub(crate) fn ends_in_full(self) -> bool {
        self.last.is_some_and(|last| last.deltas == 0)
    }

    /// The seal of the version written last.
    pub(crate) fn seal(self) -> Option<ContentHash> {
        self.last.map(|last| last.seal)
    }

    /// A version has been written: whole, or as a delta to the last one.
    #[must_use]
    pub(crate) fn wrote(self, version: Version, seal: ContentHash, full: bool) -> Self {
        let deltas = self.last.map_or(0, |last| last.deltas);
        let deltas = if full { 0 } else { deltas + 1 };
        Self { last: Some(ChainEnd { version, seal, deltas }) }
    }
}

/// A state version as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoredState {
    state: SavedState,
    /// The seal of the version that this is a delta to.
    base: Option<ContentHash>,
}

/// Reads and writes state versions.
#[derive(Clone)]
pub(crate) struct StateStore {
    storage: Arc<dyn Storage>,
    /// Deltas between two full versions, at most.
    pub(crate) most_deltas: u64,
}

impl StateStore {
    pub(crate) fn new(storage: Arc<dyn Storage>, most_deltas: u64) -> Self {
        Self { storage, most_deltas }
    }

    /// Writes a version, in the place of one that a lost task has written. A delta says by its seal
    /// which version it is one to. Returns the seal of this one.
    pub(crate) async fn write(
        &self,
        file: StateFile,
        state: SavedState,
        base: Option<ContentHash>,
    ) -> Result<ContentHash, StorageError> {
        save(&self.storage, &file.name(), &StoredState { state, base }).await
    }

    /// Reads the version with this seal: a full snapshot and its deltas, oldest first, and what the
    /// partition had counted by then. Version 0 is empty.
    pub(crate) async fn read(
        &self,
        mut file: StateFile,
        mut seal: ContentHash,
    ) -> Result<(Vec<Snapshot>, Tally), StorageError> {
        let mut chain = Vec::new();
        let mut tally = None;
        while file.version > 0 {
            let promised = SealedFile { name: file.name(), seal };
            let StoredState { state, base } = load_promised(&self.storage, &promised).await?;
            tally.get_or_insert(state.tally);
            let since = state.snapshot.since;
            chain.push(state.snapshot);
            match (since, base) {
                (None, _) => break,
                (Some(Version(since)), Some(base)) if (1..file.version).contains(&since) => {
                    (file.version, seal) = (since, base);
                }
                (Some(Version(since)), _) => {
                    return Err(StorageError {
                        operation: "restore from",
                        file: self.storage.locate(&file.name()),
                        cause: format!("it is a delta to version {since}, which cannot be"),
                        kind: FailureKind::Damaged,
                    });
                }
            }
        }
        chain.reverse();
        Ok((chain, tally.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dataflow::job::runtime::Runtime;
    use runtime::{MemoryStorage, VirtualOptions, VirtualTime};

    use super::*;

    fn run(body: impl Future<Output = ()> + Send + 'static) {
        VirtualTime::new(VirtualOptions::default()).block_on(Box::pin(body)).unwrap();
    }

    const SEAL: ContentHash = ContentHash([7; 16]);

    fn file(version: u64) -> StateFile {
        StateFile { stage: 2, partition: 13, version }
    }

    fn state(version: u64, since: Option<u64>) -> SavedState {
        let snapshot = Snapshot { since: since.map(Version), bytes: vec![version as u8] };
        let tally = Tally { records_out: 10 * version, ..Tally::default() };
        SavedState { snapshot, tally }
    }

    #[test]
    fn a_file_is_known_by_its_name() {
        assert_eq!(file(7).name(), "microbatch/state/2-13/7");
        assert_eq!(StateFile::named(&file(7).name()), Some(file(7)));
        for other in ["microbatch/state/2-13", "microbatch/state/2/1", "microbatch/offsets/1"] {
            assert_eq!(StateFile::named(other), None, "{other}");
        }
    }

    #[test]
    fn the_first_version_is_whole_and_every_one_after_so_many_deltas() {
        let mut chain = Chain::default();
        let mut whole = Vec::new();
        for version in (1..=12).map(Version) {
            let since = chain.since(3);
            assert!(since.is_none_or(|(since, seal)| since.0 == version.0 - 1 && seal == SEAL));
            whole.extend(since.is_none().then_some(version.0));
            chain = chain.wrote(version, SEAL, since.is_none());
        }
        assert_eq!(whole, [1, 5, 9]);
    }

    #[test]
    fn a_version_is_read_from_its_full_base_on_and_counts_as_the_newest_says() {
        run(async {
            let storage = MemoryStorage::new();
            let store = StateStore::new(storage.clone(), 10);
            let mut seals = BTreeMap::new();
            for (version, since) in [(1, None), (2, Some(1)), (3, None), (4, Some(3)), (5, Some(4))]
            {
                let base = since.map(|since| seals[&since]);
                let written = store.write(file(version), state(version, since), base).await;
                seals.insert(version, written.unwrap());
            }
            let (chain, tally) = store.read(file(5), seals[&5]).await.unwrap();
            let bytes: Vec<u8> = chain.iter().flat_map(|it| it.bytes.clone()).collect();
            assert_eq!((bytes, tally.records_out), (vec![3, 4, 5], 50));
            let (chain, tally) = store.read(file(2), seals[&2]).await.unwrap();
            assert_eq!((chain.len(), tally.records_out), (2, 20));
            assert_eq!(store.read(file(0), SEAL).await.unwrap(), (Vec::new(), Tally::default()));

            storage.remove(&file(1).name()).await.unwrap();
            let error = store.read(file(2), seals[&2]).await.unwrap_err();
            assert!(
                error.kind == FailureKind::Damaged && error.file.ends_with("state/2-13/1"),
                "{error}"
            );
        });
    }

    #[test]
    fn a_delta_to_itself_is_damage_and_no_endless_loop() {
        run(async {
            let store = StateStore::new(MemoryStorage::new(), 10);
            let seal = store.write(file(4), state(4, Some(4)), Some(SEAL)).await.unwrap();
            assert!(store.read(file(4), seal).await.unwrap_err().kind == FailureKind::Damaged);
        });
    }

    #[test]
    fn a_version_of_another_attempt_is_refused_however_whole() {
        run(async {
            let store = StateStore::new(MemoryStorage::new(), 10);
            let older = store.write(file(1), state(1, None), None).await.unwrap();
            let base = store.write(file(1), state(7, None), None).await.unwrap();
            let seal = store.write(file(2), state(2, Some(1)), Some(older)).await.unwrap();
            assert!(store.read(file(1), base).await.is_ok());
            for promised in [(file(1), older), (file(2), seal)] {
                let error = store.read(promised.0, promised.1).await.unwrap_err();
                assert!(error.file.ends_with("state/2-13/1"), "{error}");
                assert!(error.cause.contains("of another attempt"), "{error}");
            }
        });
    }
}
