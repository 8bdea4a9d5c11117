//! What somebody sees who looks at a result whenever it has changed.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use dataflow::ProcessingTime;
use dataflow::record::digest::hash_of;

use crate::files::row_change::RowChange;

/// A result kept by changes, equal for equal rows. Rows are added up as hashes of 128 bits, and one
/// that is taken out is subtracted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TableState(u128);

impl TableState {
    /// Follows lines of changes.
    pub fn follow(&mut self, lines: &[u8]) {
        for RowChange { is_put_in, row } in RowChange::each(lines) {
            let hash = hash_of(&*String::from_utf8_lossy(row));
            self.0 = if is_put_in { self.0.wrapping_add(hash) } else { self.0.wrapping_sub(hash) };
        }
    }
}

/// Lines that became visible at once, and when.
#[derive(Clone, Debug)]
pub struct VisibleStep {
    /// When they did.
    pub at: ProcessingTime,
    /// NDJSON.
    pub lines: Vec<u8>,
}

/// The states of a run that somebody could see, beside the answers to all prefixes of its input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JudgedStates {
    /// How many there were.
    pub states: u64,
    /// Those that are the answer to no prefix.
    pub unjustified: u64,
    /// How long each stretch of those lasted, in nanoseconds, in order; the last one up to the end of
    /// the run if it never ended.
    pub until_consistent_ns: Vec<u64>,
    /// Whether the last state is the answer to a prefix.
    pub ends_justified: bool,
}

impl JudgedStates {
    /// Judges each state of a run that ended then; before the first step there is none.
    pub fn of(
        steps: &[VisibleStep],
        ended: ProcessingTime,
        prefixes: &HashSet<TableState>,
    ) -> Self {
        let (mut table, mut judged) = (TableState::default(), Self::default());
        let mut since: Option<ProcessingTime> = None;
        for VisibleStep { at, lines } in steps {
            table.follow(lines);
            judged.states += 1;
            if prefixes.contains(&table) {
                judged.until_consistent_ns.extend(since.take().map(|since| at.since(since)));
            } else {
                judged.unjustified += 1;
                since.get_or_insert(*at);
            }
        }
        judged.ends_justified = since.is_none();
        judged.until_consistent_ns.extend(since.map(|since| ended.since(since)));
        judged
    }
}

/// Steps, in the order in which they became visible.
pub(super) type Steps = Arc<Mutex<Vec<VisibleStep>>>;

/// Takes rows as they are handed over, which is when they are seen.
pub(super) struct RowWatcher {
    pub(super) steps: Steps,
    pub(super) now: Arc<dyn Fn() -> ProcessingTime + Send + Sync>,
}

impl Write for RowWatcher {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if !lines.is_empty() {
            let step = VisibleStep { at: (self.now)(), lines: lines.to_vec() };
            self.steps.lock().expect("no holder fails").push(step);
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(at: u64, lines: &str) -> VisibleStep {
        VisibleStep { at: ProcessingTime::ZERO.after(at), lines: lines.as_bytes().to_vec() }
    }

    fn state(lines: &str) -> TableState {
        let mut table = TableState::default();
        table.follow(lines.as_bytes());
        table
    }

    #[test]
    fn a_state_is_what_its_changes_come_to() {
        let (one, two) = ("{\"op\":\"+I\",\"n\":1}\n", "{\"op\":\"+U\",\"n\":2}\n");
        assert_eq!(state(&format!("{one}{{\"op\":\"-U\",\"n\":1}}\n{two}")), state(two));
        assert_eq!(state(&format!("{one}{two}")), state(&format!("{two}{one}")));
        assert_ne!(state(one), state(two));
        assert_ne!(state(&format!("{one}{one}")), state(one), "a row is there twice");
        assert_eq!(state("{\"op\":\"+I\",\"n\":1}\n{\"op\":\"-D\",\"n\":1}\n"), state(""));
    }

    #[test]
    fn a_stretch_of_unjustified_states_lasts_until_the_next_justified_one() {
        let prefixes = HashSet::from([state(""), state("a\nb\n"), state("a\nb\nc\n")]);
        let steps = [step(5, "a\n"), step(7, "b\n"), step(8, "c\n"), step(9, "d\n")];
        let end = ProcessingTime::ZERO.after(19);
        let judged = JudgedStates::of(&steps[..3], end, &prefixes);
        let whole = JudgedStates {
            states: 3,
            unjustified: 1,
            until_consistent_ns: vec![2],
            ends_justified: true,
        };
        assert_eq!(judged, whole);
        let judged = JudgedStates::of(&steps, end, &prefixes);
        assert!(!judged.ends_justified);
        assert_eq!((judged.unjustified, judged.until_consistent_ns), (2, vec![2, 10]));
    }
}
