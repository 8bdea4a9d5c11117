//! What the window operators share: keyed state cut along time.

use std::collections::VecDeque;

use crate::operator::lateness::{Fate, LateNote};
use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::state::KeyedTable;
use crate::operator::{Collect, SidePort};
use crate::record::Record;
use crate::record::data::{Data, Key};
use crate::record::time::EventTime;

/// Stretches of time, each with a table of its own: a window closes by a walk over its table,
/// with no timer per key and no scan of other keys.
///
/// Times are nanoseconds of either axis. Panes are `length` long and aligned to 0; the last one
/// before the largest time is cut short.
#[derive(Clone, Debug)]
pub(crate) struct Panes<K, S> {
    length: i64,
    /// By their end, rising.
    open: VecDeque<Pane<K, S>>,
    /// Where the last record went: the next one mostly goes there too.
    current: usize,
    /// Tables of panes that are gone, emptied, for those to come.
    spare: Vec<KeyedTable<K, S>>,
}

/// The state of one stretch of time.
#[derive(Clone, Debug)]
pub(crate) struct Pane<K, S> {
    /// Its first instant.
    pub(crate) start: i64,
    /// The instant behind its last one.
    pub(crate) end: i64,
    /// The states of its keys.
    pub(crate) table: KeyedTable<K, S>,
}

/// Emptied tables kept for reuse, however few panes are open; else as many as are.
const SPARE_TABLES: usize = 2;

impl<K: Key, S> Panes<K, S> {
    /// None so far; all `length` nanoseconds long, which is positive.
    pub(crate) const fn new(length: i64) -> Self {
        Self { length, open: VecDeque::new(), current: 0, spare: Vec::new() }
    }

    /// The pane that held the last instant, or was opened since, if it holds this one too.
    #[inline]
    pub(crate) fn current(&mut self, time: i64) -> Option<&mut Pane<K, S>> {
        self.open.get_mut(self.current).filter(|pane| pane.start <= time && time < pane.end)
    }

    /// The end of an instant's pane, held at the largest representable time.
    pub(crate) const fn end_of(&self, time: i64) -> i64 {
        time.saturating_add(self.length - time.rem_euclid(self.length))
    }

    /// The first instant of the pane that ends here.
    pub(crate) const fn start_of(&self, end: i64) -> i64 {
        // Not `end - length`: the end may have been held at the largest time.
        let last = end - 1;
        last.saturating_sub(last.rem_euclid(self.length))
    }

    /// Finds or opens the pane with this end, and makes it the current one.
    #[cold]
    pub(crate) fn open(&mut self, end: i64) -> &mut Pane<K, S> {
        self.current = match self.open.binary_search_by_key(&end, |pane| pane.end) {
            Ok(found) => found,
            Err(place) => {
                // Neighbours hold about as many keys as it will; to ask all would take longer with
                // every pane that is open.
                let around = place.saturating_sub(1)..self.open.len().min(place + 1);
                let keys = self.open.range(around).map(|pane| pane.table.len()).max().unwrap_or(0);
                let table = self.spare.pop().unwrap_or_else(|| KeyedTable::with_capacity(keys));
                self.open.insert(place, Pane { start: self.start_of(end), end, table });
                place
            }
        };
        &mut self.open[self.current]
    }

    /// The pane that ends first.
    pub(crate) fn first(&self) -> Option<&Pane<K, S>> {
        self.open.front()
    }

    /// The first pane that ends behind this instant.
    pub(crate) fn first_behind(&self, instant: i64) -> Option<&Pane<K, S>> {
        self.open.get(self.open.partition_point(|pane| pane.end <= instant))
    }

    /// All panes, by their end.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Pane<K, S>> {
        self.open.iter()
    }

    /// The number of the pane opened last, counted by their ends.
    pub(crate) const fn position(&self) -> usize {
        self.current
    }

    /// The tables of `count` panes from one of them on.
    #[inline]
    pub(crate) fn tables(
        &mut self,
        first: usize,
        count: usize,
    ) -> impl Iterator<Item = &mut KeyedTable<K, S>> {
        self.open.range_mut(first..first + count).map(|pane| &mut pane.table)
    }

    /// Takes the pane that ends first. Its table should come back.
    pub(crate) fn take_first(&mut self) -> Option<Pane<K, S>> {
        self.current = self.current.saturating_sub(1);
        self.open.pop_front()
    }

    /// Keeps an emptied table for a pane to come.
    pub(crate) fn give_back(&mut self, mut table: KeyedTable<K, S>) {
        if self.spare.len() < SPARE_TABLES.max(self.open.len()) {
            if !table.is_empty() {
                drop(table.drain());
            }
            self.spare.push(table);
        }
    }

    /// Forgets the pane that ends first.
    pub(crate) fn drop_first(&mut self) {
        if let Some(pane) = self.take_first() {
            self.give_back(pane.table);
        }
    }

    /// Moves what the pane that ends first holds into `firing` and forgets the pane, if its last
    /// instant is `upto` or before. Returns its end.
    pub(crate) fn release_due(&mut self, upto: i64, firing: &mut Vec<(K, S)>) -> Option<i64> {
        let end = self.first().map(|pane| pane.end).filter(|end| end - 1 <= upto)?;
        self.release_first(firing);
        Some(end)
    }

    /// Moves what the pane that ends first holds into `firing`, and forgets the pane.
    pub(crate) fn release_first(&mut self, firing: &mut Vec<(K, S)>) {
        if let Some(mut pane) = self.take_first() {
            firing.extend(pane.table.drain());
            self.give_back(pane.table);
        }
    }
}

impl<K: Key, S: Data> Panes<K, S> {
    /// Writes the panes: whole, or what changed in each since the snapshot before.
    pub(crate) fn write(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        let ends: Vec<i64> = self.open.iter().map(|pane| pane.end).collect();
        into.put(&ends);
        for pane in &mut self.open {
            // One that opened after the last snapshot has no delta: it is written whole.
            let since = since.filter(|_| pane.table.is_tracking());
            pane.table.write(since, into);
        }
    }

    /// Adds what [`Panes::write`] wrote, as far as the reader's subtask owns it.
    pub(crate) fn read(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        let ends: Vec<i64> = from.take()?;
        if from.is_delta() {
            // Those that are gone since are not in the delta.
            self.open.retain(|pane| ends.contains(&pane.end));
        }
        for end in ends {
            self.open(end).table.read(from)?;
        }
        Ok(())
    }
}

/// Notes a record that came too late for its windows or its join, and puts it out at the late port,
/// if there is one.
#[cold]
pub(crate) fn refuse<T: Data, O>(
    late: Option<SidePort<T>>,
    record: Record<T>,
    at: (u8, EventTime),
    out: &mut impl Collect<O>,
) {
    note(&record, at, Fate::Refused, out);
    if let Some(port) = late {
        out.side(port, record);
    }
}

/// Notes what became of a record behind the watermark.
#[cold]
pub(crate) fn note<T: Data, O>(
    record: &Record<T>,
    at: (u8, EventTime),
    fate: Fate,
    out: &mut impl Collect<O>,
) {
    out.late(LateNote::new(record, at, fate));
}
