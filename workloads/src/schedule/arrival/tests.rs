//! Schedules and the source that is read by them.

use proptest::prelude::*;

use super::*;
use crate::events::keyed_event::{KeyedEvent, KeyedEvents};
use crate::testing::knobs::common;

const UNIT: StampUnit = StampUnit::MICROSECOND;

fn schedule(rate: Option<f64>, events: u64) -> Schedule {
    let start = ProcessingTime::from_millis(5);
    Schedule { rate, events, warm_up: 0, start, unit: UNIT, shape: LoadShape::CONSTANT }
}

fn read(
    paced: &PacedSource<KeyedEvents>,
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
            PacedSource::new(Arc::clone(&generated), schedule(None, events), splits, String::new());
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
        let paced = PacedSource::new(events, schedule(Some(rate), 1_000), splits, String::new());
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
    let paced = PacedSource::new(events, schedule(Some(1_000.0), 100), 2, String::new());
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
        let [planned, ingested] = [record.stamps.planned, record.stamps.ingested];
        (record.event_time.0, UNIT.instant(planned).0, UNIT.instant(ingested).0)
    };
    assert_eq!(at(0, 3), (6_000_000, 6_000_000, 26_000_000));
    assert_eq!(at(1, 3), (7_000_000, 7_000_000, 7_000_000));
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
    let paced = PacedSource::new(events, timed, 1, "generated".to_owned());
    let stamps: Vec<_> = read(&paced, 0, 0..4).iter().map(|record| record.stamps).collect();
    let at = |millis: u64| {
        let stamp = UNIT.stamp(millis * 1_000_000).unwrap();
        Stamps { planned: stamp, ingested: stamp }
    };
    assert_eq!(stamps, [Stamps::UNTIMED, Stamps::UNTIMED, at(2), at(3)]);
    let late = paced.reader().read(0, 4_000_000..4_000_001, &mut Vec::new());
    let error = late.unwrap_err().to_string();
    assert!(error.starts_with("generated, split 0, offset 4000000: "), "{error}");
}
