//! Sends a subtask's splits to its source at their planned times, and hears how far they are read.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use dataflow::job::observer::{LATE_NANOS, Silent};
use dataflow::job::source::{SourceError, SourceFailure};
use dataflow::job::split_reader::{Outlook, SplitPosition, SplitReader};
use dataflow::{Batch, EngineError, ProcessingTime};

use crate::parked::block_on;
use crate::run_state::{RunParts, RunState, Shows};
use crate::wire::{Acknowledgement, block_head, end_of_input};

/// Bytes that are sent at once, unless what is readable is less.
const SEND_BYTES: usize = 32 * 1024;
/// Between two looks at what has become readable: at high rates each event would otherwise be sent by
/// itself, and neither the system nor this machine had time for anything else.
const PACE_NANOS: u64 = 200_000;
/// A source tells every so often how far it has read, and the connection takes its time.
const ACKNOWLEDGE_NANOS: u64 = 5_000_000;

/// Serves a source's connection to its end. What fails in the input ends the run.
pub(crate) fn feed(run: &RunState, splits: &[(u32, u64)], stream: &TcpStream) {
    let Some(parts) = run.parts() else { return };
    let sent = SentOffsets::default();
    std::thread::scope(|scope| {
        let hears = scope.spawn(|| hear(run, &parts, &sent, stream));
        let fed = Feeder::new(run, &parts, splits, &sent, stream).and_then(Feeder::feed);
        if let Err(FeedError::Input(error)) = fed {
            run.end(Err(EngineError::Source(error)));
        }
        // The process closes the connection once it has read everything.
        drop(hears.join());
    });
}

/// Why feeding ended early.
enum FeedError {
    /// An event cannot be read.
    Input(SourceError),
    /// The process takes no more: it says elsewhere why.
    Gone,
}

impl From<SourceError> for FeedError {
    fn from(error: SourceError) -> Self {
        Self::Input(error)
    }
}

impl From<io::Error> for FeedError {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// Of what was sent of each split: how many events, and at which offset the split goes on then.
#[derive(Default)]
struct SentOffsets(Mutex<BTreeMap<u32, Vec<(u64, u64)>>>);

impl SentOffsets {
    fn add(&self, position: &SplitPosition) {
        let mut sent = self.0.lock().expect("no holder fails");
        sent.entry(position.split).or_default().push((position.events, position.offset));
    }

    /// The offset of a split up to which so many of its events reach, or that of the last block which
    /// has come wholly.
    fn reached(&self, split: u32, events: u64) -> Option<u64> {
        let mut sent = self.0.lock().expect("no holder fails");
        let blocks = sent.get_mut(&split)?;
        let whole = blocks.partition_point(|(upto, _)| *upto <= events);
        let kept = whole.saturating_sub(1);
        blocks.drain(..kept);
        blocks
            .first()
            .filter(|(upto, _)| *upto <= events)
            .map(|(upto, offset)| offset + (events - upto))
    }
}

struct Feeder<'a> {
    run: &'a RunState,
    parts: &'a RunParts,
    reader: SplitReader,
    sent: &'a SentOffsets,
    stream: &'a TcpStream,
    bytes: Vec<u8>,
    /// Splits whose end was told.
    ended: Vec<u32>,
}

impl<'a> Feeder<'a> {
    fn new(
        run: &'a RunState,
        parts: &'a RunParts,
        splits: &[(u32, u64)],
        sent: &'a SentOffsets,
        stream: &'a TcpStream,
    ) -> Result<Self, FeedError> {
        let source = &parts.plan.source;
        let mut positions = Vec::new();
        for &(split, events) in splits {
            let mut position = SplitPosition::start(&*source.splits, split);
            // What is generated has an event at each offset.
            position.offset += events;
            position.events = events;
            sent.add(&position);
            positions.push(position);
        }
        let reader = SplitReader::new(source, positions, Arc::new(Silent));
        Ok(Self { run, parts, reader, sent, stream, bytes: Vec::new(), ended: Vec::new() })
    }

    fn feed(mut self) -> Result<(), FeedError> {
        let mut batch = self.reader.batch();
        loop {
            let now = self.parts.runtime.now();
            let Outlook { next_at, unknown, .. } = self.take_readable(now, &mut batch)?;
            self.tell_ends();
            self.send()?;
            if self.reader.has_ended() || self.parts.stop.is_requested() {
                break;
            }
            self.wait(now, next_at.max(now.after(PACE_NANOS)), unknown);
        }
        self.bytes.extend(end_of_input());
        self.send()?;
        self.run.input_ended();
        Ok(())
    }

    /// Takes what is readable at an instant, and sends it but for the rest. Says when there is more.
    fn take_readable(
        &mut self,
        now: ProcessingTime,
        batch: &mut Batch,
    ) -> Result<Outlook, FeedError> {
        loop {
            let found = self.reader.look(now)?;
            let Some(readable) = found.readable.filter(|_| !self.parts.stop.is_requested()) else {
                return Ok(found);
            };
            let events = self.reader.read(readable, now, batch)?;
            let last = *self.reader.last_read();
            if events > 0 {
                self.write_block(last.split, events as u32, batch)?;
            }
            self.sent.add(&last);
            self.run.sent(last.split, last.events);
            if self.bytes.len() >= SEND_BYTES {
                self.send()?;
            }
        }
    }

    fn write_block(
        &mut self,
        split: u32,
        records: u32,
        batch: &mut Batch,
    ) -> Result<(), FeedError> {
        let head = self.bytes.len();
        self.bytes.extend(block_head(split, records, 0));
        let body = self.bytes.len();
        let written = (self.parts.plan.source.wire)(batch, &mut self.bytes);
        written.map_err(|cause| self.refused(cause))?;
        if self.parts.updates_show == Shows::Counted {
            let upto = self.reader.last_read().events;
            let block = &self.bytes[body..];
            let taken = self.run.unseen().sent(split, (u64::from(records), upto), block);
            taken.map_err(|cause| self.refused(cause))?;
        }
        let length = (self.bytes.len() - body) as u32;
        self.bytes[head..body].copy_from_slice(&block_head(split, records, length));
        Ok(())
    }

    /// What was read last cannot be sent.
    fn refused(&self, cause: String) -> FeedError {
        let last = self.reader.last_read();
        FeedError::Input(SourceError {
            input: "the input".to_owned(),
            split: last.split,
            offset: last.offset,
            line: None,
            column: None,
            failure: SourceFailure::Refused,
            cause,
        })
    }

    /// Tells of splits that have ended since: they hold no watermark back.
    fn tell_ends(&mut self) {
        for position in self.reader.positions().iter().filter(|it| it.ended) {
            if !self.ended.contains(&position.split) {
                self.ended.push(position.split);
                self.bytes.extend(block_head(position.split, 0, 0));
            }
        }
    }

    fn send(&mut self) -> Result<(), FeedError> {
        let mut stream = self.stream;
        stream.write_all(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }

    /// Until the next event may be read, or the run is to stop.
    fn wait(&mut self, since: ProcessingTime, next_at: ProcessingTime, unknown: bool) {
        let mut timer = self.parts.runtime.timer();
        if next_at < ProcessingTime::MAX {
            timer.arm(next_at);
        }
        let stop = self.parts.stop.clone();
        let mut is_registered = false;
        block_on(poll_fn(|context| {
            // Woken for whatever reason: the caller looks again.
            if unknown && (is_registered || self.reader.when_available(context.waker(), since)) {
                return Poll::Ready(());
            }
            is_registered = true;
            if stop.poll_requested(context).is_ready() {
                return Poll::Ready(());
            }
            timer.poll_due(context)
        }));
    }
}

/// Hears how far the splits are read, until the process closes the connection.
fn hear(run: &RunState, parts: &RunParts, sent: &SentOffsets, stream: &TcpStream) {
    let mut from = BufReader::new(stream);
    while let Ok(Some(Acknowledgement { split, events })) = Acknowledgement::read(&mut from) {
        let now = parts.runtime.now();
        run.read(split, events, now);
        parts.observer.read(split, now, events);
        let Some(offset) = sent.reached(split, events) else { continue };
        let late = LATE_NANOS + ACKNOWLEDGE_NANOS;
        let then = ProcessingTime(now.0.saturating_sub(late));
        // An input that has failed says so when it is read.
        if let Ok(readable) = parts.plan.source.splits.available(split, offset, then) {
            parts.observer.backlog(split, now, readable.end.saturating_sub(offset));
        }
    }
}

#[cfg(test)]
mod tests {
    use dataflow::EventTime;

    use super::*;

    #[test]
    fn what_was_read_ends_at_an_offset() {
        let sent = SentOffsets::default();
        let at = |events, offset| {
            sent.add(&SplitPosition {
                split: 3,
                offset,
                events,
                newest: EventTime::MIN,
                ended: false,
            });
        };
        at(0, 100);
        at(10, 110);
        // The next offsets have gaps.
        at(12, 150);
        assert_eq!(sent.reached(3, 0), Some(100));
        assert_eq!(sent.reached(3, 7), Some(107));
        assert_eq!(sent.reached(3, 10), Some(110));
        assert_eq!(sent.reached(3, 12), Some(150));
        assert_eq!(sent.reached(4, 1), None);
    }
}
