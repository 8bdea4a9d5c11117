//! When events are planned, and the source that an engine reads them from.

use std::ops::Range;
use std::sync::Arc;

use dataflow::source::{Available, Next, Reader, Source, SourceError, Splits};
use dataflow::{EventTime, ProcessingTime, Record, StampUnit, Stamps};

use crate::spec::{Events, Timed};

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
        // Also keeps what follows away from where planned times end at `u64::MAX`.
        if elapsed >= self.planned_nanos(self.events.saturating_sub(1)) {
            return self.events;
        }
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
        let number_of = |offset| offset * u64::from(self.splits) + u64::from(split);
        // Stamps rise, so one look at the last tells whether all fit.
        if let Some(last) = offsets.clone().last()
            && self.schedule.stamps(number_of(last)).is_none()
        {
            return Err(outlasted(&self.name, split, last));
        }
        let mut newest = EventTime::MIN;
        into.extend(offsets.map(|offset| {
            let number = number_of(offset);
            let stamps = self.schedule.stamps(number).unwrap_or(Stamps::UNTIMED);
            let Timed { value, event_time } = self.events.event(number);
            newest = newest.max(event_time);
            Record { value, event_time, stamps }
        }));
        Ok(newest)
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
        Schedule { rate, events, warm_up: 0, start: ProcessingTime::from_millis(5), unit: UNIT }
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
            events in 0_u64..300,
            cut in 0_u64..40,
        ) {
            let generated = Arc::new(KeyedEvents::new(&common(&[("disorder_ms", "1")]), seed));
            let paced =
                Paced::new(Arc::clone(&generated), schedule(None, events), splits, String::new());
            let mut found = vec![None; events as usize];
            for split in 0..splits {
                let available = paced.available(split, 0, ProcessingTime::ZERO).unwrap();
                prop_assert_eq!(available.next, Next::Never);
                let cut = cut.min(available.end);
                let records = [0..cut, cut..available.end].map(|part| read(&paced, split, part));
                for (offset, record) in (0..).zip(records.concat()) {
                    let number = offset * u64::from(splits) + u64::from(split);
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
            now in 0_u64..10_000_000_000,
        ) {
            let split = split % splits;
            let events = Arc::new(KeyedEvents::new(&common(&[]), 1));
            let paced = Paced::new(events, schedule(Some(rate), 1_000), splits, String::new());
            let before = paced.available(split, 0, ProcessingTime(now)).unwrap();
            if let Next::At(next) = before.next {
                prop_assert!(next > ProcessingTime(now));
                let at_next = paced.available(split, before.end, next).unwrap();
                prop_assert!(at_next.end > before.end);
                let just_before = ProcessingTime(next.0 - 1);
                let just_before = paced.available(split, before.end, just_before).unwrap();
                prop_assert_eq!(just_before.end, before.end);
            } else {
                prop_assert_eq!(before.end, paced.in_split(split, 1_000));
            }
        }
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
