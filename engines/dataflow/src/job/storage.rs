//! Where a job's durable part lives: named files, and the only way an engine reaches a disk.
//!
//! Names are paths of plain segments, `checkpoints/7/metadata`. The runtime brings the
//! implementations: memory, a directory, and one that fails by seed.

use crate::exchange::failure::FailureKind;
use crate::future::BoxFuture;
use crate::record::content_hash::{Content, ContentHasher};

/// What a storage operation comes to.
pub type Stored<T> = BoxFuture<Result<T, StorageError>>;

/// Named files.
///
/// A future that is dropped before it is ready may or may not have had its effect, as with a
/// process that is killed; so may the operation that a failure is reported for.
pub trait Storage: Send + Sync {
    /// A file's place as a person finds it: a path, or the name with `memory:` before it.
    fn locate(&self, name: &str) -> String;
    /// Puts a whole file in the place of whatever was there. Once ready it survives a crash;
    /// before that the old one or the new one is there, never a mixture.
    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()>;
    /// Adds to the end of a file, made if need be. It survives a crash only once
    /// [`Storage::sync`] is ready.
    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()>;
    /// Makes what was appended to a file durable.
    fn sync(&self, name: &str) -> Stored<()>;
    /// Gives a file another name, atomically and durably, in the place of whatever had it.
    fn rename(&self, from: &str, to: &str) -> Stored<()>;
    /// A file's contents; `None` when no file has that name.
    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>>;
    /// The names of all files that begin with `prefix`, sorted, and their lengths in bytes.
    fn lengths(&self, prefix: &str) -> Stored<Vec<(String, u64)>>;
    /// Removes a file; one that is not there is removed already.
    fn remove(&self, name: &str) -> Stored<()>;

    /// Removes files, one after another; all of them are durably gone when it is ready.
    fn remove_all(&self, names: Vec<String>) -> Stored<()> {
        let removals: Vec<_> = names.iter().map(|name| self.remove(name)).collect();
        Box::pin(async move {
            for removal in removals {
                removal.await?;
            }
            Ok(())
        })
    }

    /// The names of all files that begin with `prefix`, sorted.
    fn list(&self, prefix: &str) -> Stored<Vec<String>> {
        let lengths = self.lengths(prefix);
        Box::pin(async move { Ok(lengths.await?.into_iter().map(|(name, _)| name).collect()) })
    }

    /// What a file holds from an offset on, `most` bytes of it at most: none at its end or behind it.
    /// `None` when no file has that name.
    fn read_from(&self, name: &str, offset: u64, most: usize) -> Stored<Option<Vec<u8>>> {
        let read = self.read(name);
        Box::pin(async move {
            Ok(read.await?.map(|bytes| {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                bytes.into_iter().skip(offset).take(most).collect()
            }))
        })
    }

    /// Length and hash of a file; `None` when no file has that name.
    fn content(&self, name: &str) -> Stored<Option<Content>> {
        let read = self.read(name);
        Box::pin(async move {
            Ok(read.await?.map(|bytes| {
                let mut hasher = ContentHasher::default();
                hasher.update(&bytes);
                hasher.content()
            }))
        })
    }
}

/// A file that cannot be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {operation} {file}: {cause}")]
pub struct StorageError {
    /// The operation, as a verb.
    pub operation: &'static str,
    /// The file, as [`Storage::locate`] names it.
    pub file: String,
    /// What is wrong, and what to do about it where that is known.
    pub cause: String,
    /// Whether trying again can help.
    pub kind: FailureKind,
}
