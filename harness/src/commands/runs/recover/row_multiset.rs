//! The rows that a run has written, as a multiset: it tells which rows were lost or came twice.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use dataflow::record::digest::hash_of;

use crate::files::row_change::RowChange;

/// Rows with how often each was written. They are kept as hashes of 128 bits.
///
/// Of a result that changes only the rows after a change count, and whether a row was put in or
/// took another's place does not.
///
/// ```
/// use streamgauge::internals::RowMultiset;
/// let (mut wanted, mut written) = (RowMultiset::default(), RowMultiset::default());
/// wanted.add_lines(b"{\"n\":1}\n{\"n\":2}\n");
/// written.add_lines(b"{\"n\":2}\n{\"n\":2}\n");
/// let difference = written.against(&wanted);
/// assert_eq!((difference.lost, difference.duplicated), (1, 1));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowMultiset {
    counts: HashMap<u128, u64>,
}

/// In what the rows of a run differ from those it should have written.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct RowDifference {
    /// Rows that are missing.
    pub lost: u64,
    /// Rows that are there more often than they should be, or should not be there.
    pub duplicated: u64,
}

impl RowMultiset {
    /// Adds whole lines.
    pub fn add_lines(&mut self, lines: &[u8]) {
        for change in RowChange::each(lines).filter(|change| change.is_put_in) {
            let row = hash_of(&*String::from_utf8_lossy(change.row));
            *self.counts.entry(row).or_default() += 1;
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.counts.values().sum()
    }

    /// What is lost and duplicated of the rows that are wanted.
    pub fn against(&self, wanted: &Self) -> RowDifference {
        let beyond = |these: &Self, those: &Self| {
            let count = |row| those.counts.get(row).copied().unwrap_or(0);
            these.counts.iter().map(|(row, own)| own.saturating_sub(count(row))).sum()
        };
        RowDifference { lost: beyond(wanted, self), duplicated: beyond(self, wanted) }
    }
}

/// Collects rows that are written to it, for as many writers as share it.
#[derive(Clone, Debug, Default)]
pub struct RowCollector(Arc<Mutex<CollectedRows>>);

#[derive(Debug, Default)]
struct CollectedRows {
    rows: RowMultiset,
    /// The beginning of a line whose end has not been written.
    begun: Vec<u8>,
}

impl RowCollector {
    /// What was collected. A line without an end does not count.
    pub fn take(&self) -> RowMultiset {
        std::mem::take(&mut self.0.lock().expect("no holder fails").rows)
    }
}

impl Write for RowCollector {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut collected = self.0.lock().expect("no holder fails");
        let CollectedRows { rows, begun } = &mut *collected;
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            None => begun.extend_from_slice(bytes),
            Some(end) => {
                let (whole, rest) = bytes.split_at(end + 1);
                begun.extend_from_slice(whole);
                rows.add_lines(begun);
                begun.clear();
                begun.extend_from_slice(rest);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &str) -> RowMultiset {
        let mut rows = RowMultiset::default();
        rows.add_lines(lines.as_bytes());
        rows
    }

    #[test]
    fn rows_are_counted_one_by_one() {
        let wanted = of("a\na\nb\nc\n");
        let difference = |lines| of(lines).against(&wanted);
        assert_eq!(difference("c\na\nb\na\n"), RowDifference::default());
        assert_eq!(difference("a\nb\nc\n"), RowDifference { lost: 1, duplicated: 0 });
        assert_eq!(difference("a\na\na\nb\nb\nc\n"), RowDifference { lost: 0, duplicated: 2 });
        assert_eq!(difference("a\na\nb\nd\n"), RowDifference { lost: 1, duplicated: 1 });
        assert_eq!(difference(""), RowDifference { lost: 4, duplicated: 0 });
        assert_eq!(wanted.rows(), 4);
    }

    #[test]
    fn of_changes_the_rows_after_them_count() {
        let first = of(
            "{\"op\":\"+I\",\"key\":1,\"count\":1}\n{\"op\":\"-U\",\"key\":1,\"count\":1}\n{\"op\":\"+U\",\"key\":1,\"count\":2}\n",
        );
        assert_eq!(
            first,
            of(
                "{\"op\":\"+U\",\"key\":1,\"count\":1}\n{\"op\":\"+U\",\"key\":1,\"count\":2}\n{\"op\":\"-D\",\"key\":1,\"count\":2}\n"
            )
        );
        assert_eq!(first.rows(), 2);
    }

    #[test]
    fn lines_written_in_pieces_are_put_together() {
        let collector = RowCollector::default();
        let mut writer = collector.clone();
        for piece in ["on", "e\ntwo\nth", "r", "ee\nlo"] {
            writer.write_all(piece.as_bytes()).expect("a collector takes everything");
        }
        assert_eq!(collector.take(), of("one\ntwo\nthree\n"));
    }
}
