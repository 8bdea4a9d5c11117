//! When events are planned, and the source that an engine reads them from.

use std::ops::Range;
use std::sync::Arc;

use dataflow::source::{Available, Next, Reader, Source, SourceError, Splits};
use dataflow::{EventTime, ProcessingTime, Record, StampUnit, Stamps};

use crate::load_shape::LoadShape;
use crate::spec::{Events, Timed};

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
pub struct Paced<G> {
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

impl<G: Events> Paced<G> {
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

    /// With events of split 0 that can be read only so many nanoseconds after they are planned. On
    /// a schedule without a rate they are there from the start, like all others.
    #[must_use]
    pub fn with_straggler(mut self, nanos: u64) -> Self {
        self.deal.straggling = if self.schedule.rate.is_some() { nanos } else { 0 };
        self
    }
}

impl<G: Events> Splits for Paced<G> {
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

impl<G: Events> Source<G::Event> for Paced<G> {
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
            let Timed { value, event_time } = self.events.event(number);
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
        cause: "the run lasts longer than its time stamps can count; start it with its duration"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keyed_event::{KeyedEvent, KeyedEvents};
    use crate::knobs::tests::common;

    const UNIT: StampUnit = StampUnit::MICROSECOND;

    fn schedule(rate: Option<f64>, events: u64) -> Schedule {
        let start = ProcessingTime::from_millis(5);
        Schedule { rate, events, warm_up: 0, start, unit: UNIT, shape: LoadShape::CONSTANT }
    }

    fn read(
        paced: &Paced<KeyedEvents>,
        split: u32,
        offsets: Range<u64>,
    ) -> Vec<Record<KeyedEvent>> {
        let mut records = Vec::new();
        paced.reader().read(split, offsets, &mut records).unwrap();
        records
    }

    proptest! {
        #[test]
        fn planned_by_is_the_inverse_of_planned_nanos(
            rate in prop_oneof![0.01_f64..100.0, 100.0_f64..1e7, 1e7_f64..5e9],
            number in 0_u64..1 << 40,
            events in prop_oneof![0_u64..100, 0_u64..1 << 41],
            elapsed in any::<u64>(),
        ) {
            let schedule = schedule(Some(rate), events);
            let planned = |number| schedule.start.after(schedule.planned_nanos(number));
            for now in [
                planned(number),
                ProcessingTime(planned(number).0 - 1),
                ProcessingTime(elapsed),
            ] {
                // There is nothing after the last representable instant.
                let now = now.min(ProcessingTime(u64::MAX - 1));
                let count = schedule.planned_by(now);
                prop_assert!(count <= events);
                prop_assert!(count == 0 || planned(count - 1) <= now);
                prop_assert!(count == events || planned(count) > now);
            }
        }

        #[test]
        fn splits_hold_every_event_once(
            seed: u64,
            splits in 1_u32..20,
            idle in 0_u32..20,
            events in 0_u64..300,
            cut in 0_u64..40,
        ) {
            let idle = idle % splits;
            let generated = Arc::new(KeyedEvents::new(&common(&[("disorder_ms", "1")]), seed));
            let paced =
                Paced::new(Arc::clone(&generated), schedule(None, events), splits, String::new());
            let paced = paced.with_idle_splits(idle);
            let mut found = vec![None; events as usize];
            for split in 0..splits {
                let available = paced.available(split, 0, ProcessingTime::ZERO).unwrap();
                prop_assert_eq!(available.next, Next::Never);
                prop_assert!(split < splits - idle || available.end == 0);
                let cut = cut.min(available.end);
                let records = [0..cut, cut..available.end].map(|part| read(&paced, split, part));
                for (offset, record) in (0..).zip(records.concat()) {
                    let number = offset * u64::from(splits - idle) + u64::from(split);
                    let place = &mut found[number as usize];
                    prop_assert!(place.is_none());
                    *place = Some((record.value, record.event_time));
                }
            }
            for (number, found) in (0..).zip(found) {
                let event = generated.event(number);
                prop_assert_eq!(found, Some((event.value, event.event_time)));
            }
        }

        #[test]
        fn a_split_says_when_its_next_event_is_planned(
            rate in 1.0_f64..1e6,
            splits in 1_u32..9,
            split in 0_u32..9,
            straggling in prop_oneof![Just(0_u64), 1_u64..5_000_000_000],
            now in 0_u64..10_000_000_000,
        ) {
            let split = split % splits;
            let events = Arc::new(KeyedEvents::new(&common(&[]), 1));
            let paced = Paced::new(events, schedule(Some(rate), 1_000), splits, String::new());
            let paced = paced.with_straggler(straggling);
            let before = paced.available(split, 0, ProcessingTime(now)).unwrap();
            if let Next::At(next) = before.next {
                prop_assert!(next > ProcessingTime(now));
                let at_next = paced.available(split, before.end, next).unwrap();
                prop_assert!(at_next.end > before.end);
                let just_before = ProcessingTime(next.0 - 1);
                let just_before = paced.available(split, before.end, just_before).unwrap();
                prop_assert_eq!(just_before.end, before.end);
            } else {
                prop_assert_eq!(before.end, paced.deal.in_split(split, 1_000));
            }
        }
    }

    #[test]
    fn a_straggler_is_readable_late_and_happens_when_it_is_planned() {
        let events = Arc::new(KeyedEvents::new(&common(&[("event_rate", "1000")]), 1));
        let paced = Paced::new(events, schedule(Some(1_000.0), 100), 2, String::new());
        let paced = paced.with_straggler(20_000_000);
        // Events 0, 2, ... are split 0's. The run starts at 5 ms; at 25 ms event 20 is planned.
        let end = |split, millis| {
            let now = ProcessingTime::from_millis(millis);
            paced.available(split, 0, now).unwrap().end
        };
        assert_eq!([end(0, 24), end(1, 24)], [0, 10]);
        assert_eq!([end(0, 25), end(1, 25)], [1, 10]);
        assert_eq!([end(0, 29), end(1, 29)], [3, 12]);
        let at = |split, offset: u64| {
            let record = read(&paced, split, offset..offset + 1)[0].clone();
            (record.event_time.0, record.stamps.planned, record.stamps.ingested)
        };
        assert_eq!(at(0, 3), (6_000_000, 6_000, 26_000));
        assert_eq!(at(1, 3), (7_000_000, 7_000, 7_000));
    }

    #[test]
    fn a_straggler_lags_in_event_time_by_its_delay_at_the_ratio_of_the_rates() {
        let lag = |rate, event_rate| schedule(rate, 1).event_lag(1_000_000, event_rate);
        assert!((1_000_000..1_000_010).contains(&lag(Some(500.0), 500.0)));
        assert!((2_000_000..2_000_010).contains(&lag(Some(500.0), 250.0)));
        assert_eq!(lag(None, 250.0), 0);
        assert_eq!(schedule(Some(500.0), 1).event_lag(0, 1.0), 0);
    }

    #[test]
    fn everything_is_there_at_once_without_a_rate() {
        assert_eq!(schedule(None, 7).planned_by(ProcessingTime::ZERO), 7);
        assert_eq!(schedule(Some(1e6), 7).planned_by(ProcessingTime::MAX), 7);
        assert_eq!(schedule(Some(1e6), 7).planned_by(ProcessingTime::ZERO), 0);
    }

    #[test]
    fn warm_up_is_not_timed_and_stamps_run_out() {
        let events = Arc::new(KeyedEvents::new(&common(&[]), 1));
        let timed = Schedule { warm_up: 2, ..schedule(Some(1_000.0), 10_000_000) };
        let paced = Paced::new(events, timed, 1, "generated".to_owned());
        let stamps: Vec<_> = read(&paced, 0, 0..4).iter().map(|record| record.stamps).collect();
        let at = |tick| Stamps { planned: tick, ingested: tick };
        assert_eq!(stamps, [Stamps::UNTIMED, Stamps::UNTIMED, at(2_000), at(3_000)]);
        let late = paced.reader().read(0, 9_000_000..9_000_001, &mut Vec::new());
        let error = late.unwrap_err().to_string();
        assert!(error.starts_with("generated, split 0, offset 9000000: "), "{error}");
    }
}
