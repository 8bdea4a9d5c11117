//! What the files of an output are called, and how they are reached.

use dataflow::exchange::failure::FailureKind;
use std::sync::Arc;

use dataflow::exchange::sink::SinkError;
use dataflow::job::recovery::seal;
use dataflow::job::storage::{Storage, StorageError, Stored};
use dataflow::operator::snapshot::Version;
use dataflow::record::content_hash::{Content, ContentHash};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Where manifests are.
pub(super) const MANIFESTS: &str = "_committed/";
/// Names of indexes begin with this.
const INDEX: &str = "_committed/index-";
/// The topic that a reader sees what was committed in, if it is not the folder.
pub(super) const TOPIC: &str = "_committed/topic";
/// Which commits a slot has published; its number follows.
pub(super) const PUBLISHED: &str = "_committed/published-";
/// The number of the last attempt that began to write.
pub(super) const ATTEMPT: &str = "_committed/attempt";
/// Files that are pre-committed begin with this.
pub(super) const PENDING: &str = ".pending-";
/// Files that a reader sees begin with this.
pub(super) const VISIBLE: &str = "part-";
/// Files that are being written begin with this.
pub(super) const IN_PROGRESS: &str = ".part-";
/// Digits of an id, so that names sort as ids do.
const ID_DIGITS: usize = 20;

/// What may become visible once: a transaction, whoever wrote it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key {
    /// The checkpoint or batch that closed it.
    pub(super) id: Version,
    /// The subtask or partition that wrote it.
    pub(super) sink: u32,
}

/// Who wrote a transaction: it distinguishes two writers of the same one.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Writer {
    /// The attempt, numbered over all processes.
    pub(super) attempt: u64,
    /// The writer, numbered within a process.
    pub(super) number: u64,
}

impl Writer {
    pub(super) fn in_progress(self, sink: u32) -> String {
        format!("{IN_PROGRESS}{sink}-{}-{}.ndjson", self.attempt, self.number)
    }
}

impl Key {
    /// What the names of all its pending files begin with, one for each writer.
    pub(super) fn pending_of_any_writer(self) -> String {
        format!("{PENDING}{:0ID_DIGITS$}-{}-", self.id.0, self.sink)
    }

    pub(super) fn pending(self, writer: Writer) -> String {
        format!("{}{}-{}.ndjson", self.pending_of_any_writer(), writer.attempt, writer.number)
    }

    pub(super) fn visible(self) -> String {
        format!("{VISIBLE}{:0ID_DIGITS$}-{}.ndjson", self.id.0, self.sink)
    }
}

/// The numbers in a name of ours between its beginning and `.ndjson`; `None` for every other name.
fn numbers<const N: usize>(name: &str, beginning: &str) -> Option<[u64; N]> {
    let digits = name.strip_prefix(beginning)?.strip_suffix(".ndjson")?;
    let numbers: Option<Vec<u64>> = digits.split('-').map(|number| number.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// Whether a file is one that some transaction is written to: not every name that begins so is ours.
pub(super) fn is_in_progress(name: &str) -> bool {
    let numbers = numbers(name, IN_PROGRESS);
    numbers.is_some_and(|[sink, attempt, number]| {
        u32::try_from(sink).is_ok_and(|sink| Writer { attempt, number }.in_progress(sink) == name)
    })
}

/// Whether a file is a transaction that is pre-committed.
pub(super) fn is_pending(name: &str) -> bool {
    numbers(name, PENDING).is_some_and(|[id, sink, attempt, number]| {
        u32::try_from(sink).is_ok_and(|sink| {
            Key { id: Version(id), sink }.pending(Writer { attempt, number }) == name
        })
    })
}

/// The manifest of a commit.
pub(super) fn manifest(id: Version) -> String {
    format!("{MANIFESTS}{:0ID_DIGITS$}", id.0)
}

/// The commit of a manifest; `None` for every other file.
pub(super) fn manifest_id(name: &str) -> Option<Version> {
    id_behind(MANIFESTS, name)
}

/// The index of the commits up to this one.
pub(super) fn index(through: Version) -> String {
    format!("{INDEX}{:0ID_DIGITS$}", through.0)
}

/// The last commit in an index; `None` for every other file.
pub(super) fn index_through(name: &str) -> Option<Version> {
    id_behind(INDEX, name)
}

fn id_behind(prefix: &str, name: &str) -> Option<Version> {
    let digits = name.strip_prefix(prefix)?;
    let is_id = digits.len() == ID_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then(|| digits.parse().ok().map(Version))?
}

/// The files of one output; names are those above.
#[derive(Clone)]
pub(super) struct OutputFolder {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) prefix: String,
}

impl OutputFolder {
    fn full(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A file as a person finds it.
    pub(super) fn locate(&self, name: &str) -> String {
        self.storage.locate(&self.full(name))
    }

    pub(super) fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.storage.append(&self.full(name), bytes)
    }

    pub(super) async fn sync(&self, name: &str) -> Result<(), SinkError> {
        self.storage.sync(&self.full(name)).await.map_err(refused)
    }

    pub(super) async fn rename(&self, from: &str, to: &str) -> Result<(), SinkError> {
        self.storage.rename(&self.full(from), &self.full(to)).await.map_err(refused)
    }

    pub(super) async fn remove_all(
        &self,
        names: impl IntoIterator<Item = String>,
    ) -> Result<(), SinkError> {
        let full = names.into_iter().map(|name| self.full(&name)).collect();
        self.storage.remove_all(full).await.map_err(refused)
    }

    pub(super) async fn list(&self, start: &str) -> Result<Vec<String>, SinkError> {
        let names = self.storage.list(&self.full(start)).await.map_err(refused)?;
        let own = names.iter().filter_map(|name| name.strip_prefix(self.prefix.as_str()));
        Ok(own.map(str::to_owned).collect())
    }

    /// Names and lengths.
    pub(super) async fn lengths(&self, start: &str) -> Result<Vec<(String, u64)>, SinkError> {
        let files = self.storage.lengths(&self.full(start)).await.map_err(refused)?;
        let own = files.into_iter().filter_map(|(name, length)| {
            Some((name.strip_prefix(self.prefix.as_str())?.to_owned(), length))
        });
        Ok(own.collect())
    }

    pub(super) async fn content(&self, name: &str) -> Result<Option<Content>, SinkError> {
        self.storage.content(&self.full(name)).await.map_err(refused)
    }

    pub(super) async fn save<T: Serialize>(
        &self,
        name: &str,
        value: &T,
    ) -> Result<ContentHash, SinkError> {
        seal::save(&self.storage, &self.full(name), value).await.map_err(refused)
    }

    pub(super) fn read_from(
        &self,
        name: &str,
        offset: u64,
        most: usize,
    ) -> Stored<Option<Vec<u8>>> {
        self.storage.read_from(&self.full(name), offset, most)
    }

    pub(super) async fn load<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<(T, ContentHash)>, SinkError> {
        seal::load(&self.storage, &self.full(name)).await.map_err(refused)
    }

    /// Something that was promised is not there as it was.
    pub(super) fn damage(&self, name: &str, what: &str) -> SinkError {
        SinkError {
            target: self.locate(name),
            cause: format!(
                "{what}; put back an undamaged copy, or begin again with an empty checkpoint \
                 directory and output"
            ),
            kind: FailureKind::Damaged,
        }
    }
}

/// A file that failed, as the sink's failure.
pub(super) fn refused(error: StorageError) -> SinkError {
    let StorageError { operation, file, cause, kind } = error;
    SinkError { target: file, cause: format!("cannot {operation} it: {cause}"), kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_ids_do_and_only_manifests_are_read_as_such() {
        let [nine, ten] = [Version(9), Version(10)];
        assert!(Key { id: nine, sink: 7 }.visible() < Key { id: ten, sink: 0 }.visible());
        assert_eq!(manifest_id(&manifest(Version(u64::MAX))), Some(Version(u64::MAX)));
        let names = [index(nine), ATTEMPT.to_owned(), "_committed/7".to_owned()];
        assert_eq!(names.map(|name| manifest_id(&name)), [None; 3]);
        assert_eq!(index_through(&index(ten)), Some(ten));
        let too_large = format!("{MANIFESTS}{}", "9".repeat(ID_DIGITS));
        assert_eq!(manifest_id(&too_large), None);
    }

    #[test]
    fn files_of_others_are_not_taken_for_ours_by_how_their_names_begin() {
        let writer = Writer { attempt: 7, number: 0 };
        let pending = Key { id: Version(3), sink: 1 }.pending(writer);
        assert!(is_pending(&pending) && is_in_progress(&writer.in_progress(4)));
        for other in [".pending-notes", ".pending-3-1-7-0.ndjson", ".pending-a/b.ndjson"] {
            assert!(!is_pending(other), "{other}");
        }
        for other in [".part-draft", ".part-1-2-3.txt", ".part-01-2-3.ndjson", ".part-1-2.ndjson"] {
            assert!(!is_in_progress(other), "{other}");
        }
    }

    #[test]
    fn pending_files_of_sink_1_are_not_taken_for_those_of_sink_11() {
        let id = Version(3);
        let of_11 = Key { id, sink: 11 }.pending(Writer { attempt: 1, number: 2 });
        assert!(of_11.starts_with(&Key { id, sink: 11 }.pending_of_any_writer()));
        assert!(!of_11.starts_with(&Key { id, sink: 1 }.pending_of_any_writer()));
    }
}
