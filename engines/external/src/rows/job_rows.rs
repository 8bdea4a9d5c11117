//! The rows of a job that outlive its process: what they take the place of, and those that are held
//! back until their checkpoint is complete.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard};

use crate::rows::unseen::UnseenEvents;
use crate::rows::upserts::Upserts;

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
pub(crate) struct JobRows {
    /// `None` while a connection has them.
    rows: Mutex<BTreeMap<u32, Option<SubtaskRows>>>,
    returned: Condvar,
    unseen: Mutex<UnseenEvents>,
}

impl JobRows {
    /// Takes those of a subtask out, to be put back. A connection that comes again waits for the one
    /// before it, which has ended or is about to.
    pub(crate) fn take(&self, subtask: u32) -> SubtaskRows {
        let rows = self.rows.lock().expect("no holder fails");
        let is_taken = |rows: &mut BTreeMap<u32, Option<SubtaskRows>>| {
            rows.get(&subtask).is_some_and(Option::is_none)
        };
        let mut rows = self.returned.wait_while(rows, is_taken).expect("no holder fails");
        rows.insert(subtask, None).flatten().unwrap_or_default()
    }

    /// The events that no row stands for yet.
    pub(crate) fn unseen(&self) -> MutexGuard<'_, UnseenEvents> {
        self.unseen.lock().expect("no holder fails")
    }

    /// Puts those of a subtask back.
    pub(crate) fn put(&self, subtask: u32, rows: SubtaskRows) {
        self.rows.lock().expect("no holder fails").insert(subtask, Some(rows));
        self.returned.notify_all();
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
    fn a_connection_that_comes_again_has_the_rows_of_the_one_before() {
        let job = JobRows::default();
        let mut first = job.take(3);
        std::thread::scope(|scope| {
            let again = scope.spawn(|| job.take(3).held.commit(1));
            first.held.add(b"a");
            first.held.pre_commit(1);
            job.put(3, first);
            assert_eq!(again.join().unwrap(), b"a");
        });
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
