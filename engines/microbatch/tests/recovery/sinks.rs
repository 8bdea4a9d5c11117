//! A sink with transactions and one without, both in memory.

use dataflow::exchange::failure::FailureKind;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use dataflow::ProcessingTime;
use dataflow::exchange::sink::{
    Commit, CommitHead, Committer, Output, Sink, SinkError, SinkSlot, Transaction, Wants,
};
use dataflow::job::engine::BoxFuture;
use dataflow::operator::snapshot::Version;
use dataflow::record::content_hash::ContentHash;

use crate::faults::Tripwire;

/// What is seen of a job's output, and what waits for its commit.
#[derive(Default)]
pub(crate) struct Seen {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    text: String,
    /// The commits that were made.
    made: Vec<Commit>,
    pending: BTreeMap<(u32, Version), Vec<u8>>,
}

const WANTS: Wants = Wants { stamps: false, event_times: false, rows: true, trails: None };

impl Seen {
    /// Rows, and how often each is there.
    pub(crate) fn rows(&self) -> BTreeMap<String, u64> {
        let mut rows = BTreeMap::new();
        for line in self.state.lock().unwrap().text.lines() {
            *rows.entry(line.to_owned()).or_default() += 1;
        }
        rows
    }

    /// Loses everything, as who removes the folder of an output.
    pub(crate) fn lose(&self) {
        *self.state.lock().unwrap() = State::default();
    }

    /// Transactions that nobody has committed.
    pub(crate) fn pending(&self) -> usize {
        self.state.lock().unwrap().pending.len()
    }

    /// A slot whose output is seen at once.
    pub(crate) fn plain(self: &Arc<Self>) -> SinkSlot {
        let seen = Arc::clone(self);
        SinkSlot::plain(WANTS, move |_| Box::new(Plain(Arc::clone(&seen))))
    }

    /// A slot whose output is seen once it is committed; operations pass the tripwire.
    pub(crate) fn transactional(self: &Arc<Self>, wire: &Arc<Tripwire>) -> SinkSlot {
        let (seen, wire) = (Arc::clone(self), Arc::clone(wire));
        let commits = Commits { seen: Arc::clone(self), wire: Arc::clone(&wire) };
        let open = move |sink| -> Box<dyn Sink> {
            let (seen, wire) = (Arc::clone(&seen), Arc::clone(&wire));
            Box::new(Transactional { seen, wire, sink, open: Vec::new() })
        };
        SinkSlot { wants: WANTS, open: Arc::new(open), committer: Some(Arc::new(commits)) }
    }
}

struct Plain(Arc<Seen>);

impl Sink for Plain {
    fn write(&mut self, output: &mut Output, _: ProcessingTime) -> Result<(), SinkError> {
        let text = std::str::from_utf8(&output.text).unwrap();
        self.0.state.lock().unwrap().text.push_str(text);
        Ok(())
    }
}

struct Transactional {
    seen: Arc<Seen>,
    wire: Arc<Tripwire>,
    sink: u32,
    /// What the open transaction holds.
    open: Vec<u8>,
}

impl Sink for Transactional {
    fn write(&mut self, output: &mut Output, _: ProcessingTime) -> Result<(), SinkError> {
        self.open.extend_from_slice(&output.text);
        Ok(())
    }

    fn pre_commit(&mut self, id: Version) -> BoxFuture<Result<Option<Transaction>, SinkError>> {
        let bytes = std::mem::take(&mut self.open);
        let done = self.wire.guard(|| {
            let mut state = self.seen.state.lock().unwrap();
            state.pending.insert((self.sink, id), bytes);
        });
        match done {
            None => Box::pin(std::future::pending()),
            Some(()) => {
                let transaction = Transaction { sink: self.sink, id, bytes: Vec::new() };
                Box::pin(std::future::ready(Ok(Some(transaction))))
            }
        }
    }
}

struct Commits {
    seen: Arc<Seen>,
    wire: Arc<Tripwire>,
}

/// A commit as this sink makes it: the same id has the same hash.
fn commit(id: Version, origin: ContentHash) -> Commit {
    Commit { head: CommitHead { id, hash: ContentHash::of(&id.0.to_le_bytes()) }, origin }
}

impl Committer for Commits {
    fn commit(
        &self,
        id: Version,
        origin: ContentHash,
        transactions: Vec<Transaction>,
        _: ProcessingTime,
    ) -> BoxFuture<Result<Option<CommitHead>, SinkError>> {
        let done = self.wire.guard(|| {
            let mut state = self.seen.state.lock().unwrap();
            let is_new = state.made.iter().all(|made| made.head.id != id);
            if is_new {
                state.made.push(commit(id, origin));
            }
            for transaction in transactions {
                let bytes = state.pending.remove(&(transaction.sink, transaction.id)).unwrap();
                if is_new {
                    state.text.push_str(std::str::from_utf8(&bytes).unwrap());
                }
            }
            state.made.last().map(|made| made.head)
        });
        match done {
            None => Box::pin(std::future::pending()),
            Some(head) => Box::pin(std::future::ready(Ok(head))),
        }
    }

    fn inspect(&self, known: Option<CommitHead>) -> BoxFuture<Result<Option<Commit>, SinkError>> {
        let state = self.seen.state.lock().unwrap();
        let is_there = |known: &CommitHead| state.made.iter().any(|made| made.head == *known);
        let found = match known.filter(|known| !is_there(known)) {
            None => Ok(state.made.last().copied()),
            Some(lost) => Err(SinkError {
                target: format!("commit {}", lost.id.0),
                cause: "the output does not have it".to_owned(),
                kind: FailureKind::Damaged,
            }),
        };
        Box::pin(std::future::ready(found))
    }

    fn abort_others(&self, keep: &[Transaction]) -> BoxFuture<Result<(), SinkError>> {
        assert!(keep.is_empty(), "the batch that runs again writes its transactions again");
        self.seen.state.lock().unwrap().pending.clear();
        Box::pin(std::future::ready(Ok(())))
    }
}
