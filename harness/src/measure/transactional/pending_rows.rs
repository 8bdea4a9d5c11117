//! Rows that were committed and are still in their pending files, read piece by piece: a commit may be
//! larger than the memory.

use std::sync::{Mutex, MutexGuard};

use dataflow::Digest;
use dataflow::exchange::failure::FailureKind;
use dataflow::exchange::sink::SinkError;
use dataflow::record::content_hash::ContentHasher;
use kafka::{KafkaFailure, RowPieces};

use super::ledger::Entry;
use crate::files::at_once::at_once;
use crate::measure::transactional::check::{check_pending, missing_pending};
use crate::measure::transactional::file_names::{OutputFolder, refused};

/// Bytes that are read at once.
const PIECE_BYTES: usize = 1 << 20;

/// Rows of a commit in their pending files. They are read where a thread may block.
pub(super) struct PendingRows {
    place: OutputFolder,
    entries: Vec<Entry>,
    found: Mutex<Found>,
}

/// What reading them has come to.
#[derive(Default)]
struct Found {
    /// Count and sum of all rows, once they were read to their end.
    digest: Option<Digest>,
    /// Why they could not be.
    failure: Option<SinkError>,
}

impl PendingRows {
    /// Rows of these transactions.
    pub(super) fn new(place: OutputFolder, entries: Vec<Entry>) -> Self {
        Self { place, entries, found: Mutex::default() }
    }

    /// Reads all of them from the first one on. The last piece comes only if everything was there as it
    /// was written; otherwise there is a failure in its place.
    pub(super) fn pieces(&self) -> RowPieces<'_> {
        let mut reading = Reading::new(self);
        Box::new(std::iter::from_fn(move || {
            let piece = reading.next()?;
            Some(piece.map_err(|error| {
                let failure = KafkaFailure::Failed(error.to_string());
                self.found().failure = Some(error);
                failure
            }))
        }))
    }

    /// Count and sum of the rows, which are read unless they were.
    ///
    /// # Errors
    /// When they are not there as they were written, and when they cannot be read.
    pub(super) fn digest(&self) -> Result<Digest, SinkError> {
        if self.found().digest.is_none() {
            self.pieces().for_each(drop);
        }
        let mut found = self.found();
        match (found.digest, found.failure.take()) {
            (Some(digest), _) => Ok(digest),
            (None, Some(failure)) => Err(failure),
            (None, None) => Ok(Digest::default()),
        }
    }

    /// Why they could not be read, if that was so.
    pub(super) fn failure(&self) -> Option<SinkError> {
        self.found().failure.take()
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().expect("no holder fails")
    }
}

/// One way through all files.
struct Reading<'a> {
    rows: &'a PendingRows,
    /// The file that is read, by its place.
    file: usize,
    /// What was read of it.
    offset: u64,
    hasher: ContentHasher,
    /// The beginning of a row whose end was not read.
    rest: Vec<u8>,
    digest: Digest,
}

impl<'a> Reading<'a> {
    fn new(rows: &'a PendingRows) -> Self {
        let hasher = ContentHasher::default();
        Self { rows, file: 0, offset: 0, hasher, rest: Vec::new(), digest: Digest::default() }
    }

    /// The next rows of a sink; `None` at the end of all files, and after a failure.
    fn next(&mut self) -> Option<Result<(u32, Vec<u8>), SinkError>> {
        while let Some(entry) = self.rows.entries.get(self.file) {
            let lines = match self.lines(entry) {
                Ok(lines) => lines,
                Err(error) => {
                    self.file = usize::MAX;
                    return Some(Err(error));
                }
            };
            if !lines.is_empty() {
                let rows = lines.split(|byte| *byte == b'\n').filter(|row| !row.is_empty());
                rows.for_each(|row| self.digest.insert(row));
                return Some(Ok((entry.key.sink, lines)));
            }
        }
        if self.file == self.rows.entries.len() {
            self.rows.found().digest = Some(self.digest);
        }
        None
    }

    /// Reads a piece, and gives the whole rows that there are now; at the end of a file, which is
    /// checked, what is left.
    fn lines(&mut self, entry: &Entry) -> Result<Vec<u8>, SinkError> {
        let place = &self.rows.place;
        let read = place.read_from(&entry.pending(), self.offset, PIECE_BYTES);
        let read = at_once(async move { Ok(read.await) });
        let read = read.map_err(|error| SinkError {
            target: place.locate(&entry.pending()),
            cause: error.to_string(),
            kind: FailureKind::Transient,
        })?;
        let piece = read.map_err(refused)?.ok_or_else(|| missing_pending(place, entry))?;
        if piece.is_empty() {
            let hasher = std::mem::take(&mut self.hasher);
            check_pending(place, entry, hasher.content())?;
            (self.file, self.offset) = (self.file + 1, 0);
            return Ok(std::mem::take(&mut self.rest));
        }
        self.hasher.update(&piece);
        self.offset += piece.len() as u64;
        self.rest.extend_from_slice(&piece);
        let end = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let after = self.rest.split_off(end);
        Ok(std::mem::replace(&mut self.rest, after))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dataflow::job::storage::Storage;
    use dataflow::operator::snapshot::Version;
    use runtime::MemoryStorage;

    use super::*;
    use crate::measure::transactional::file_names::{Key, Writer};

    /// The pending file of a sink with these bytes, which was written with those.
    fn entry(storage: &MemoryStorage, sink: u32, bytes: &[u8], written: &[u8]) -> Entry {
        let mut hasher = ContentHasher::default();
        hasher.update(written);
        let (key, writer) = (Key { id: Version(1), sink }, Writer { attempt: 1, number: 0 });
        let rows = Some(hasher.content());
        let entry = Entry { key, writer, digest: Digest::default(), written: 0, rows };
        drop(storage.put(&entry.pending(), bytes.to_vec()));
        entry
    }

    fn rows_of(storage: Arc<MemoryStorage>, entries: Vec<Entry>) -> PendingRows {
        PendingRows::new(OutputFolder { storage, prefix: String::new() }, entries)
    }

    #[test]
    fn a_commit_is_read_piece_by_piece_and_its_rows_stay_whole() {
        let storage = MemoryStorage::new();
        let row = |number: usize| format!("{number:0width$}\n", width = 900 + number % 200);
        let large: String = (0..4_000).map(row).collect();
        let small = b"one\ntwo, without an end".to_vec();
        let entries = vec![
            entry(&storage, 3, large.as_bytes(), large.as_bytes()),
            entry(&storage, 5, &small, &small),
        ];
        let rows = rows_of(storage, entries);
        let pieces: Vec<_> = rows.pieces().map(Result::unwrap).collect();
        let longest = pieces.iter().map(|(_, lines)| lines.len()).max().unwrap();
        assert!(longest <= PIECE_BYTES + 1_100 && pieces.len() > 4, "{longest} bytes at once");
        let of = |sink: u32| -> Vec<u8> {
            pieces.iter().filter(|it| it.0 == sink).flat_map(|it| it.1.clone()).collect()
        };
        assert!(of(3) == large.as_bytes() && of(5) == small);
        let is_whole = |(sink, lines): &(u32, Vec<u8>)| *sink == 5 || lines.ends_with(b"\n");
        assert!(pieces.iter().all(is_whole));
        let mut expected = Digest::default();
        large.lines().chain(["one", "two, without an end"]).for_each(|row| {
            expected.insert(row.as_bytes());
        });
        assert_eq!(rows.digest().unwrap(), expected);
    }

    #[test]
    fn rows_that_are_not_what_was_written_end_with_a_failure() {
        for there in [&b"one\nTwo\n"[..], b"one\n", b"one\ntwo\nthree\n"] {
            let storage = MemoryStorage::new();
            let entries = vec![entry(&storage, 0, there, b"one\ntwo\n")];
            let rows = rows_of(storage, entries);
            assert!(rows.pieces().last().unwrap().is_err());
            assert!(rows.failure().unwrap().kind == FailureKind::Damaged);
            assert!(rows.digest().is_err(), "it is read again, and found so again");
        }
    }
}
