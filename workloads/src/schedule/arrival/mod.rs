//! When events are planned, and the source that an engine reads them from.

use std::ops::Range;
use std::sync::Arc;

use dataflow::job::source::{Available, Next, Reader, Source, SourceError, SourceFailure, Splits};
use dataflow::{EventTime, ProcessingTime, Record, StampUnit, Stamps};

use crate::schedule::load_shape::LoadShape;
use crate::spec::{Events, TimedEvent};

/// When the events of a run are planned to happen.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Events per second on average; `None` when they are all there from the start.
    pub rate: Option<f64>,
    /// Number of events.
    pub events: u64,
    /// Events at the start that are digested but not timed.
    pub warm_up: u64,
    /// When the first event is planned.
    pub start: ProcessingTime,
    /// Unit of stamps.
    pub unit: StampUnit,
    /// How the rate changes over time.
    pub shape: LoadShape,
}

impl Schedule {
    /// One on which everything is there from the start.
    pub fn at_once(events: u64) -> Self {
        Self {
            rate: None,
            events,
            warm_up: 0,
            start: ProcessingTime::ZERO,
            unit: StampUnit::MICROSECOND,
            shape: LoadShape::CONSTANT,
        }
    }

    /// Planned time of an event, in nanoseconds since the run's start.
    #[inline]
    pub fn planned_nanos(&self, number: u64) -> u64 {
        self.rate.map_or(0, |rate| self.shape.time_of(number, 1e9 / rate))
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
        // Also keeps what follows away from where planned times end at `u64::MAX`.
        if elapsed >= self.planned_nanos(self.events.saturating_sub(1)) {
            return self.events;
        }
        // The inverse of `planned_nanos`, which rounds: put right by looking at it.
        let mut number = self.shape.count_by(elapsed, 1e9 / rate);
        while self.planned_nanos(number) <= elapsed {
            number += 1;
        }
        while number > 0 && self.planned_nanos(number - 1) > elapsed {
            number -= 1;
        }
        number.min(self.events)
    }

    /// How far event times fall behind when events are read `delay` nanoseconds late, for an event
    /// time of `event_rate` events a second that follows the same shape: nanoseconds, rounded up.
    /// Where the rate changes over time, the two rates must be equal.
    pub fn event_lag(&self, delay: u64, event_rate: f64) -> i64 {
        match self.rate {
            // Both clocks round down to nanoseconds.
            Some(rate) if delay > 0 => {
                let lag = (delay as f64 + ROUNDING_NANOS) * (rate / event_rate) + ROUNDING_NANOS;
                lag.ceil().min(LONGEST_LAG_NANOS) as i64
            }
            _ => 0,
        }
    }

    /// Stamps of an event that can be read `delay` nanoseconds after it is planned; `None` when the
    /// run has outlasted its unit.
    #[inline]
    fn stamps(&self, number: u64, delay: u64) -> Option<Stamps> {
        if self.rate.is_none() || number < self.warm_up {
            return Some(Stamps::UNTIMED);
        }
        let nanos = self.planned_nanos(number);
        let planned = self.unit.stamp(nanos)?;
        let ingested =
            if delay == 0 { planned } else { self.unit.stamp(nanos.saturating_add(delay))? };
        Some(Stamps { planned, ingested })
    }
}

/// Watermarks fall behind by no more than this, 31 years, so that times fit.
const LONGEST_LAG_NANOS: f64 = 1e18;
/// What is lost when times are rounded, in nanoseconds at most.
const ROUNDING_NANOS: f64 = 2.0;

/// Events on a schedule, dealt over splits: split `s` of `S` holds events `s`, `s + S`, ... Some of
/// the splits can be idle, and split 0 can be late.
pub struct PacedSource<G> {
    events: Arc<G>,
    schedule: Schedule,
    deal: Deal,
    name: String,
}

/// Which events a split holds, and when they can be read.
#[derive(Copy, Clone, Debug)]
struct Deal {
    splits: u32,
    /// Splits that hold events, the first ones; the others are empty.
    busy: u32,
    /// Nanoseconds from the planned time of an event of split 0 until it can be read.
    straggling: u64,
}

impl Deal {
    /// How many of the first `count` events belong to a split.
    fn in_split(self, split: u32, count: u64) -> u64 {
        if split >= self.busy {
            return 0;
        }
        count.saturating_sub(u64::from(split)).div_ceil(u64::from(self.busy))
    }

    /// The number of the event at an offset of a split that has events.
    #[inline]
    fn number(self, split: u32, offset: u64) -> u64 {
        offset * u64::from(self.busy) + u64::from(split)
    }

    const fn delay(self, split: u32) -> u64 {
        if split == 0 { self.straggling } else { 0 }
    }
}

impl<G: Events> PacedSource<G> {
    /// `name` is the input as the user knows it, for errors.
    pub fn new(events: Arc<G>, schedule: Schedule, splits: u32, name: String) -> Self {
        assert!(splits > 0, "a source has a split");
        let deal = Deal { splits, busy: splits, straggling: 0 };
        Self { events, schedule, deal, name }
    }

    /// With this many splits, the last ones, that have no event and end at once.
    ///
    /// # Panics
    /// When no other split is left.
    #[must_use]
    pub fn with_idle_splits(mut self, idle: u32) -> Self {
        assert!(idle < self.deal.splits, "some split has events");
        self.deal.busy = self.deal.splits - idle;
        self
    }

    /// With events of split 0 that can be read only `nanos` nanoseconds after they are planned. On
    /// a schedule without a rate they are there from the start, like all others.
    #[must_use]
    pub fn with_straggler(mut self, nanos: u64) -> Self {
        self.deal.straggling = if self.schedule.rate.is_some() { nanos } else { 0 };
        self
    }
}

impl<G: Events> Splits for PacedSource<G> {
    fn splits(&self) -> u32 {
        self.deal.splits
    }

    fn available(&self, split: u32, _: u64, now: ProcessingTime) -> Result<Available, SourceError> {
        let delay = self.deal.delay(split);
        let readable = self.schedule.planned_by(ProcessingTime(now.0.saturating_sub(delay)));
        let end = self.deal.in_split(split, readable);
        let next = if end == self.deal.in_split(split, self.schedule.events) {
            Next::Never
        } else {
            let planned = self.schedule.planned_nanos(self.deal.number(split, end));
            Next::At(self.schedule.start.after(planned).after(delay))
        };
        Ok(Available { end, next })
    }
}

impl<G: Events> Source<G::Event> for PacedSource<G> {
    fn reader(&self) -> Box<dyn Reader<G::Event>> {
        Box::new(PacedReader {
            events: Arc::clone(&self.events),
            schedule: self.schedule.clone(),
            deal: self.deal,
            name: self.name.clone(),
        })
    }
}

struct PacedReader<G> {
    events: Arc<G>,
    schedule: Schedule,
    deal: Deal,
    name: String,
}

impl<G: Events> Reader<G::Event> for PacedReader<G> {
    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Vec<Record<G::Event>>,
    ) -> Result<EventTime, SourceError> {
        let delay = self.deal.delay(split);
        // Stamps rise, so one look at the last tells whether all fit.
        if let Some(last) = offsets.clone().last()
            && self.schedule.stamps(self.deal.number(split, last), delay).is_none()
        {
            return Err(outlasted(&self.name, split, last));
        }
        // A loop for each kind of stamps, so that none of them asks which it is.
        let schedule = &self.schedule;
        let stamps = |number, delay| schedule.stamps(number, delay).unwrap_or(Stamps::UNTIMED);
        Ok(match (schedule.rate, delay) {
            (None, _) => self.extend(split, offsets, into, |_| Stamps::UNTIMED),
            (Some(_), 0) => self.extend(split, offsets, into, |number| stamps(number, 0)),
            (Some(_), delay) => self.extend(split, offsets, into, |number| stamps(number, delay)),
        })
    }
}

impl<G: Events> PacedReader<G> {
    /// Appends the events at these offsets, and says which of their times is the newest.
    #[inline]
    fn extend(
        &self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Vec<Record<G::Event>>,
        stamps: impl Fn(u64) -> Stamps,
    ) -> EventTime {
        let mut newest = EventTime::MIN;
        into.extend(offsets.map(|offset| {
            let number = self.deal.number(split, offset);
            let stamps = stamps(number);
            let TimedEvent { value, event_time } = self.events.event(number);
            newest = newest.max(event_time);
            Record { value, event_time, stamps }
        }));
        newest
    }
}

#[cold]
pub(crate) fn outlasted(name: &str, split: u32, offset: u64) -> SourceError {
    SourceError {
        input: name.to_owned(),
        split,
        offset,
        line: None,
        column: None,
        failure: SourceFailure::Failed,
        cause: "the run lasts longer than its time stamps can count; start it with its duration"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests;
