//! What somebody sees who looks at a result whenever it has changed.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use dataflow::ProcessingTime;
use serde_json::Value;

/// Lines that became visible at once, and when.
type Step = (ProcessingTime, Vec<u8>);

/// All steps of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(pub(crate) Vec<Step>);

/// What became of the states of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judged {
    pub(crate) states: u64,
    /// Those that are the answer to no prefix.
    pub(crate) unjustified: u64,
    /// How long each stretch of those lasted, in nanoseconds.
    pub(crate) lasted: Vec<u64>,
}

/// A table kept by changes: rows, and how often each is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table(BTreeMap<String, i64>);

impl Table {
    /// Follows lines of changes.
    pub(crate) fn follow(&mut self, lines: &[u8]) {
        for line in std::str::from_utf8(lines).unwrap().lines() {
            let mut row: Value = serde_json::from_str(line).unwrap();
            let op = row.as_object_mut().unwrap().shift_remove("op");
            let sign = match op.as_ref().and_then(Value::as_str) {
                None | Some("+I" | "+U") => 1,
                Some("-U" | "-D") => -1,
                Some(other) => panic!("{other} is no change"),
            };
            let row = row.to_string();
            let count = self.0.entry(row.clone()).or_default();
            *count += sign;
            if *count == 0 {
                self.0.remove(&row);
            }
        }
    }

    /// Equal for equal tables.
    pub(crate) fn text(&self) -> String {
        format!("{:?}", self.0)
    }
}

impl Seen {
    /// Each state, beside the answers to all prefixes.
    pub(crate) fn judged(&self, prefixes: &HashSet<String>) -> Judged {
        let (mut table, mut judged) = (Table::default(), Judged::default());
        let mut since: Option<ProcessingTime> = None;
        for (time, lines) in &self.0 {
            table.follow(lines);
            judged.states += 1;
            if prefixes.contains(&table.text()) {
                judged.lasted.extend(since.take().map(|since| time.since(since)));
            } else {
                judged.unjustified += 1;
                since.get_or_insert(*time);
            }
        }
        assert!(since.is_none(), "the last state is the answer to the whole input");
        judged
    }

    /// The same, as if each row became visible by itself; the two halves of an update stay together.
    pub(crate) fn row_by_row(&self) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        for (time, lines) in &self.0 {
            for line in lines.split_inclusive(|byte| *byte == b'\n') {
                match steps.last_mut().filter(|_| line.starts_with(br#"{"op":"+U""#)) {
                    Some(before) => before.1.extend(line),
                    None => steps.push((*time, line.to_vec())),
                }
            }
        }
        Self(steps)
    }
}

/// Takes rows as they are handed over.
#[derive(Clone)]
pub(crate) struct Watcher {
    pub(crate) seen: Arc<Mutex<Seen>>,
    pub(crate) now: Arc<dyn Fn() -> ProcessingTime + Send + Sync>,
}

impl Write for Watcher {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if !lines.is_empty() {
            let now = (self.now)();
            self.seen.lock().unwrap().0.push((now, lines.to_vec()));
        }
        Ok(lines.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
