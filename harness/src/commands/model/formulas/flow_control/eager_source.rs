//! A source that always has more, and stamps what it gives when it is asked for it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dataflow::job::source::{Available, Next, Reader, Source, SourceError, Splits};
use dataflow::{EventTime, ProcessingTime, Record, Stamps};
use workloads::schedule::arrival::Schedule;
use workloads::spec::Events;

/// Events that are all there from the start and are stamped when an engine looks whether there are
/// any, which it does right before it reads: residence in the engine begins there, however long the
/// engine left them unread. It is the closed loop that a latency must never be taken from, and what
/// Little's law asks for: the time from entering to leaving.
pub(super) struct EagerSource<G> {
    events: Arc<G>,
    schedule: Schedule,
    /// Per split: when it was last looked at.
    looked: Arc<[AtomicU64]>,
}

impl<G> EagerSource<G> {
    /// Deals the first `schedule.events` over splits in turn; of the schedule only number, warm-up,
    /// start and unit count.
    pub(super) fn new(events: Arc<G>, schedule: Schedule, splits: u32) -> Self {
        let looked = (0..splits).map(|_| AtomicU64::new(0)).collect();
        Self { events, schedule, looked }
    }

    fn splits(&self) -> u64 {
        self.looked.len() as u64
    }
}

impl<G: Events> Splits for EagerSource<G> {
    fn splits(&self) -> u32 {
        self.looked.len() as u32
    }

    fn available(&self, split: u32, _: u64, now: ProcessingTime) -> Result<Available, SourceError> {
        self.looked[split as usize].store(now.0, Ordering::Relaxed);
        let end = self.schedule.events.saturating_sub(split.into()).div_ceil(self.splits());
        Ok(Available { end, next: Next::Never })
    }
}

impl<G: Events> Source<G::Event> for EagerSource<G> {
    fn reader(&self) -> Box<dyn Reader<G::Event>> {
        Box::new(EagerReader(Self {
            events: Arc::clone(&self.events),
            schedule: self.schedule.clone(),
            looked: Arc::clone(&self.looked),
        }))
    }
}

struct EagerReader<G>(EagerSource<G>);

impl<G: Events> Reader<G::Event> for EagerReader<G> {
    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Vec<Record<G::Event>>,
    ) -> Result<EventTime, SourceError> {
        let source = &self.0;
        let at = ProcessingTime(source.looked[split as usize].load(Ordering::Relaxed));
        let stamp = source.schedule.unit.stamp(at.since(source.schedule.start));
        let timed =
            stamp.map_or(Stamps::UNTIMED, |stamp| Stamps { planned: stamp, ingested: stamp });
        let mut newest = EventTime::MIN;
        into.extend(offsets.map(|offset| {
            let number = offset * source.splits() + u64::from(split);
            let event = source.events.event(number);
            newest = newest.max(event.event_time);
            let stamps = if number < source.schedule.warm_up { Stamps::UNTIMED } else { timed };
            Record { value: event.value, event_time: event.event_time, stamps }
        }));
        Ok(newest)
    }
}
