//! Events from an input without an end of its own: a pipe or a socket.

use std::io::{BufRead, ErrorKind};
use std::ops::Range;
use std::sync::{Arc, Weak};
use std::task::Waker;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::source::{Available, Next, Reader, Source, SourceError, Splits};
use dataflow::{Data, Digest, EventTime, Plan, ProcessingTime, Record, Stamps, Stream};

use crate::erased::{AnyEvents, LiveInput};
use crate::event_time::event_clock::EventClock;
use crate::inputs::live_log::{Entry, LIMIT_BYTES, LiveFailure, LiveLog};
use crate::schedule::arrival::{Schedule, outlasted};
use crate::spec::{Events, Knobs, TimedEvent, Workload};
use crate::text::{parse_line, without_mark};

type EventOf<W> = <<W as Workload>::Events as Events>::Event;

/// The events that a live input brings, each on the event-time clock by its number.
pub(crate) struct LiveEvents<W: Workload> {
    workload: Arc<W>,
    knobs: Knobs,
    log: Arc<LiveLog<EventOf<W>>>,
    clock: EventClock,
}

impl<W: Workload> LiveEvents<W> {
    /// Starts to read.
    pub(crate) fn new(workload: Arc<W>, knobs: &Knobs, live: LiveInput) -> Self {
        Self::with_limit(workload, knobs, live, LIMIT_BYTES)
    }

    fn with_limit(workload: Arc<W>, knobs: &Knobs, live: LiveInput, limit_bytes: u64) -> Self {
        let LiveInput { name, input, clock, stop, start } = live;
        let log = LiveLog::new(name, stop, limit_bytes);
        let filler = Filler {
            log: Arc::downgrade(&log),
            workload: Arc::clone(&workload),
            partial: Vec::new(),
            lines: 0,
        };
        // Never joined: it may stay in a read that nothing ends, while the run is long over.
        let thread = std::thread::Builder::new().name("live input".to_owned());
        let spawned = thread.spawn(move || filler.fill(input, || clock().since(start)));
        if let Err(error) = spawned {
            log.end(Some(LiveFailure { line: 1, column: None, cause: error.to_string() }));
        }
        let clock = EventClock::new(knobs.number("event_rate"));
        Self { workload, knobs: knobs.clone(), log, clock }
    }
}

impl<W: Workload> AnyEvents for LiveEvents<W> {
    fn count(&self) -> Option<u64> {
        None
    }

    fn plan(&self, schedule: Schedule, sink: SinkSlot) -> Plan {
        let source = LiveSource { log: Arc::clone(&self.log), clock: self.clock.clone(), schedule };
        let bound_nanos = self.workload.bound_nanos(&self.knobs);
        let stream = Stream::from_source(Arc::new(source), bound_nanos);
        self.workload.plan(&self.knobs, stream, sink)
    }

    fn expected(&self, count: u64) -> Digest {
        let mut events = (0..count.min(self.log.len())).map(|number| TimedEvent {
            value: self.log.entry(number).event,
            event_time: self.clock.event_time(number),
        });
        self.workload.expected(&self.knobs, &mut events)
    }

    fn sample(&self, count: u64) -> String {
        let numbers = 0..count.min(self.log.len());
        numbers.map(|number| json_line(&self.log.entry(number).event)).collect()
    }
}

/// An event as a line of JSON.
pub(crate) fn json_line<E: Data>(event: &E) -> String {
    let json = serde_json::to_string(event);
    // An event that JSON cannot express is shown as such.
    let json = json
        .unwrap_or_else(|error| serde_json::json!({ "not_json": error.to_string() }).to_string());
    json + "\n"
}

/// What the reading thread works with.
struct Filler<W: Workload> {
    /// Weak, so that the thread ends when nobody is interested any more.
    log: Weak<LiveLog<EventOf<W>>>,
    workload: Arc<W>,
    /// The start of a line whose end has not come yet.
    partial: Vec<u8>,
    /// Lines parsed.
    lines: u64,
}

impl<W: Workload> Filler<W> {
    /// Reads until the input ends or fails, or the log takes no more. `now` tells nanoseconds
    /// since the start of the run.
    fn fill(mut self, mut input: Box<dyn BufRead + Send>, now: impl Fn() -> u64) {
        loop {
            let chunk = match input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return self.fail(None, error.to_string()),
            };
            let (readable_nanos, bytes) = (now(), chunk.len());
            let taken = self.take(chunk, readable_nanos);
            input.consume(bytes);
            let Some(log) = self.log.upgrade() else { return };
            match taken {
                Ok(entries) => log.append(entries, bytes as u64),
                // What came before the line that is wrong is of no use: the run fails.
                Err((column, cause)) => {
                    return self.fail(Some(column).filter(|column| *column > 0), cause);
                }
            }
            if bytes == 0 {
                log.end(None);
            }
            if log.has_ended() {
                return;
            }
        }
    }

    /// The events of the lines that end in this chunk; an empty chunk ends the last line.
    fn take(
        &mut self,
        chunk: &[u8],
        readable_nanos: u64,
    ) -> Result<Vec<Entry<EventOf<W>>>, (u64, String)> {
        let mut entries = Vec::new();
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                entries.push(Entry { event: self.line()?, readable_nanos });
            }
        }
        if chunk.is_empty() && !without_mark(self.lines + 1, &self.partial).is_empty() {
            entries.push(Entry { event: self.line()?, readable_nanos });
        }
        Ok(entries)
    }

    /// Parses the line that has come to its end.
    fn line(&mut self) -> Result<EventOf<W>, (u64, String)> {
        let event = parse_line(self.lines + 1, &self.partial, |line| self.workload.parse(line))?;
        self.partial.clear();
        self.lines += 1;
        Ok(event)
    }

    fn fail(&self, column: Option<u64>, cause: String) {
        if let Some(log) = self.log.upgrade() {
            log.end(Some(LiveFailure { line: self.lines + 1, column, cause }));
        }
    }
}

/// The log as a source of one split.
struct LiveSource<E> {
    log: Arc<LiveLog<E>>,
    clock: EventClock,
    schedule: Schedule,
}

impl<E: Data> Splits for LiveSource<E> {
    fn splits(&self) -> u32 {
        1
    }

    fn available(&self, _: u32, _: u64, _: ProcessingTime) -> Result<Available, SourceError> {
        let (entries, ended) = self.log.available()?;
        let end = entries.min(self.schedule.events);
        let next = if ended || end == self.schedule.events { Next::Never } else { Next::Unknown };
        Ok(Available { end, next })
    }

    fn when_available(&self, _: u32, waker: &Waker) {
        self.log.when_available(waker);
    }
}

impl<E: Data> Source<E> for LiveSource<E> {
    fn reader(&self) -> Box<dyn Reader<E>> {
        Box::new(LiveReader {
            log: Arc::clone(&self.log),
            clock: self.clock.clone(),
            schedule: self.schedule.clone(),
        })
    }
}

struct LiveReader<E> {
    log: Arc<LiveLog<E>>,
    clock: EventClock,
    schedule: Schedule,
}

impl<E: Data> Reader<E> for LiveReader<E> {
    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Vec<Record<E>>,
    ) -> Result<EventTime, SourceError> {
        let mut newest = EventTime::MIN;
        let mut too_late = None;
        let mut offset = offsets.start;
        self.log.read(offsets, |entry| {
            let stamps = if offset < self.schedule.warm_up {
                Stamps::UNTIMED
            } else if let Some(stamp) = self.schedule.unit.stamp(entry.readable_nanos) {
                Stamps { planned: stamp, ingested: stamp }
            } else {
                too_late.get_or_insert(offset);
                Stamps::UNTIMED
            };
            let event_time = self.clock.event_time(offset);
            newest = newest.max(event_time);
            into.push(Record { value: entry.event.clone(), event_time, stamps });
            offset += 1;
        });
        match too_late {
            Some(offset) => Err(outlasted(self.log.name(), split, offset)),
            None => Ok(newest),
        }
    }
}

#[cfg(test)]
mod tests;
