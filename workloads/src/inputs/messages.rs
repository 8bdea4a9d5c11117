//! Events from the messages of a broker.

use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::message_log::{MessageChunk, MessageHead, MessageLog, MessageReader};
use dataflow::job::source::{
    Available, READ_CHUNK, Reader, Source, SourceError, SourceFailure, Splits,
};
use dataflow::operator::lateness::LateNotes;
use dataflow::{Data, EventTime, Plan, ProcessingTime, Record, Stamps, Stream};
use serde::Deserialize;

use crate::erased::{AnyEvents, Expected, expected};
use crate::inputs::event_lines::EventOf;
use crate::inputs::live::{check_knobs, json_line};
use crate::schedule::arrival::{Schedule, outlasted};
use crate::spec::{EARLIEST, Knobs, LATEST, TimedEvent, Workload};
use crate::text::{InputError, abridged};

/// The events that the messages of a log are.
pub(crate) struct MessageEvents<W: Workload> {
    workload: Arc<W>,
    knobs: Knobs,
    log: Arc<dyn MessageLog>,
}

impl<W: Workload> MessageEvents<W> {
    /// Of a log.
    ///
    /// # Errors
    /// When knobs ask for what it cannot have.
    pub(crate) fn new(
        workload: Arc<W>,
        knobs: &Knobs,
        log: Arc<dyn MessageLog>,
    ) -> Result<Self, InputError> {
        check_knobs(knobs, log.name())?;
        Ok(Self { workload, knobs: knobs.clone(), log })
    }

    /// Every event of the log once more, split by split, until `each` has enough.
    fn read_again(
        &self,
        mut each: impl FnMut(TimedEvent<EventOf<W>>) -> bool,
    ) -> Result<(), SourceError> {
        let log = self.log.again()?;
        let (mut reader, mut chunk) = (log.reader(), MessageChunk::default());
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        for split in 0..log.splits() {
            let mut from = log.start(split);
            loop {
                let end = log.available(split, from, ProcessingTime::ZERO)?.end;
                let offsets = from..end.min(from + READ_CHUNK);
                if offsets.is_empty() {
                    break;
                }
                let mut context = Context::from_waker(&waker);
                let Poll::Ready(upto) = reader.poll_ready(split, offsets, &mut context) else {
                    std::thread::park();
                    continue;
                };
                let upto = upto?;
                reader.read(split, from..upto, &mut chunk)?;
                for (head, payload) in chunk.iter() {
                    if !each(event(&*self.workload, &*log, split, head, payload)?) {
                        return Ok(());
                    }
                }
                from = upto;
            }
        }
        Ok(())
    }
}

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl<W: Workload> AnyEvents for MessageEvents<W> {
    fn count(&self) -> Option<u64> {
        None
    }

    fn plan(&self, schedule: Schedule, sink: SinkSlot) -> Plan {
        let (workload, log) = (Arc::clone(&self.workload), Arc::clone(&self.log));
        let source = MessageSource { workload, log, schedule };
        let bound_nanos = self.workload.bound_nanos(&self.knobs);
        let stream = Stream::from_source(Arc::new(source), bound_nanos);
        self.workload.plan(&self.knobs, stream, sink)
    }

    fn expected_with(&self, count: u64, late: &LateNotes) -> Result<Expected, SourceError> {
        let mut events: Vec<TimedEvent<EventOf<W>>> = Vec::new();
        self.read_again(|event| {
            events.push(event);
            (events.len() as u64) < count
        })?;
        let times: Vec<EventTime> = events.iter().map(|event| event.event_time).collect();
        // Those of equal times stay in the order of splits and offsets.
        events.sort_by_key(|event| event.event_time);
        Ok(expected(&*self.workload, &self.knobs, events.into_iter(), times.into_iter(), late))
    }

    fn sample(&self, count: u64) -> String {
        let (mut lines, mut left) = (String::new(), count);
        let read = self.read_again(|event| {
            lines.push_str(&json_line(&event.value));
            left = left.saturating_sub(1);
            left > 0
        });
        drop(read);
        lines
    }
}

/// A field that says when an event has happened, in milliseconds since 1970.
#[derive(Deserialize)]
struct EventTimeField {
    event_time_ms: Option<i64>,
}

/// The event of a message: it has happened when it says so itself, when its field `event_time_ms` says
/// so, or else at the message's time stamp.
fn event<W: Workload>(
    workload: &W,
    log: &dyn MessageLog,
    split: u32,
    head: MessageHead,
    payload: &[u8],
) -> Result<TimedEvent<EventOf<W>>, SourceError> {
    let failed = |column: u64, cause: String| SourceError {
        input: log.name().to_owned(),
        split,
        offset: head.offset,
        line: None,
        column: Some(column.max(1)),
        failure: SourceFailure::Refused,
        cause,
    };
    let text = std::str::from_utf8(payload).map_err(|error| {
        let place = error.valid_up_to();
        failed(place as u64 + 1, format!("not UTF-8: byte {:#04x}", payload[place]))
    })?;
    let value = workload.parse(text);
    let value = value.map_err(|(column, cause)| failed(column, abridged(&cause)))?;
    let by_field = || {
        let field = serde_json::from_str::<EventTimeField>(text).ok()?.event_time_ms?;
        field.checked_mul(1_000_000).map(EventTime)
    };
    let by_stamp = || head.timestamp_ms?.checked_mul(1_000_000).map(EventTime);
    let own = workload.event_time(&value).or_else(by_field).or_else(by_stamp);
    let event_time = own.ok_or_else(|| {
        let cause = "neither the event nor its message says when it has happened, within 292 years of \
                     1970; add a field event_time_ms";
        failed(1, cause.to_owned())
    })?;
    if event_time < EARLIEST || LATEST < event_time {
        let nanos = event_time.0;
        let cause = format!("the event time {nanos} ns is out of range: within 146 years of 1970");
        return Err(failed(1, cause));
    }
    Ok(TimedEvent { value, event_time })
}

/// A log as a source.
struct MessageSource<W> {
    workload: Arc<W>,
    log: Arc<dyn MessageLog>,
    schedule: Schedule,
}

impl<W: Workload> Splits for MessageSource<W> {
    fn splits(&self) -> u32 {
        self.log.splits()
    }

    fn start(&self, split: u32) -> u64 {
        self.log.start(split)
    }

    fn available(
        &self,
        split: u32,
        from: u64,
        now: ProcessingTime,
    ) -> Result<Available, SourceError> {
        self.log.available(split, from, now)
    }

    fn when_available(&self, split: u32, waker: &Waker) {
        self.log.when_available(split, waker);
    }
}

impl<W: Workload> Source<EventOf<W>> for MessageSource<W>
where
    EventOf<W>: Data,
{
    fn reader(&self) -> Box<dyn Reader<EventOf<W>>> {
        Box::new(EventReader {
            workload: Arc::clone(&self.workload),
            reader: self.log.reader(),
            log: Arc::clone(&self.log),
            schedule: self.schedule.clone(),
            chunk: MessageChunk::default(),
        })
    }
}

struct EventReader<W> {
    workload: Arc<W>,
    reader: Box<dyn MessageReader>,
    log: Arc<dyn MessageLog>,
    schedule: Schedule,
    chunk: MessageChunk,
}

impl<W: Workload> Reader<EventOf<W>> for EventReader<W> {
    fn poll_ready(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        context: &mut Context<'_>,
    ) -> Poll<Result<u64, SourceError>> {
        self.reader.poll_ready(split, offsets, context)
    }

    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Vec<Record<EventOf<W>>>,
    ) -> Result<EventTime, SourceError> {
        self.reader.read(split, offsets, &mut self.chunk)?;
        let timed_from =
            self.log.start(split) + self.schedule.warm_up / u64::from(self.log.splits());
        let mut newest = EventTime::MIN;
        for (head, payload) in self.chunk.iter() {
            let TimedEvent { value, event_time } =
                event(&*self.workload, &*self.log, split, head, payload)?;
            let stamps = if head.offset < timed_from {
                Stamps::UNTIMED
            } else {
                let stamp = self.schedule.unit.stamp(head.fetched.since(self.schedule.start));
                let stamp = stamp.ok_or_else(|| outlasted(self.log.name(), split, head.offset))?;
                Stamps { planned: stamp, ingested: stamp }
            };
            newest = newest.max(event_time);
            into.push(Record { value, event_time, stamps });
        }
        Ok(newest)
    }
}
