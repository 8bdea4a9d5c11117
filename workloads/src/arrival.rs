//! When events are planned, and the source that an engine reads them from.

use std::ops::Range;
use std::sync::Arc;

use dataflow::source::{Available, Next, Reader, Source, SourceError, Splits};
use dataflow::{EventTime, ProcessingTime, Record, StampUnit, Stamps};

use crate::spec::Events;

/// When the events of a run are planned to happen.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Events per second; `None` when they are all there from the start.
    pub rate: Option<f64>,
    /// Number of events.
    pub events: u64,
    /// Events at the start that are digested but not timed.
    pub warm_up: u64,
    /// When the first event is planned.
    pub start: ProcessingTime,
    /// Unit of stamps.
    pub unit: StampUnit,
}

impl Schedule {
    /// Planned time of an event, in nanoseconds since the run's start.
    #[inline]
    pub fn planned_nanos(&self, number: u64) -> u64 {
        self.rate.map_or(0, |rate| (number as f64 * (1e9 / rate)) as u64)
    }

    /// When the last event is planned.
    pub fn end(&self) -> ProcessingTime {
        self.start.after(self.planned_nanos(self.events.saturating_sub(1)))
    }

    /// How many events are planned by `now`, that instant included.
    pub fn planned_by(&self, now: ProcessingTime) -> u64 {
        let Some(rate) = self.rate else { return self.events };
        if now < self.start {
            return 0;
        }
        let elapsed = now.since(self.start);
        // The inverse of `planned_nanos`, which rounds: put right by looking at it.
        let mut number = (elapsed as f64 * rate / 1e9) as u64;
        while self.planned_nanos(number) <= elapsed {
            number += 1;
        }
        while number > 0 && self.planned_nanos(number - 1) > elapsed {
            number -= 1;
        }
        number.min(self.events)
    }

    /// Stamps of an event; `None` when the run has outlasted its unit.
    #[inline]
    fn stamps(&self, number: u64) -> Option<Stamps> {
        if self.rate.is_none() || number < self.warm_up {
            return Some(Stamps::UNTIMED);
        }
        let planned = self.unit.stamp(self.planned_nanos(number))?;
        // A generated event is readable when it is planned.
        Some(Stamps { planned, ingested: planned })
    }
}

/// Events on a schedule, dealt over splits: split `s` of `S` holds events `s`, `s + S`, ...
pub struct Paced<G> {
    events: Arc<G>,
    schedule: Schedule,
    splits: u32,
    name: String,
}

impl<G: Events> Paced<G> {
    /// `name` is the input as the user knows it, for errors.
    pub fn new(events: Arc<G>, schedule: Schedule, splits: u32, name: String) -> Self {
        assert!(splits > 0, "a source has a split");
        Self { events, schedule, splits, name }
    }

    /// How many of the first `count` events belong to a split.
    fn in_split(&self, split: u32, count: u64) -> u64 {
        let (split, splits) = (u64::from(split), u64::from(self.splits));
        count.saturating_sub(split).div_ceil(splits)
    }
}

impl<G: Events> Splits for Paced<G> {
    fn splits(&self) -> u32 {
        self.splits
    }

    fn available(&self, split: u32, _: u64, now: ProcessingTime) -> Result<Available, SourceError> {
        let planned = self.schedule.planned_by(now);
        let end = self.in_split(split, planned);
        let next = if end == self.in_split(split, self.schedule.events) {
            Next::Never
        } else {
            let number = end * u64::from(self.splits) + u64::from(split);
            Next::At(self.schedule.start.after(self.schedule.planned_nanos(number)))
        };
        Ok(Available { end, next })
    }
}

impl<G: Events> Source<G::Event> for Paced<G> {
    fn reader(&self) -> Box<dyn Reader<G::Event>> {
        Box::new(PacedReader {
            events: Arc::clone(&self.events),
            schedule: self.schedule,
            splits: self.splits,
            name: self.name.clone(),
        })
    }
}

struct PacedReader<G> {
    events: Arc<G>,
    schedule: Schedule,
    splits: u32,
    name: String,
}

impl<G: Events> Reader<G::Event> for PacedReader<G> {
    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Vec<Record<G::Event>>,
    ) -> Result<EventTime, SourceError> {
        let mut newest = EventTime::MIN;
        into.reserve((offsets.end - offsets.start) as usize);
        for offset in offsets {
            let number = offset * u64::from(self.splits) + u64::from(split);
            let Some(stamps) = self.schedule.stamps(number) else {
                return Err(outlasted(&self.name, split, offset));
            };
            let event = self.events.event(number);
            newest = newest.max(event.event_time);
            into.push(Record { value: event.value, event_time: event.event_time, stamps });
        }
        Ok(newest)
    }
}

#[cold]
fn outlasted(name: &str, split: u32, offset: u64) -> SourceError {
    SourceError {
        input: name.to_owned(),
        split,
        offset,
        line: None,
        column: None,
        cause: "the run lasts longer than its time stamps can count; start it with its duration"
            .to_owned(),
    }
}
