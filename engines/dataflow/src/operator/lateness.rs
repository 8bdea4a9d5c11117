//! What became of records that came behind the watermark: an answer is judged with it.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::record::Record;
use crate::record::digest::hash_of;
use crate::record::time::EventTime;

/// Late records that a subtask notes; of more it keeps the number only.
pub const MOST_NOTES: usize = 100_000;

/// What an operator has done with a record behind its watermark.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Fate {
    /// It counts nowhere.
    Refused,
    /// It counts in windows that end after this instant, and in no other.
    RefusedUpTo(EventTime),
    /// It counts, though not in a session that had closed.
    Accepted,
}

/// A record that came behind the watermark of an operator's input, where that may change the answer.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LateNote {
    /// The input of the operator, 0 for the only or left one, 1 for the right one.
    pub input: u8,
    /// The hash of the row, by [`hash_of`].
    pub row: u128,
    /// When it happened.
    pub event_time: EventTime,
    /// The watermark at the operator when it came, at or behind its event time.
    pub watermark: EventTime,
    /// What the operator did.
    pub fate: Fate,
}

impl LateNote {
    /// Of a record that came to an input when this was its watermark.
    pub fn new<T: Serialize>(
        record: &Record<T>,
        (input, watermark): (u8, EventTime),
        fate: Fate,
    ) -> Self {
        let (row, event_time) = (hash_of(&record.value), record.event_time);
        Self { input, row, event_time, watermark, fate }
    }
}

/// The notes of one subtask, bounded by [`MOST_NOTES`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateLog {
    notes: Vec<LateNote>,
    /// Late records beyond the bound.
    unnoted: u64,
}

impl LateLog {
    /// Notes a record.
    pub fn note(&mut self, note: LateNote) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(note);
        } else {
            self.unnoted += 1;
        }
    }

    /// All that was noted, in its order.
    pub fn notes(&self) -> &[LateNote] {
        &self.notes
    }

    /// What the subtasks of a stage have noted, dealt to another number of them. Nothing is lost, so
    /// that one may get more than [`MOST_NOTES`].
    pub fn dealt<'a>(former: impl IntoIterator<Item = &'a Self>, subtasks: usize) -> Vec<Self> {
        let mut dealt = vec![Self::default(); subtasks];
        let mut next = (0..subtasks).cycle();
        for log in former {
            for (note, to) in log.notes.iter().zip(next.by_ref()) {
                dealt[to].notes.push(*note);
            }
            if let Some(first) = dealt.first_mut() {
                first.unnoted += log.unnoted;
            }
        }
        dealt
    }
}

/// The notes of a whole job, by the stage and input at which records were late.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LateNotes {
    notes: BTreeMap<(usize, u8), Vec<LateNote>>,
    unnoted: u64,
}

impl LateNotes {
    /// Takes in what a subtask of a stage has noted.
    pub fn add(&mut self, stage: usize, log: &LateLog) {
        for note in &log.notes {
            self.notes.entry((stage, note.input)).or_default().push(*note);
        }
        self.unnoted += log.unnoted;
    }

    /// Whether no record was late.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.unnoted == 0
    }

    /// Late records of which nothing but their number is known: with them no answer can be told.
    pub const fn unnoted(&self) -> u64 {
        self.unnoted
    }

    /// Records that were refused, wholly or by some windows, at whatever input.
    pub fn refused(&self) -> u64 {
        self.refusals().count() as u64
    }

    /// Records that were taken into a session behind the watermark.
    pub fn accepted(&self) -> u64 {
        self.notes() - self.refused()
    }

    /// All that was noted.
    pub fn notes(&self) -> u64 {
        self.notes.values().map(|notes| notes.len() as u64).sum()
    }

    /// Equal for jobs that have refused the same records in the same way, in whatever order; the
    /// watermarks do not matter.
    pub fn digest(&self) -> u128 {
        let hashes = self.refusals().map(|((stage, input), note)| {
            hash_of(&(*stage as u64, input, note.row, note.event_time, note.fate))
        });
        hashes.fold(0, u128::wrapping_add)
    }

    fn refusals(&self) -> impl Iterator<Item = (&(usize, u8), &LateNote)> {
        let all = self.notes.iter().flat_map(|(at, notes)| notes.iter().map(move |it| (at, it)));
        all.filter(|(_, note)| note.fate != Fate::Accepted)
    }

    /// Notes that cannot be true: of a record that was ahead of its watermark, or at a watermark above
    /// `highest`, which no source can have told.
    pub fn contradictory(&self, highest: EventTime) -> u64 {
        let all = self.notes.values().flatten();
        let is_wrong =
            |note: &&LateNote| note.event_time > note.watermark || note.watermark > highest;
        all.filter(is_wrong).count() as u64
    }

    /// To find the notes of records by what they hold.
    pub fn rows(&self) -> LateRows {
        let mut rows = LateRows::default();
        for (&(stage, input), notes) in &self.notes {
            for note in notes {
                let of_time = rows.notes.entry((stage, input, note.event_time)).or_default();
                let late = Late { watermark: note.watermark, fate: note.fate };
                of_time.entry(note.row).or_default().push(late);
            }
        }
        rows
    }
}

/// What became of a late record, and at which watermark.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Late {
    /// The watermark when it came.
    pub watermark: EventTime,
    /// What the operator did.
    pub fate: Fate,
}

/// Notes as a multiset of rows, out of which an evaluator takes those that it meets. They are found
/// by their time first, so that only rows of a time at which one was late are hashed.
#[derive(Clone, Debug, Default)]
pub struct LateRows {
    notes: HashMap<(usize, u8, EventTime), HashMap<u128, Vec<Late>>>,
    /// Notes that were taken and cannot be true.
    unfounded: u64,
}

impl LateRows {
    /// Takes the note of a row that came to an input of a stage; `None` for one that was on time. Of
    /// rows that are all the same it does not matter which was late.
    pub fn take<T: Serialize + ?Sized>(
        &mut self,
        (stage, input): (usize, u8),
        row: &T,
        event_time: EventTime,
    ) -> Option<Late> {
        self.notes.get_mut(&(stage, input, event_time))?.get_mut(&hash_of(row))?.pop()
    }

    /// Whether a row was refused, where a row is taken wholly or not at all; takes its note. It
    /// closes at the lowest watermark at which it counts nowhere any more: for a window that is its
    /// end less 1 ns. A note of something else, or at a lower watermark, is unfounded.
    pub fn refuses<T: Serialize + ?Sized>(
        &mut self,
        at: (usize, u8),
        row: &T,
        event_time: EventTime,
        closes: EventTime,
    ) -> bool {
        let Some(late) = self.take(at, row, event_time) else { return false };
        let is_refused = late.fate == Fate::Refused;
        self.expect(is_refused && late.watermark >= closes);
        is_refused
    }

    /// Takes down whether a note that was taken can be true.
    pub const fn expect(&mut self, can_be_true: bool) {
        self.unfounded += !can_be_true as u64;
    }

    /// Notes without a ground: those that cannot be true, and those of rows that nobody has met, as
    /// there are no such rows.
    pub fn unfounded(&self) -> u64 {
        let left = self.notes.values().flat_map(HashMap::values);
        left.map(|notes| notes.len() as u64).sum::<u64>() + self.unfounded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(row: u64, time: i64, fate: Fate) -> LateNote {
        let event_time = EventTime(time);
        LateNote { input: 0, row: hash_of(&row), event_time, watermark: EventTime(90), fate }
    }

    #[test]
    fn a_row_is_taken_as_often_as_it_was_late() {
        let mut log = LateLog::default();
        for fate in [Fate::Refused, Fate::Refused, Fate::Accepted] {
            log.note(note(7, 5, fate));
        }
        let mut notes = LateNotes::default();
        notes.add(3, &log);
        assert_eq!((notes.refused(), notes.notes()), (2, 3));
        let mut rows = notes.rows();
        assert_eq!(rows.take((2, 0), &7_u64, EventTime(5)), None, "another stage");
        assert_eq!(rows.take((3, 1), &7_u64, EventTime(5)), None, "another input");
        assert_eq!(rows.take((3, 0), &7_u64, EventTime(6)), None, "another time");
        assert_eq!(rows.unfounded(), 3);
        let fates: Vec<_> = std::iter::from_fn(|| rows.take((3, 0), &7_u64, EventTime(5)))
            .map(|late| late.fate)
            .collect();
        assert_eq!(fates.iter().filter(|fate| **fate == Fate::Refused).count(), 2);
        assert_eq!((fates.len(), rows.unfounded()), (3, 0));
    }

    #[test]
    fn a_refusal_before_the_window_has_closed_is_unfounded() {
        let noted = |watermark: i64, fate| {
            let mut log = LateLog::default();
            log.note(LateNote { watermark: EventTime(watermark), ..note(7, 5, fate) });
            let mut notes = LateNotes::default();
            notes.add(0, &log);
            notes.rows()
        };
        // The window of 0 to 10 closes at 9.
        for (watermark, fate, unfounded) in [
            (9, Fate::Refused, 0),
            (12, Fate::Refused, 0),
            (8, Fate::Refused, 1),
            (12, Fate::Accepted, 1),
            (12, Fate::RefusedUpTo(EventTime(10)), 1),
        ] {
            let mut rows = noted(watermark, fate);
            let is_refused = rows.refuses((0, 0), &7u64, EventTime(5), EventTime(9));
            assert_eq!(is_refused, fate == Fate::Refused);
            assert_eq!(rows.unfounded(), unfounded, "{fate:?} at {watermark}");
            assert!(!rows.refuses((0, 0), &7u64, EventTime(5), EventTime(9)), "taken once");
        }
    }

    #[test]
    fn the_digest_is_of_what_was_refused_in_any_order() {
        let of = |given: &[LateNote]| {
            let (mut log, mut notes) = (LateLog::default(), LateNotes::default());
            given.iter().for_each(|note| log.note(*note));
            notes.add(1, &log);
            notes.digest()
        };
        let (a, b) = (note(1, 5, Fate::Refused), note(2, 6, Fate::RefusedUpTo(EventTime(8))));
        let accepted = note(3, 7, Fate::Accepted);
        assert_eq!(of(&[a, b]), of(&[b, accepted, LateNote { watermark: EventTime(99), ..a }]));
        assert_ne!(of(&[a, b]), of(&[a]));
        assert_ne!(of(&[a, b]), of(&[a, note(2, 6, Fate::Refused)]));
        assert_eq!(of(&[]), 0);
    }

    #[test]
    fn beyond_the_bound_only_the_number_is_kept() {
        let mut log = LateLog::default();
        for row in 0..MOST_NOTES as u64 + 2 {
            log.note(note(row, 5, Fate::Refused));
        }
        let mut other = LateLog::default();
        other.note(note(1, 1, Fate::Refused));
        let mut notes = LateNotes::default();
        let dealt = LateLog::dealt([&log, &other], 3);
        assert_eq!(dealt.iter().map(|it| it.notes.len()).max(), Some(MOST_NOTES / 3 + 1));
        dealt.iter().for_each(|log| notes.add(0, log));
        assert_eq!((notes.refused(), notes.unnoted()), (MOST_NOTES as u64 + 1, 2));
    }
}
