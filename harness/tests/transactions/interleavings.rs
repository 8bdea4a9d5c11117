//! Random orders of everything that an engine may do, against a list of rows.

use dataflow::exchange::sink::{Sink, Transaction};
use proptest::prelude::*;

use crate::disk::Disk;
use crate::sinks::{Process, digest, pre_commit, write};

const SINKS: u32 = 3;

#[derive(Clone, Debug)]
enum Action {
    Write {
        sink: usize,
        rows: usize,
    },
    PreCommit,
    /// Another subtask of this number closes the last transaction too, and it counts instead.
    Retry {
        sink: u32,
        rows: usize,
    },
    Commit {
        listed_again: bool,
    },
    CommitOld {
        which: prop::sample::Index,
        with_waiting: bool,
    },
    Restart {
        crash: bool,
        keep: bool,
    },
}

fn action() -> impl Strategy<Value = Action> {
    let rows = 0..4_usize;
    prop_oneof![
        4 => (0..SINKS as usize, rows.clone()).prop_map(|(sink, rows)| Action::Write { sink, rows }),
        3 => Just(Action::PreCommit),
        1 => (0..SINKS, rows).prop_map(|(sink, rows)| Action::Retry { sink, rows }),
        3 => any::<bool>().prop_map(|listed_again| Action::Commit { listed_again }),
        1 => any::<(prop::sample::Index, bool)>()
            .prop_map(|(which, with_waiting)| Action::CommitOld { which, with_waiting }),
        2 => any::<(bool, bool)>().prop_map(|(crash, keep)| Action::Restart { crash, keep }),
    ]
}

/// A job beside a model of it.
struct Run {
    disk: Disk,
    process: Process,
    sinks: Vec<Box<dyn Sink>>,
    /// Rows that are in no transaction yet.
    open: Vec<Vec<String>>,
    /// Transactions that are pre-committed, and their rows.
    waiting: Vec<(Transaction, Vec<String>)>,
    /// Commits that were made.
    made: Vec<(u64, Vec<Transaction>)>,
    /// What is seen, sorted.
    seen: Vec<String>,
    id: u64,
    rows: u64,
}

impl Run {
    fn new() -> Self {
        let disk = Disk::default();
        let process = Process::recover(&disk, &[]);
        let mut run = Self {
            disk,
            process,
            sinks: Vec::new(),
            open: Vec::new(),
            waiting: Vec::new(),
            made: Vec::new(),
            seen: Vec::new(),
            id: 0,
            rows: 0,
        };
        run.open_sinks();
        run
    }

    fn open_sinks(&mut self) {
        self.sinks = (0..SINKS).map(|subtask| self.process.open(subtask)).collect();
        self.open = vec![Vec::new(); SINKS as usize];
    }

    fn new_rows(&mut self, count: usize) -> Vec<String> {
        let first = self.rows;
        self.rows += count as u64;
        (first..self.rows).map(|number| format!("row {number}")).collect()
    }

    fn waiting_transactions(&self) -> Vec<Transaction> {
        self.waiting.iter().map(|(transaction, _)| transaction.clone()).collect()
    }

    fn act(&mut self, action: &Action) {
        match *action {
            Action::Write { sink, rows } => {
                let rows = self.new_rows(rows);
                write(&mut *self.sinks[sink], &rows).unwrap();
                self.open[sink].extend(rows);
            }
            Action::PreCommit => {
                self.id += 1;
                for (sink, rows) in self.sinks.iter_mut().zip(&mut self.open) {
                    let transaction = pre_commit(&mut **sink, self.id).unwrap();
                    assert_eq!(transaction.is_some(), !rows.is_empty());
                    self.waiting.extend(transaction.map(|it| (it, std::mem::take(rows))));
                }
            }
            Action::Retry { sink, rows } => {
                let mut again = self.process.open(sink);
                let rows = self.new_rows(rows);
                write(&mut *again, &rows).unwrap();
                let is_made = self.made.last().is_some_and(|(id, _)| *id == self.id);
                if let Some(transaction) = pre_commit(&mut *again, self.id).unwrap()
                    && !is_made
                {
                    let is_same = |it: &Transaction| (it.sink, it.id) == (sink, transaction.id);
                    self.waiting.retain(|(it, _)| !is_same(it));
                    self.waiting.push((transaction, rows));
                }
            }
            Action::Commit { listed_again } => self.commit(listed_again),
            Action::CommitOld { which, with_waiting } if !self.made.is_empty() => {
                let (id, mut transactions) = which.get(&self.made).clone();
                if with_waiting {
                    transactions.extend(self.waiting.drain(..).map(|(it, _)| it));
                }
                self.process.commit(id, &transactions).unwrap();
            }
            Action::CommitOld { .. } => {}
            Action::Restart { crash, keep } => {
                if !keep {
                    self.waiting.clear();
                }
                let keep = self.waiting_transactions();
                if crash {
                    self.process = Process::recover(&self.disk, &keep);
                } else {
                    self.process.take_up(&keep).unwrap();
                }
                self.open_sinks();
            }
        }
    }

    fn commit(&mut self, listed_again: bool) {
        if self.made.last().is_some_and(|(id, _)| *id == self.id) {
            return;
        }
        let mut transactions = self.waiting_transactions();
        self.seen.extend(self.waiting.drain(..).flat_map(|(_, rows)| rows));
        self.seen.sort();
        let is_empty = transactions.is_empty();
        if let (true, Some((_, earlier))) = (listed_again, self.made.last()) {
            transactions.extend_from_slice(earlier);
        }
        self.process.commit(self.id, &transactions).unwrap();
        if !is_empty {
            self.made.push((self.id, transactions));
        }
    }
}

proptest! {
    #[test]
    fn what_is_seen_is_what_was_committed(
        actions in prop::collection::vec(action(), 1..80)
    ) {
        let mut run = Run::new();
        for action in &actions {
            run.act(action);
            prop_assert_eq!(run.disk.rows(), run.seen.clone(), "after {:?}", action);
            prop_assert_eq!(run.process.digest(), digest(&run.seen));
        }
        run.act(&Action::Restart { crash: true, keep: false });
        prop_assert_eq!(run.disk.rows(), run.seen.clone());
        prop_assert_eq!(run.disk.names("."), Vec::<String>::new());
    }
}
