//! Where events come from: splits whose offsets can be read again with equal content.
//!
//! [`Splits`] says what there is, and [`Reader`] reads it. Neither waits: a reader whose events come
//! from elsewhere says when they are there ([`Reader::poll_ready`]). The event at a split and offset is
//! the same whenever it is read. Offsets are the input's own: they begin where it says
//! ([`Splits::start`]) and may have gaps, so that events are counted as they are read. Split `s` of `S`
//! of what is generated holds the events `s`, `s + S` and so on. The number of splits does not depend
//! on the parallelism: subtask `p` of `P` reads the splits `p`, `p + P` and so on ([`splits_of`]). Engines meet [`BatchReader`], which fills a [`Batch`] with
//! at most [`READ_CHUNK`] records.

use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::job::observer::{LATE_NANOS, Observer};
use crate::record::batch::Batch;
use crate::record::time::{EventTime, ProcessingTime};
use crate::record::{Record, Stamps};

/// Records that a source puts into one batch: small enough to stay in the first-level cache.
pub const READ_CHUNK: u64 = 256;

/// What a split has to offer at some instant.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Available {
    /// Offsets before this one can be read.
    pub end: u64,
    /// When there will be more.
    pub next: Next,
}

/// When a split will have more.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// At a planned instant.
    At(ProcessingTime),
    /// When something comes from outside: see [`Splits::when_available`].
    Unknown,
    /// Never: the split ends here.
    Never,
}

/// The splits of a source, as an engine sees them.
pub trait Splits: Send + Sync {
    /// How many there are; independent of parallelism.
    fn splits(&self) -> u32;

    /// The offset at which a job begins to read a split.
    fn start(&self, split: u32) -> u64 {
        let _ = split;
        0
    }

    /// What can be read of a split at `now`, when everything before `from` has been. `now` may have
    /// passed: what has come since is not in the answer, by which a source knows its backlog.
    ///
    /// # Errors
    /// When the input behind the split has failed.
    fn available(
        &self,
        split: u32,
        from: u64,
        now: ProcessingTime,
    ) -> Result<Available, SourceError>;

    /// Wakes when a split whose next event is [`Next::Unknown`] has more than
    /// [`available`](Self::available) has told last, or has ended.
    fn when_available(&self, split: u32, waker: &Waker) {
        let _ = (split, waker);
    }

    /// Why a split cannot be read on from an offset up to which another process has read it, as it is
    /// no longer what it was; `None` if it can. What is made or held here always can.
    ///
    /// # Errors
    /// When the input does not say.
    fn obstacle(&self, split: u32, from: u64) -> Result<Option<String>, SourceError> {
        let _ = (split, from);
        Ok(None)
    }
}

impl dyn Splits + '_ {
    /// As [`Splits::available`] of a split of which everything before `from` has been read.
    ///
    /// # Errors
    /// As [`Splits::available`], and when the split ends before what has been read: nothing more
    /// will ever come.
    #[inline]
    pub fn available_from(
        &self,
        split: u32,
        from: u64,
        now: ProcessingTime,
    ) -> Result<Available, SourceError> {
        let available = self.available(split, from, now)?;
        if available.end < from && available.next == Next::Never {
            return Err(shorter(split, from, available.end));
        }
        Ok(available)
    }
}

#[cold]
fn shorter(split: u32, offset: u64, end: u64) -> SourceError {
    SourceError {
        input: "the input".to_owned(),
        split,
        offset,
        line: None,
        column: None,
        failure: SourceFailure::Failed,
        cause: format!("it ends at offset {end}, before what has been read of it"),
    }
}

/// A source of events of one type.
pub trait Source<E>: Splits {
    /// A reader for one subtask.
    fn reader(&self) -> Box<dyn Reader<E>>;
}

/// Reads splits for one subtask.
pub trait Reader<E>: Send {
    /// Up to which of these offsets, all of them available, reading need not wait: more than the
    /// first. Pending until then, and the task is woken. What is at hand by itself is ready at once.
    ///
    /// # Errors
    /// When they will never come; the run ends.
    fn poll_ready(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        context: &mut Context<'_>,
    ) -> Poll<Result<u64, SourceError>> {
        let _ = (split, context);
        Poll::Ready(Ok(offsets.end))
    }

    /// Appends the events at `offsets` of a split, all of them ready, and returns the newest event
    /// time among them. There are fewer than offsets where these have gaps.
    ///
    /// # Errors
    /// When an event cannot be read; the run ends.
    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Vec<Record<E>>,
    ) -> Result<EventTime, SourceError>;
}

/// What a reader has read.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ReadEvents {
    /// How many events.
    pub events: u64,
    /// The newest event time among them; [`EventTime::MIN`] of none.
    pub newest: EventTime,
}

/// A reader that fills batches: [`Reader`] with its type erased.
pub trait BatchReader: Send {
    /// As [`Reader::poll_ready`].
    ///
    /// # Errors
    /// As [`Reader::poll_ready`].
    fn poll_ready(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        context: &mut Context<'_>,
    ) -> Poll<Result<u64, SourceError>>;
    /// Replaces the contents of `into` by the events at `offsets`.
    ///
    /// # Errors
    /// As [`Reader::read`].
    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Batch,
    ) -> Result<ReadEvents, SourceError>;
    /// A batch of the source's type.
    fn batch(&self) -> Batch;
}

struct ErasedReader<E>(Box<dyn Reader<E>>);

impl<E: Send + 'static> BatchReader for ErasedReader<E> {
    fn poll_ready(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        context: &mut Context<'_>,
    ) -> Poll<Result<u64, SourceError>> {
        self.0.poll_ready(split, offsets, context)
    }
    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Batch,
    ) -> Result<ReadEvents, SourceError> {
        let newest = into.fill(|records| self.0.read(split, offsets, records))?;
        Ok(ReadEvents { events: into.len() as u64, newest })
    }
    fn batch(&self) -> Batch {
        Batch::new::<E>()
    }
}

/// A plan's source.
#[derive(Clone)]
pub struct SourceSpec {
    /// Its splits.
    pub splits: Arc<dyn Splits>,
    /// Longest delay among its events, in nanoseconds of event time: what watermarks allow for.
    pub bound_nanos: i64,
    /// Writes the records of a batch for another process.
    pub wire: WireEvents,
    reader: Arc<dyn Fn() -> Box<dyn BatchReader> + Send + Sync>,
}

/// Takes all records out of a batch and appends them to bytes: of each the event time in
/// nanoseconds, both stamps, and the event with its fields in their order as MessagePack. Numbers
/// before the event are little-endian. It fails only where an event cannot be serialized.
pub type WireEvents = fn(&mut Batch, &mut Vec<u8>) -> Result<(), String>;

fn wire_events<E: Serialize + Send + 'static>(
    batch: &mut Batch,
    into: &mut Vec<u8>,
) -> Result<(), String> {
    let upto = batch.len();
    for record in batch.drain::<E>(upto) {
        into.extend_from_slice(&record.event_time.0.to_le_bytes());
        into.extend_from_slice(&record.stamps.planned.to_le_bytes());
        into.extend_from_slice(&record.stamps.ingested.to_le_bytes());
        // As people read it: with every field that it has.
        let mut event = rmp_serde::Serializer::new(&mut *into).with_human_readable();
        record.value.serialize(&mut event).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Takes an event off the front of what [`WireEvents`] has written.
///
/// # Errors
/// When the bytes are no such event.
pub fn take_wired<E: DeserializeOwned>(from: &mut &[u8]) -> Result<Record<E>, String> {
    let (head, body) = from.split_first_chunk::<16>().ok_or("an event is cut off")?;
    let [a, b, c, d, e, f, g, h, stamps @ ..] = *head;
    let event_time = EventTime(i64::from_le_bytes([a, b, c, d, e, f, g, h]));
    let [a, b, c, d, e, f, g, h] = stamps;
    let planned = u32::from_le_bytes([a, b, c, d]);
    let stamps = Stamps { planned, ingested: u32::from_le_bytes([e, f, g, h]) };
    let mut fields = rmp_serde::Deserializer::new(body).with_human_readable();
    let value = E::deserialize(&mut fields).map_err(|error| error.to_string())?;
    *from = fields.into_inner();
    Ok(Record { value, event_time, stamps })
}

impl std::fmt::Debug for SourceSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceSpec").field("bound_nanos", &self.bound_nanos).finish_non_exhaustive()
    }
}

impl SourceSpec {
    /// With the longest delay among its events, in nanoseconds of event time.
    pub fn new<E: Serialize + Send + 'static>(
        source: Arc<dyn Source<E>>,
        bound_nanos: i64,
    ) -> Self {
        let splits: Arc<dyn Splits> = source.clone();
        let reader =
            Arc::new(move || -> Box<dyn BatchReader> { Box::new(ErasedReader(source.reader())) });
        Self { splits, bound_nanos, wire: wire_events::<E>, reader }
    }

    /// A reader for one subtask.
    pub fn reader(&self) -> Box<dyn BatchReader> {
        (self.reader)()
    }
}

/// Tells the observer of events that a source reads over [`LATE_NANOS`] too late which had nothing
/// else to do: its timer for one planned at `due` fired so many nanoseconds late. `from` says where
/// each split is to be read on.
pub fn note_oversleep(
    splits: &dyn Splits,
    from: impl Iterator<Item = (u32, u64)>,
    due: ProcessingTime,
    late_nanos: u64,
    observer: &dyn Observer,
) {
    if late_nanos <= LATE_NANOS {
        return;
    }
    let late = due.after(late_nanos - LATE_NANOS);
    let of_split = |(split, from)| {
        // An input that has failed says so when it is read.
        splits.available(split, from, late).map_or(0, |it| it.end.saturating_sub(from))
    };
    let events = from.map(of_split).sum();
    if events > 0 {
        observer.overslept(events);
    }
}

/// The splits of one of `parallelism` readers: every `parallelism`-th, from its own number.
pub fn splits_of(subtask: u32, parallelism: u32, splits: u32) -> impl Iterator<Item = u32> {
    (subtask..splits).step_by(parallelism as usize)
}

/// An event that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{input}, split {split}, offset {offset}{}: {cause}", place(.line, .column))]
pub struct SourceError {
    /// The input, as the user named it.
    pub input: String,
    /// The split.
    pub split: u32,
    /// The offset within the split.
    pub offset: u64,
    /// Line of a text input, from 1.
    pub line: Option<u64>,
    /// Column within the line or the message, from 1; `Some` if its content is what is wrong.
    pub column: Option<u64>,
    /// What it takes for it to be read.
    pub failure: SourceFailure,
    /// What is wrong.
    pub cause: String,
}

/// What it takes for an event to be read that cannot be.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum SourceFailure {
    /// Another input: what is there is no event, is gone, or may not be read by this user.
    Refused,
    /// The same input, once it answers: it has failed.
    Failed,
}

fn place(line: &Option<u64>, column: &Option<u64>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
        (Some(line), None) => format!(" (line {line})"),
        (None, Some(column)) => format!(" (column {column})"),
        (None, None) => String::new(),
    }
}
