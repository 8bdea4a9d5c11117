//! The splits of one reader: how far each has been read, its watermark, and which is next.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use serde::{Deserialize, Serialize};

use crate::job::observer::{LATE_NANOS, Observer};
use crate::job::settings::Setting;
use crate::job::source::{
    BatchReader, Next, READ_CHUNK, SourceError, SourceSpec, Splits, note_oversleep,
};
use crate::operator::idleness::Idleness;
use crate::operator::progress::BoundedOutOfOrderness;
use crate::record::batch::Batch;
use crate::record::time::{EventTime, ProcessingTime};

/// The setting of an engine for the time after which a split without events is idle.
pub const IDLE_TIMEOUT: Setting = Setting::number(
    "idle_timeout_ms",
    (0.0, 86_400_000.0),
    0.0,
    "a split without events for this long holds the watermark back no more until it has one, in ms; 0 lets it hold the watermark back for ever",
)
.mirroring("WatermarkStrategy.withIdleness");

/// How far a split has been read.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitPosition {
    /// The number of the split.
    pub split: u32,
    /// Everything before this offset has been read.
    pub offset: u64,
    /// Events that have been read of it, from where the job began.
    pub events: u64,
    /// Largest event time seen: what its watermark is made from.
    pub newest: EventTime,
    /// Whether there will be no more.
    pub ended: bool,
}

impl SplitPosition {
    /// Nothing has been read.
    pub fn start(splits: &dyn Splits, split: u32) -> Self {
        let offset = splits.start(split);
        Self { split, offset, events: 0, newest: EventTime::MIN, ended: false }
    }
}

/// What a look at the splits found.
#[derive(Copy, Clone, Debug)]
pub struct Outlook {
    /// The split whose turn it is, if one has something to read.
    pub readable: Option<Readable>,
    /// When the first planned event is due, of the splits that have nothing now.
    pub next_at: ProcessingTime,
    /// Whether one of them does not know when it will have more.
    pub unknown: bool,
}

/// Something to read: see [`SplitReader::read`].
#[derive(Copy, Clone, Debug)]
pub struct Readable {
    place: usize,
    end: u64,
}

/// Reads splits in turn, a chunk of one after another, and keeps their watermarks. It tells the
/// observer of backlog, of what it has read, and of late timers.
pub struct SplitReader {
    splits: Arc<dyn Splits>,
    reader: Box<dyn BatchReader>,
    bound_nanos: i64,
    own: Vec<SplitPosition>,
    /// Up to where the last look at each found something to read.
    seen: Vec<u64>,
    idleness: Idleness,
    /// The place whose turn it is.
    turn: usize,
    observer: Arc<dyn Observer>,
}

impl SplitReader {
    /// Reads a source's splits from these positions on.
    pub fn new(
        source: &SourceSpec,
        from: impl IntoIterator<Item = SplitPosition>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let own: Vec<SplitPosition> = from.into_iter().collect();
        Self {
            splits: Arc::clone(&source.splits),
            reader: source.reader(),
            bound_nanos: source.bound_nanos,
            seen: vec![0; own.len()],
            idleness: Idleness::new(None, own.len()),
            own,
            turn: 0,
            observer,
        }
    }

    /// The same, which leaves splits out of [`Self::active_watermark`] after so many nanoseconds without
    /// events.
    #[must_use]
    pub fn leaving_idle_out(self, timeout_nanos: Option<u64>) -> Self {
        Self { idleness: Idleness::new(timeout_nanos, self.own.len()), ..self }
    }

    /// Reads all splits of a source from their start.
    pub fn all(source: &SourceSpec, observer: Arc<dyn Observer>) -> Self {
        let splits = &*source.splits;
        let start = |split| SplitPosition::start(splits, split);
        Self::new(source, (0..splits.splits()).map(start), observer)
    }

    /// An empty batch of the source's type.
    pub fn batch(&self) -> Batch {
        self.reader.batch()
    }

    /// The next split with something to read, and otherwise when to look again.
    ///
    /// # Errors
    /// When the input behind a split has failed.
    #[inline]
    pub fn look(&mut self, now: ProcessingTime) -> Result<Outlook, SourceError> {
        let mut found = Outlook { readable: None, next_at: ProcessingTime::MAX, unknown: false };
        let count = self.own.len();
        for place in (0..count).map(|step| (self.turn + step) % count) {
            let SplitPosition { split, offset, ended, .. } = self.own[place];
            if ended {
                continue;
            }
            let available = self.splits.available_from(split, offset, now)?;
            if available.end > offset {
                let chunk = offset..available.end.min(offset + READ_CHUNK);
                let mut nobody = Context::from_waker(Waker::noop());
                let Poll::Ready(upto) = self.reader.poll_ready(split, chunk, &mut nobody) else {
                    self.idleness.found_nothing(place, now);
                    found.unknown = true;
                    continue;
                };
                self.idleness.found_events(place);
                self.tell_backlog(place, available.end, now)?;
                found.readable = Some(Readable { place, end: upto? });
                return Ok(found);
            }
            self.idleness.found_nothing(place, now);
            match available.next {
                Next::At(at) => found.next_at = found.next_at.min(at),
                Next::Unknown => found.unknown = true,
                Next::Never => self.own[place].ended = true,
            }
        }
        Ok(found)
    }

    /// Tells how much could have been read of a split and was not: what the look before had found, and
    /// what was readable [`LATE_NANOS`] ago. What has just become readable is no backlog.
    fn tell_backlog(
        &mut self,
        place: usize,
        end: u64,
        now: ProcessingTime,
    ) -> Result<(), SourceError> {
        let SplitPosition { split, offset, .. } = self.own[place];
        let seen = std::mem::replace(&mut self.seen[place], end);
        // Where nothing is new since the look before, there is nothing more to ask.
        let readable = if seen < end {
            let then = ProcessingTime(now.0.saturating_sub(LATE_NANOS));
            self.splits.available(split, offset, then)?.end.max(seen)
        } else {
            seen
        };
        self.observer.backlog(split, now, readable.saturating_sub(offset));
        Ok(())
    }

    /// Replaces the contents of `into` by what a look has found, at most [`READ_CHUNK`] events; the next
    /// split has its turn then. Returns how many events they are.
    ///
    /// # Errors
    /// When an event cannot be read.
    #[inline]
    pub fn read(
        &mut self,
        found: Readable,
        now: ProcessingTime,
        into: &mut Batch,
    ) -> Result<u64, SourceError> {
        let own = &mut self.own[found.place];
        let read = self.reader.read(own.split, own.offset..found.end, into)?;
        own.offset = found.end;
        own.events += read.events;
        own.newest = own.newest.max(read.newest);
        self.turn = found.place + 1;
        self.observer.read(own.split, now, own.events);
        Ok(read.events)
    }

    /// The split that was read last, or the first one before that.
    #[inline]
    pub fn last_read(&self) -> &SplitPosition {
        &self.own[self.turn.saturating_sub(1)]
    }

    /// The timer of a reader that had nothing to do but to wait for an event at `due` was so late.
    pub fn note_oversleep(&self, due: ProcessingTime, late_nanos: u64) {
        let from = self.open().map(|own| (own.split, own.offset));
        note_oversleep(&*self.splits, from, due, late_nanos, &*self.observer);
    }

    /// The smallest watermark of the splits that have not ended; [`EventTime::MAX`] if all have.
    pub fn watermark(&self) -> EventTime {
        self.open().map(|own| self.watermark_of(own)).min().unwrap_or(EventTime::MAX)
    }

    /// As [`Self::watermark`], of the splits that are not idle; `None` if all that have not ended are.
    pub fn active_watermark(&self) -> Option<EventTime> {
        if self.has_ended() {
            return Some(EventTime::MAX);
        }
        let open = (0..).zip(&self.own).filter(|(_, own)| !own.ended);
        let active = open.filter(|(place, _)| !self.idleness.is_idle(*place));
        active.map(|(_, own)| self.watermark_of(own)).min()
    }

    /// Nothing could be read for so many nanoseconds in all, as there was no room: no split is idle for
    /// that.
    pub fn set_paused(&mut self, nanos: u64) {
        self.idleness.set_paused(nanos);
    }

    fn watermark_of(&self, own: &SplitPosition) -> EventTime {
        let mut watermarks = BoundedOutOfOrderness::new(self.bound_nanos);
        watermarks.observe(own.newest);
        watermarks.watermark()
    }

    /// Whether all splits have been read to their end.
    #[inline]
    pub fn has_ended(&self) -> bool {
        self.open().next().is_none()
    }

    /// How far each split has been read.
    pub fn positions(&self) -> &[SplitPosition] {
        &self.own
    }

    /// Events that have been read of all splits, before the positions that it began at included.
    pub fn records(&self) -> u64 {
        self.own.iter().map(|own| own.events).sum()
    }

    /// Wakes when a split that does not know when it will have more has more or has ended. Says
    /// whether one has already, since the look at `since`.
    pub fn when_available(&mut self, waker: &Waker, since: ProcessingTime) -> bool {
        let Self { own, splits, reader, .. } = self;
        own.iter().filter(|own| !own.ended).any(|own| {
            splits.when_available(own.split, waker);
            // An input that has failed says so when it is looked at.
            let Ok(available) = splits.available(own.split, own.offset, since) else { return true };
            if available.end <= own.offset {
                return available.next == Next::Never;
            }
            let chunk = own.offset..available.end.min(own.offset + READ_CHUNK);
            reader.poll_ready(own.split, chunk, &mut Context::from_waker(waker)).is_ready()
        })
    }

    fn open(&self) -> impl Iterator<Item = &SplitPosition> {
        self.own.iter().filter(|own| !own.ended)
    }
}

#[cfg(test)]
mod tests;
