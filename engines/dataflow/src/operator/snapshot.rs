//! What a stage remembers, written down: full or as a delta since an earlier version.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::placement::Ownership;

/// Numbers the snapshots of a job: checkpoint id or batch id.
#[derive(
    Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(pub u64);

/// The state of one stage instance, or what changed of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The version this is a delta to; `None` when it stands by itself.
    pub since: Option<Version>,
    /// postcard, one value after another, in the order of the stage's operators.
    pub bytes: Vec<u8>,
}

/// Takes what operators write.
#[derive(Debug, Default)]
pub struct SnapshotWriter {
    bytes: Vec<u8>,
    failure: Option<postcard::Error>,
    stands_alone: bool,
}

impl SnapshotWriter {
    /// For a snapshot after which no delta is asked for: nobody need remember what changes.
    #[must_use]
    pub fn standing_alone() -> Self {
        Self { stands_alone: true, ..Self::default() }
    }

    /// Whether no delta to this snapshot is asked for.
    pub const fn stands_alone(&self) -> bool {
        self.stands_alone
    }

    /// Writes one value. A value that cannot be serialized fails the snapshot as a whole.
    pub fn put<T: Serialize + ?Sized>(&mut self, value: &T) {
        if self.failure.is_some() {
            return;
        }
        match postcard::to_extend(value, std::mem::take(&mut self.bytes)) {
            Ok(bytes) => self.bytes = bytes,
            Err(error) => self.failure = Some(error),
        }
    }

    /// The snapshot.
    ///
    /// # Errors
    /// The first value that would not be serialized.
    pub fn finish(self, since: Option<Version>) -> Result<Snapshot, RestoreError> {
        match self.failure {
            None => Ok(Snapshot { since, bytes: self.bytes }),
            Some(error) => Err(RestoreError::Encoding(error)),
        }
    }
}

/// Hands back what operators wrote, in the same order.
#[derive(Debug)]
pub struct SnapshotReader<'a> {
    rest: &'a [u8],
    delta: bool,
    owns: &'a Ownership,
}

impl<'a> SnapshotReader<'a> {
    /// Reads a snapshot for the subtask that `owns` describes.
    pub fn new(snapshot: &'a Snapshot, owns: &'a Ownership) -> Self {
        Self { rest: &snapshot.bytes, delta: snapshot.since.is_some(), owns }
    }

    /// Whether this snapshot only tells what changed.
    pub const fn is_delta(&self) -> bool {
        self.delta
    }

    /// Which keys to keep of those that are read.
    pub const fn owns(&self) -> &'a Ownership {
        self.owns
    }

    /// Reads one value.
    ///
    /// # Errors
    /// When the bytes end early or do not hold a `T`.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<T, RestoreError> {
        let (value, rest) = postcard::take_from_bytes(self.rest)?;
        self.rest = rest;
        Ok(value)
    }

    /// Bytes that have not been read.
    pub const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When something was written that nobody has read: another job's snapshot.
    pub fn finish(self) -> Result<(), RestoreError> {
        if self.rest.is_empty() { Ok(()) } else { Err(RestoreError::Leftover(self.rest.len())) }
    }
}

/// A snapshot that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The encoding itself.
    #[error("a snapshot holds something else than this job's state: {0}")]
    Encoding(#[from] postcard::Error),
    /// More was written than this job reads.
    #[error("a snapshot holds {0} bytes that no operator of this job has written")]
    Leftover(usize),
}
