//! Events from an input without an end of its own: a pipe or a socket.

use std::io::{BufRead, ErrorKind};
use std::ops::Range;
use std::sync::{Arc, Weak};
use std::task::Waker;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::source::{Available, Next, Reader, Source, SourceError, Splits};
use dataflow::operator::lateness::LateNotes;
use dataflow::{Data, EventTime, Plan, ProcessingTime, Record, Stamps, Stream};

use crate::erased::{AnyEvents, EachLine, Expected, LiveInput, Replay, expected};
use crate::inputs::event_lines::{EventLines, EventOf};
use crate::inputs::live_log::{Entry, LiveFailure, LiveLog};
use crate::schedule::arrival::{Schedule, outlasted};
use crate::spec::{Knobs, TimedEvent, Workload};
use crate::text::{InputError, WrongLine};

/// The events that a live input brings.
pub(crate) struct LiveEvents<W: Workload> {
    workload: Arc<W>,
    knobs: Knobs,
    log: Arc<LiveLog<EventOf<W>>>,
}

impl<W: Workload> LiveEvents<W> {
    /// Starts to read.
    ///
    /// # Errors
    /// When knobs ask for what a live input cannot have.
    pub(crate) fn new(
        workload: Arc<W>,
        knobs: &Knobs,
        live: LiveInput,
    ) -> Result<Self, InputError> {
        let LiveInput { name, input, clock, stop, start } = live;
        check_knobs(knobs, &name)?;
        let log = LiveLog::new(name, stop);
        let lines = EventLines::new(Arc::clone(&workload), knobs);
        let filler = Filler { log: Arc::downgrade(&log), lines };
        // Never joined: it may stay in a read that nothing ends, while the run is long over.
        let thread = std::thread::Builder::new().name("live input".to_owned());
        let spawned = thread.spawn(move || filler.fill(input, || clock().since(start)));
        if let Err(error) = spawned {
            let cause = error.to_string();
            log.end(Some(LiveFailure { offset: 0, line: 1, column: None, cause }));
        }
        Ok(Self { workload, knobs: knobs.clone(), log })
    }
}

/// Refuses what a file can have and an input that is read as it comes cannot.
pub(crate) fn check_knobs(knobs: &Knobs, name: &str) -> Result<(), InputError> {
    for (knob, why) in [
        ("straggler_delay_ms", "every event can be read as soon as it comes"),
        ("idle_splits", "its splits are what they are"),
    ] {
        let value = knobs.integer(knob);
        if value > 0 {
            let cause =
                format!("{knob}={value} needs a file as input: of this one {why}; leave it out");
            return Err(InputError { input: name.to_owned(), line: 0, column: 0, cause });
        }
    }
    Ok(())
}

impl<W: Workload> AnyEvents for LiveEvents<W> {
    fn replay(&self) -> Replay {
        Replay::Once
    }

    fn plan(&self, schedule: Schedule, sink: SinkSlot) -> Plan {
        let source = LiveSource { log: Arc::clone(&self.log), schedule };
        let bound_nanos = self.workload.bound_nanos(&self.knobs);
        let stream = Stream::from_source(Arc::new(source), bound_nanos);
        self.workload.plan(&self.knobs, stream, sink)
    }

    fn expected_with(&self, count: u64, late: &LateNotes) -> Result<Expected, SourceError> {
        let mut order: Vec<(EventTime, u64)> = Vec::new();
        self.log.read(0..count.min(self.log.len()), |entry| {
            order.push((entry.event.event_time, order.len() as u64));
        });
        let times: Vec<EventTime> = order.iter().map(|(time, _)| *time).collect();
        // Those of equal times by their numbers, as events of a file are.
        order.sort_unstable();
        let events = order.into_iter().map(|(_, number)| self.log.entry(number).event);
        Ok(expected(&*self.workload, &self.knobs, events, times.into_iter(), late))
    }

    fn each_line(&self, count: u64, each: &mut EachLine<'_>) {
        for number in 0..count.min(self.log.len()) {
            let event = self.log.entry(number).event;
            if !each(event.event_time, &json_line(&event.value)) {
                break;
            }
        }
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
    lines: EventLines<W>,
}

impl<W: Workload> Filler<W> {
    /// Reads until the input ends or fails, or the log takes no more. `now` tells nanoseconds
    /// since the start of the run.
    fn fill(mut self, mut input: Box<dyn BufRead + Send>, now: impl Fn() -> u64) {
        loop {
            let piece = match input.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    let (line, cause) = (self.lines.line(), error.to_string());
                    let failure = self.failure(WrongLine { line, column: 0, cause });
                    return self.log.upgrade().map_or((), |log| log.end(Some(failure)));
                }
            };
            let (readable_nanos, bytes) = (now(), piece.len());
            let mut entries = Vec::new();
            let taken =
                self.lines.take(piece, |event| entries.push(Entry { event, readable_nanos }));
            input.consume(bytes);
            let Some(log) = self.log.upgrade() else { return };
            match taken {
                Ok(()) => log.append(entries),
                // What came before the line that is wrong is of no use: the run fails.
                Err(wrong) => return log.end(Some(self.failure(wrong))),
            }
            if bytes == 0 {
                log.end(None);
            }
            if log.has_ended() {
                return;
            }
        }
    }

    fn failure(&self, WrongLine { line, column, cause }: WrongLine) -> LiveFailure {
        let column = Some(column).filter(|column| *column > 0);
        LiveFailure { offset: self.lines.events(), line, column, cause }
    }
}

/// The log as a source of one split.
struct LiveSource<E> {
    log: Arc<LiveLog<E>>,
    schedule: Schedule,
}

impl<E: Data> Splits for LiveSource<E> {
    fn splits(&self) -> u32 {
        1
    }

    fn available(&self, _: u32, _: u64, now: ProcessingTime) -> Result<Available, SourceError> {
        let by_nanos = now.0.saturating_sub(self.schedule.start.0);
        let (entries, ended) = self.log.available(by_nanos)?;
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
        Box::new(LiveReader { log: Arc::clone(&self.log), schedule: self.schedule.clone() })
    }
}

struct LiveReader<E> {
    log: Arc<LiveLog<E>>,
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
            let TimedEvent { value, event_time } = entry.event.clone();
            newest = newest.max(event_time);
            into.push(Record { value, event_time, stamps });
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
