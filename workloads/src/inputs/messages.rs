//! Events from the messages of a broker.

use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::engine::StopSignal;
use dataflow::job::message_log::{
    MessageChunk, MessageForm, MessageHead, MessageLog, MessageReader,
};
use dataflow::job::source::{
    Available, Next, READ_CHUNK, Reader, Source, SourceError, SourceFailure, Splits,
};
use dataflow::operator::lateness::LateNotes;
use dataflow::{Data, EventTime, Plan, ProcessingTime, Record, Stream};

use crate::erased::{AnyEvents, EachLine, Expected, Replay, expected};
use crate::inputs::event_lines::EventOf;
use crate::inputs::live::{check_knobs, json_line};
use crate::inputs::message_decoder::MessageDecoder;
use crate::inputs::message_pace::MessagePace;
use crate::inputs::message_stamps::MessageStamps;
use crate::schedule::arrival::{Schedule, outlasted};
use crate::spec::{Knobs, TimedEvent, Workload};
use crate::text::InputError;

/// Between two looks at whether the run is to stop, while the first messages are waited for.
const LOOK_AT_STOP: Duration = Duration::from_millis(50);

/// The events that the messages of a log are.
pub(crate) struct MessageEvents<W: Workload> {
    workload: Arc<W>,
    knobs: Knobs,
    log: Arc<dyn MessageLog>,
    decoder: Arc<MessageDecoder<W>>,
}

impl<W: Workload> MessageEvents<W> {
    /// Of a log.
    ///
    /// # Errors
    /// When knobs ask for what it cannot have, or the workload cannot have messages of this form.
    pub(crate) fn new(
        workload: Arc<W>,
        knobs: &Knobs,
        log: Arc<dyn MessageLog>,
        form: &MessageForm,
    ) -> Result<Self, InputError> {
        check_knobs(knobs, log.name())?;
        let decoder = MessageDecoder::new(Arc::clone(&workload), form).map_err(|cause| {
            let input = log.name().to_owned();
            InputError { input, line: 0, column: 0, cause }
        })?;
        Ok(Self { workload, knobs: knobs.clone(), log, decoder: Arc::new(decoder) })
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
                    if !each(event(&self.decoder, &*log, split, head, payload)?) {
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
    fn replay(&self) -> Replay {
        let pace = MessagePace::of(&*self.log, &Schedule::at_once(0));
        pace.map_or(Replay::Growing, |pace| Replay::Bounded(pace.all()))
    }

    fn prepare(&self, stop: &StopSignal) -> Result<(), SourceError> {
        let mut reader = self.log.reader();
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        for split in 0..self.log.splits() {
            let start = self.log.start(split);
            let is_filled = self.log.end(split).is_some_and(|end| end > start);
            while is_filled && !stop.is_requested() {
                if let Poll::Ready(ready) = reader.poll_ready(split, start..start + 1, &mut context)
                {
                    ready?;
                    break;
                }
                std::thread::park_timeout(LOOK_AT_STOP);
            }
        }
        Ok(())
    }

    fn plan(&self, schedule: Schedule, sink: SinkSlot) -> Plan {
        let (decoder, log) = (Arc::clone(&self.decoder), Arc::clone(&self.log));
        let pace = MessagePace::of(&*log, &schedule).map(Arc::new);
        let source = MessageSource { decoder, log, schedule, pace };
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

    fn each_line(&self, count: u64, each: &mut EachLine<'_>) {
        let mut left = count;
        let read = self.read_again(|event| {
            left = left.saturating_sub(1);
            each(event.event_time, &json_line(&event.value)) && left > 0
        });
        drop(read);
    }
}

/// The event of a message of a log.
fn event<W: Workload>(
    decoder: &MessageDecoder<W>,
    log: &dyn MessageLog,
    split: u32,
    head: MessageHead,
    payload: &[u8],
) -> Result<TimedEvent<EventOf<W>>, SourceError> {
    decoder.event(head, payload).map_err(|(column, cause)| SourceError {
        input: log.part(split),
        split,
        offset: head.offset,
        line: None,
        column: Some(column.max(1)),
        failure: SourceFailure::Refused,
        cause,
    })
}

/// A log as a source.
struct MessageSource<W> {
    decoder: Arc<MessageDecoder<W>>,
    log: Arc<dyn MessageLog>,
    schedule: Schedule,
    /// Which place each has in the run, where that ends.
    pace: Option<Arc<MessagePace>>,
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
        let there = self.log.available(split, from, now)?;
        let Some(pace) = self.pace.as_ref().filter(|it| it.has_rate()) else { return Ok(there) };
        let planned = pace.planned_by(split, now);
        if planned >= there.end {
            return Ok(there);
        }
        let next = Next::At(pace.planned(split, planned.max(from)));
        Ok(Available { end: planned.max(from), next })
    }

    fn when_available(&self, split: u32, waker: &Waker) {
        self.log.when_available(split, waker);
    }

    fn obstacle(&self, split: u32, from: u64) -> Result<Option<String>, SourceError> {
        self.log.obstacle(split, from)
    }
}

impl<W: Workload> Source<EventOf<W>> for MessageSource<W>
where
    EventOf<W>: Data,
{
    fn reader(&self) -> Box<dyn Reader<EventOf<W>>> {
        Box::new(EventReader {
            decoder: Arc::clone(&self.decoder),
            reader: self.log.reader(),
            log: Arc::clone(&self.log),
            stamps: MessageStamps::new(&*self.log, self.schedule.clone(), self.pace.clone()),
            chunk: MessageChunk::default(),
        })
    }
}

struct EventReader<W> {
    decoder: Arc<MessageDecoder<W>>,
    reader: Box<dyn MessageReader>,
    log: Arc<dyn MessageLog>,
    stamps: MessageStamps,
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
        let mut newest = EventTime::MIN;
        for (head, payload) in self.chunk.iter() {
            let TimedEvent { value, event_time } =
                event(&self.decoder, &*self.log, split, head, payload)?;
            let stamps = self.stamps.of(split, head);
            let stamps = stamps.ok_or_else(|| outlasted(self.log.name(), split, head.offset))?;
            newest = newest.max(event_time);
            into.push(Record { value, event_time, stamps });
        }
        Ok(newest)
    }
}
