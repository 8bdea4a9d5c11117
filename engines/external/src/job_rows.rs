//! The rows of a job that outlive its process: what they take the place of, and those that are held
//! back until their checkpoint is complete.

use std::collections::BTreeMap;

use crate::upserts::Upserts;

/// The rows of one subtask.
#[derive(Debug, Default)]
pub(crate) struct SubtaskRows {
    /// The newest row of each key.
    pub(crate) table: Upserts,
    /// Rows that wait for their checkpoint.
    pub(crate) held: HeldRows,
}

/// Rows that are seen once their checkpoint is complete.
#[derive(Debug, Default)]
pub(crate) struct HeldRows {
    /// Rows behind the last checkpoint.
    open: Vec<u8>,
    /// Rows by the checkpoint that covers them.
    pending: BTreeMap<u64, Vec<u8>>,
    /// The last checkpoint that is complete.
    committed: Option<u64>,
    /// Another attempt has begun and said nothing yet.
    begins: bool,
}

impl HeldRows {
    /// Takes rows behind the last checkpoint.
    pub(crate) fn add(&mut self, rows: &[u8]) {
        self.forget_others();
        self.open.extend_from_slice(rows);
    }

    /// All rows that came belong to a checkpoint. If it is complete already, another attempt has
    /// brought them before.
    pub(crate) fn pre_commit(&mut self, checkpoint: u64) {
        self.forget_others();
        let rows = std::mem::take(&mut self.open);
        if self.committed.is_none_or(|committed| checkpoint > committed) {
            self.pending.insert(checkpoint, rows);
        }
    }

    /// A checkpoint is complete, and those before it: the rows that may be seen now.
    pub(crate) fn commit(&mut self, checkpoint: u64) -> Vec<u8> {
        self.committed = self.committed.max(Some(checkpoint));
        let later = self.pending.split_off(&(checkpoint + 1));
        let seen = std::mem::replace(&mut self.pending, later).into_values().flatten().collect();
        self.forget_others();
        seen
    }

    /// Rows of the attempt before whose checkpoint was never completed come again.
    fn forget_others(&mut self) {
        if std::mem::take(&mut self.begins) {
            self.pending.clear();
        }
    }

    /// Another attempt begins: what belongs to no complete checkpoint comes again. One that was
    /// complete before it failed is told first.
    pub(crate) fn begin_again(&mut self) {
        self.open.clear();
        self.begins = true;
    }
}

/// The rows of a job, by subtask.
#[derive(Debug, Default)]
pub(crate) struct JobRows(BTreeMap<u32, SubtaskRows>);

impl JobRows {
    /// Takes those of a subtask out, to be put back.
    pub(crate) fn take(&mut self, subtask: u32) -> SubtaskRows {
        self.0.remove(&subtask).unwrap_or_default()
    }

    /// Puts those of a subtask back.
    pub(crate) fn put(&mut self, subtask: u32, rows: SubtaskRows) {
        self.0.insert(subtask, rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_seen_with_their_checkpoint_and_once() {
        let mut held = HeldRows::default();
        held.add(b"a");
        held.pre_commit(1);
        held.add(b"b");
        held.pre_commit(2);
        held.add(b"c");
        assert_eq!(held.commit(1), b"a");
        // The process dies; checkpoint 2 was complete, and its rows are there already.
        held.begin_again();
        assert_eq!(held.commit(2), b"b");
        held.add(b"b");
        held.pre_commit(2);
        held.add(b"c");
        held.pre_commit(3);
        assert_eq!(held.commit(3), b"c");
        assert_eq!(held.commit(3), b"");
    }

    #[test]
    fn a_checkpoint_that_was_never_completed_leaves_nothing() {
        let mut held = HeldRows::default();
        held.add(b"a");
        held.pre_commit(1);
        held.add(b"b");
        // It fails before 2 is complete, and goes on from 1: its next checkpoint is 3.
        held.pre_commit(2);
        held.begin_again();
        assert_eq!(held.commit(1), b"a");
        held.add(b"bc");
        held.pre_commit(3);
        assert_eq!(held.commit(3), b"bc");
    }

    #[test]
    fn rows_of_an_attempt_that_failed_are_brought_again() {
        let mut held = HeldRows::default();
        held.add(b"a");
        held.pre_commit(1);
        held.begin_again();
        held.add(b"a");
        held.pre_commit(1);
        assert_eq!(held.commit(1), b"a");
    }
}
