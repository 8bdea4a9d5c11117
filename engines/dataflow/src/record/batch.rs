//! A buffer's worth of records of one type, with the type erased.
//!
//! A [`Batch`] is a pointer to a vector of records and to marks: a mark is a position and a
//! watermark. It passes by value at every turn of a subtask, so it is no larger than that.
//! Watermarks travel inside of buffers because, as messages of their own, they would overtake open
//! buffers or force every channel to flush.
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
    contents: Box<Contents<dyn Any + Send>>,
}

// Moved at every turn: a larger one costs the pipelined engine 1 % of its instructions.
const _: () = assert!(size_of::<Batch>() == 2 * size_of::<usize>());

/// What lies in a batch: records of one type, the type erased.
struct Contents<R: ?Sized> {
    /// Records at the start, those that were taken included.
    len: usize,
    taken: usize,
    /// The rest stands in reverse order, so that single records can be popped.
    reversed: bool,
    bytes: usize,
    marks: Vec<Mark>,
    next_mark: usize,
    /// Of its sampled records; empty when nobody asked for trails.
    trails: Vec<LatencyTrace>,
    /// Begins trails in records of this batch's type.
    sample: fn(&mut (dyn Any + Send), &mut Chooser, &mut Vec<LatencyTrace>),
    /// A `Vec<Record<T>>`.
    records: R,
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch")
            .field("len", &self.contents.len)
            .field("taken", &self.contents.taken)
            .field("marks", &self.contents.marks)
            .finish_non_exhaustive()
    }
}

impl Batch {
    /// An empty batch for records of `T`.
    pub fn new<T: Send + 'static>() -> Self {
        Self::of(Vec::<Record<T>>::new())
    }

    /// A batch of these records.
    pub fn of<T: Send + 'static>(records: Vec<Record<T>>) -> Self {
        let contents = Contents {
            len: records.len(),
            taken: 0,
            reversed: false,
            bytes: 0,
            marks: Vec::new(),
            next_mark: 0,
            trails: Vec::new(),
            sample: sample::<T>,
            records,
        };
        Self { contents: Box::new(contents) }
    }

    /// Records that came with the batch.
    pub fn len(&self) -> usize {
        self.contents.len
    }

    /// Whether it came without records (it may still carry watermarks).
    pub fn is_empty(&self) -> bool {
        self.contents.len == 0
    }

    /// Bytes of its records, as buffers count them.
    pub fn bytes(&self) -> usize {
        self.contents.bytes
    }

    /// Position up to which records can be processed before a watermark is due.
    pub fn stop(&self) -> usize {
        self.contents.due_mark().map_or(self.contents.len, |mark| mark.position)
    }

    /// Records processed so far.
    pub fn taken(&self) -> usize {
        self.contents.taken
    }

    /// The next watermark, once every record before it has been processed. `None` at the end.
    pub fn take_mark(&mut self) -> Option<EventTime> {
        let contents = &mut *self.contents;
        let mark = contents.due_mark()?;
        assert!(mark.position == contents.taken, "records before a watermark are processed first");
        contents.next_mark += 1;
        Some(mark.watermark)
    }

    /// Whether nothing is left, record or watermark.
    pub fn is_finished(&self) -> bool {
        self.contents.taken == self.contents.len && self.contents.due_mark().is_none()
    }

    /// Takes all records up to a position at once.
    ///
    /// # Panics
    /// When the batch holds another type: two stages were wired that do not fit.
    pub fn drain<T: Send + 'static>(&mut self, upto: usize) -> Drain<'_, Record<T>> {
        let contents = &mut *self.contents;
        debug_assert!(!contents.reversed, "a batch is drained or popped, not both");
        let count = upto - contents.taken;
        contents.taken = upto;
        records_of(&mut contents.records).drain(..count)
    }

    /// Takes the next record before a position.
    ///
    /// # Panics
    /// When the batch holds another type.
    #[inline]
    pub fn pop<T: Send + 'static>(&mut self, upto: usize) -> Option<Record<T>> {
        let contents = &mut *self.contents;
        let records: &mut Vec<Record<T>> = records_of(&mut contents.records);
        if !contents.reversed {
            records.reverse();
            contents.reversed = true;
        }
        if contents.taken == upto {
            return None;
        }
        contents.taken += 1;
        records.pop()
    }

    /// Hands the records over for filling, and takes them back with what was put in.
    pub fn fill<T: Send + 'static, R>(&mut self, body: impl FnOnce(&mut Vec<Record<T>>) -> R) -> R {
        let contents = &mut *self.contents;
        contents.recycle();
        let records = records_of(&mut contents.records);
        records.clear();
        let result = body(records);
        contents.len = records.len();
        result
    }

    /// Exchanges the contents: filled records and marks in, an empty vector to fill out.
    pub(crate) fn seal<T: Send + 'static>(
        &mut self,
        records: &mut Vec<Record<T>>,
        marks: &mut Vec<Mark>,
        bytes: usize,
    ) {
        let contents = &mut *self.contents;
        contents.recycle();
        let own: &mut Vec<Record<T>> = records_of(&mut contents.records);
        own.clear();
        std::mem::swap(own, records);
        contents.len = own.len();
        std::mem::swap(&mut contents.marks, marks);
        contents.bytes = bytes;
    }

    /// Chooses samples among the records that were read into it, and begins their trails.
    pub(crate) fn begin_trails(&mut self, chooser: &mut Chooser) {
        let Contents { sample, records, trails, .. } = &mut *self.contents;
        trails.clear();
        sample(records, chooser, trails);
    }

    /// The trails of its sampled records.
    pub(crate) const fn trails(&mut self) -> &mut Vec<LatencyTrace> {
        &mut self.contents.trails
    }
}

impl Contents<dyn Any + Send> {
    /// The next watermark that was not taken yet.
    fn due_mark(&self) -> Option<Mark> {
        self.marks.get(self.next_mark).copied()
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
    records: &mut (dyn Any + Send),
    chooser: &mut Chooser,
    trails: &mut Vec<LatencyTrace>,
) {
    chooser.choose(records_of::<T>(records), trails);
}

#[inline]
fn records_of<T: 'static>(records: &mut (dyn Any + Send)) -> &mut Vec<Record<T>> {
    records.downcast_mut().expect("a batch is read as the type it was written as")
}
