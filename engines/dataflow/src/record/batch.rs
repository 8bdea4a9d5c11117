//! A buffer's worth of records of one type, with the type erased.
//!
//! A [`Batch`] is a vector of records behind `Box<dyn Any>`, with marks: a mark is a position and a
//! watermark. Watermarks travel inside of buffers because, as messages of their own, they would
//! overtake open buffers or force every channel to flush.
//!
//! A batch is drained up to a mark at once, or popped record by record. The first pop reverses the
//! vector, so that taking one record from the front is taking it from the end. An emptied batch
//! goes back to the stage that filled it, so that in the steady state nothing is allocated
//! (`tests/allocations.rs`).

use std::any::Any;
use std::vec::Drain;

use crate::record::Record;
use crate::record::latency_trace::{Chooser, LatencyTrace};
use crate::record::time::EventTime;

/// A watermark inside a batch: it holds for what comes behind the first `position` records.
///
/// Watermarks travel inside buffers because as messages of their own they would either overtake
/// open buffers or force every channel to flush.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Records before it.
    pub position: usize,
    /// The watermark.
    pub watermark: EventTime,
}

/// Records between two stages, or from a source into its stage.
///
/// Batches are pooled: a consumer empties one in place and it goes back to its producer.
pub struct Batch {
    /// A `Vec<Record<T>>`.
    payload: Box<dyn Any + Send>,
    /// Records at the start, those that were taken included.
    len: usize,
    taken: usize,
    /// The rest stands in reverse order, so that single records can be popped.
    reversed: bool,
    bytes: usize,
    marks: Vec<Mark>,
    next_mark: usize,
    /// Of its sampled records; empty when nobody asked for trails.
    pub(crate) trails: Vec<LatencyTrace>,
    /// Begins trails in a payload of this batch's type.
    sample: fn(&mut Box<dyn Any + Send>, &mut Chooser, &mut Vec<LatencyTrace>),
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch")
            .field("len", &self.len)
            .field("taken", &self.taken)
            .field("marks", &self.marks)
            .finish_non_exhaustive()
    }
}

impl Batch {
    /// An empty batch for records of `T`.
    pub fn new<T: Send + 'static>() -> Self {
        Self {
            payload: Box::new(Vec::<Record<T>>::new()),
            len: 0,
            taken: 0,
            reversed: false,
            bytes: 0,
            marks: Vec::new(),
            next_mark: 0,
            trails: Vec::new(),
            sample: sample::<T>,
        }
    }

    /// A batch of these records.
    pub fn of<T: Send + 'static>(records: Vec<Record<T>>) -> Self {
        let len = records.len();
        let mut batch = Self::new::<T>();
        batch.payload = Box::new(records);
        batch.len = len;
        batch
    }

    /// Records that came with the batch.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it came without records (it may still carry watermarks).
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of its records, as buffers count them.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Position up to which records can be processed before a watermark is due.
    pub fn stop(&self) -> usize {
        self.marks.get(self.next_mark).map_or(self.len, |mark| mark.position)
    }

    /// Records processed so far.
    pub const fn taken(&self) -> usize {
        self.taken
    }

    /// The next watermark, once every record before it has been processed. `None` at the end.
    pub fn take_mark(&mut self) -> Option<EventTime> {
        let mark = self.marks.get(self.next_mark)?;
        assert!(mark.position == self.taken, "records before a watermark are processed first");
        self.next_mark += 1;
        Some(mark.watermark)
    }

    /// Whether nothing is left, record or watermark.
    pub fn is_finished(&self) -> bool {
        self.taken == self.len && self.next_mark == self.marks.len()
    }

    /// Takes all records up to a position at once.
    ///
    /// # Panics
    /// When the batch holds another type: two stages were wired that do not fit.
    pub fn drain<T: Send + 'static>(&mut self, upto: usize) -> Drain<'_, Record<T>> {
        debug_assert!(!self.reversed, "a batch is drained or popped, not both");
        let count = upto - self.taken;
        self.taken = upto;
        records_of(&mut self.payload).drain(..count)
    }

    /// Takes the next record before a position.
    ///
    /// # Panics
    /// When the batch holds another type.
    #[inline]
    pub fn pop<T: Send + 'static>(&mut self, upto: usize) -> Option<Record<T>> {
        let records: &mut Vec<Record<T>> = records_of(&mut self.payload);
        if !self.reversed {
            records.reverse();
            self.reversed = true;
        }
        if self.taken == upto {
            return None;
        }
        self.taken += 1;
        records.pop()
    }

    /// Hands the records over for filling, and takes them back with what was put in.
    pub fn fill<T: Send + 'static, R>(&mut self, body: impl FnOnce(&mut Vec<Record<T>>) -> R) -> R {
        self.recycle();
        let records = records_of(&mut self.payload);
        records.clear();
        let result = body(records);
        self.len = records.len();
        result
    }

    /// Exchanges the contents: filled records and marks in, an empty vector to fill out.
    pub(crate) fn seal<T: Send + 'static>(
        &mut self,
        records: &mut Vec<Record<T>>,
        marks: &mut Vec<Mark>,
        bytes: usize,
    ) {
        self.recycle();
        let own: &mut Vec<Record<T>> = records_of(&mut self.payload);
        own.clear();
        std::mem::swap(own, records);
        self.len = own.len();
        std::mem::swap(&mut self.marks, marks);
        self.bytes = bytes;
    }

    /// Chooses samples among the records that were read into it, and begins their trails.
    pub(crate) fn begin_trails(&mut self, chooser: &mut Chooser) {
        self.trails.clear();
        (self.sample)(&mut self.payload, chooser, &mut self.trails);
    }

    fn recycle(&mut self) {
        self.len = 0;
        self.taken = 0;
        self.reversed = false;
        self.bytes = 0;
        self.marks.clear();
        self.next_mark = 0;
        self.trails.clear();
    }
}

fn sample<T: 'static>(
    payload: &mut Box<dyn Any + Send>,
    chooser: &mut Chooser,
    trails: &mut Vec<LatencyTrace>,
) {
    chooser.choose(records_of::<T>(payload), trails);
}

#[inline]
fn records_of<T: 'static>(payload: &mut Box<dyn Any + Send>) -> &mut Vec<Record<T>> {
    payload.downcast_mut().expect("a batch is read as the type it was written as")
}
