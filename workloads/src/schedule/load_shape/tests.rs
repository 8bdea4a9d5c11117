//! Loads as they are delivered, against their definitions integrated by brute force.

use dataflow::{ProcessingTime, StampUnit};
use proptest::prelude::*;

use super::*;
use crate::event_time::event_clock::EventClock;
use crate::knobs::{COMMON, resolve};
use crate::schedule::arrival::Schedule;

const RATE: f64 = 20_000.0;

fn knobs(given: &[(&str, &str)]) -> Knobs {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    resolve("test", COMMON, &given, Some(RATE)).unwrap()
}

/// A plan from time 0.
fn schedule(rate: f64, events: u64, shape: LoadShape) -> Schedule {
    let (start, unit) = (ProcessingTime::ZERO, StampUnit::MICROSECOND);
    Schedule { rate: Some(rate), events, warm_up: 0, start, unit, shape }
}

/// Events planned in each second.
fn delivered(given: &[(&str, &str)], rate: f64, seconds: u64) -> Vec<u64> {
    let events = (rate * (seconds + 60) as f64) as u64;
    let schedule = schedule(rate, events, LoadShape::of(&knobs(given), 42));
    // An event on the stroke of a second belongs to the second that begins.
    let by = |second: u64| match second {
        0 => 0,
        _ => schedule.planned_by(ProcessingTime(second * 1_000_000_000 - 1)),
    };
    (0..seconds).map(|second| by(second + 1) - by(second)).collect()
}

/// Compares what each of 60 seconds brings with a rate given as a function of the time in seconds.
#[track_caller]
fn follows(given: &[(&str, &str)], rate_at: impl Fn(f64) -> f64) {
    const PARTS: u32 = 10_000;
    for (second, delivered) in delivered(given, RATE, 60).into_iter().enumerate() {
        let at = |part: u32| second as f64 + (f64::from(part) + 0.5) / f64::from(PARTS);
        let expected =
            (0..PARTS).map(|part| rate_at(at(part))).sum::<f64>() / f64::from(PARTS) * RATE;
        let off = (delivered as f64 - expected).abs();
        assert!(off <= 0.01 * expected + 1.0, "{given:?}, second {second}: {delivered} {expected}");
    }
}

#[test]
fn every_second_brings_what_the_shape_says() {
    let part = |time: f64, period: f64| (time / period).fract();
    follows(&[], |_| 1.0);
    follows(&[("load_shape", "ramp")], |time| 0.5 + part(time, 10.0));
    follows(&[("load_shape", "ramp"), ("load_peak", "2"), ("load_period_s", "60")], |time| {
        time / 30.0
    });
    follows(&[("load_shape", "steps"), ("load_steps", "4"), ("load_period_s", "14")], |time| {
        0.5 + (part(time, 14.0) * 4.0).floor() / 3.0
    });
    follows(&[("load_shape", "sine"), ("load_peak", "1.9")], |time| {
        1.0 - 0.9 * (TAU * time / 10.0).cos()
    });
    follows(&[("load_shape", "sine"), ("load_phase", "0.5")], |time| {
        1.0 + 0.5 * (TAU * time / 10.0).cos()
    });
    follows(&[("load_shape", "square"), ("load_period_s", "8")], |time| {
        if part(time, 8.0) < 0.5 { 0.5 } else { 1.5 }
    });
    // All in a tenth of the period, and nothing else.
    follows(&[("load_shape", "bursts"), ("load_peak", "10"), ("load_period_s", "20")], |time| {
        if (0.45..0.55).contains(&part(time, 20.0)) { 10.0 } else { 0.0 }
    });
    let burst = &[("load_shape", "burst"), ("load_duty", "0.2"), ("load_period_s", "30")];
    follows(burst, |time| match time {
        time if time >= 30.0 => 1.0,
        time if (12.0..18.0).contains(&time) => 5.0,
        _ => 0.0,
    });
    let burst = &[("load_shape", "burst"), ("load_peak", "3"), ("load_period_s", "30")];
    follows(burst, |time| match time {
        time if time >= 30.0 => 1.0,
        time if (13.5..16.5).contains(&time) => 3.0,
        _ => 0.7 / 0.9,
    });
}

/// Nexmark's shapes, over 600 s between a first and a next rate: two steps, or ten on a cosine.
#[test]
fn nexmarks_shapes_can_be_said() {
    let (first, next) = (1_000.0, 2_000.0);
    let mean: f64 = (first + next) / 2.0;
    let peak = (next / mean).to_string();
    let common = [("load_period_s", "600"), ("load_peak", peak.as_str())];
    let sine = [&common[..], &[("load_shape", "sine"), ("load_steps", "10")]].concat();
    let delivered_in = |given: &[(&str, &str)], step: usize| -> Vec<u64> {
        let seconds = delivered(given, mean, 600);
        seconds.chunks(step).map(|it| it.iter().sum()).collect()
    };
    for (step, sum) in delivered_in(&sine, 60).into_iter().enumerate() {
        let rate = mean + (first - next) / 2.0 * (TAU * step as f64 / 10.0).cos();
        assert!((sum as f64 - rate * 60.0).abs() <= 2.0, "step {step}: {sum} at {rate}");
    }
    let square = [&common[..], &[("load_shape", "square")]].concat();
    let close =
        |sums: &[u64], to: [u64; 2]| sums.iter().zip(to).all(|(it, to)| it.abs_diff(to) < 2);
    assert!(close(&delivered_in(&square, 300), [300_000, 600_000]));
    // From the higher rate to the lower.
    let falling = [&square[..], &[("load_phase", "0.5")]].concat();
    assert!(close(&delivered_in(&falling, 300), [600_000, 300_000]));
}

#[test]
fn an_on_off_load_has_its_rate_its_duty_and_its_lengths() {
    for (duty, peak) in [("0.5", "2"), ("0.2", "3")] {
        let given = [
            ("load_shape", "on-off"),
            ("load_duty", duty),
            ("load_peak", peak),
            ("load_period_s", "0.5"),
        ];
        let Shape::Segments(segments) = LoadShape::of(&knobs(&given), 7).0 else {
            panic!("an on-off load is a function of time");
        };
        let (duty, peak): (f64, f64) = (duty.parse().unwrap(), peak.parse().unwrap());
        let low = (1.0 - duty * peak) / (1.0 - duty);
        // Over 8,000 s, looked at every 10 ms.
        let step = 10_000_000;
        let loads: Vec<f64> = (0..=800_000).map(|it| segments.load_by(it * step)).collect();
        let steps: Vec<f64> =
            loads.windows(2).map(|pair| (pair[1] - pair[0]) / step as f64).collect();
        let mean = steps.iter().sum::<f64>() / steps.len() as f64;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        let close = |rate: f64, to: f64| (rate - to).abs() < 0.05 * peak;
        let (on, off) = (
            steps.iter().filter(|rate| close(**rate, peak)).count() as f64,
            steps.iter().filter(|rate| close(**rate, low)).count() as f64,
        );
        assert!((on / (on + off) - duty).abs() < 0.02, "{on} {off}");
        assert!(on + off > 0.9 * steps.len() as f64, "few steps lie across a switch");
        // Exponential lengths: after any time on, it is on a while later as often as ever.
        let is_on = |it: usize| close(steps[it], peak);
        let stays = |from: usize, than: usize| {
            let starts: Vec<usize> =
                (0..steps.len() - than).filter(|&it| (it..it + from).all(is_on)).collect();
            let still = starts.iter().filter(|&&it| (it..it + than).all(is_on)).count();
            still as f64 / starts.len() as f64
        };
        let lasts = (-0.05 / (0.5 * duty)).exp();
        for from in [1, 11] {
            let got = stays(from, from + 5);
            assert!((got - lasts).abs() < 0.04, "{got} of {lasts} after {from}");
        }
    }
}

#[test]
fn a_seed_decides_a_random_load() {
    for shape in ["poisson", "on-off", "pareto"] {
        let knobs = knobs(&[("load_shape", shape)]);
        let times = |seed| {
            let shape = LoadShape::of(&knobs, seed);
            (0..1_000_u64).map(|it| shape.time_of(it * 1_000, 1e6)).collect::<Vec<_>>()
        };
        assert_eq!(times(1), times(1), "{shape}");
        assert_ne!(times(1), times(2), "{shape}");
        assert!(LoadShape::is_random(&knobs) && LoadShape::without_seed(&knobs).is_constant());
    }
    let sine = knobs(&[("load_shape", "sine")]);
    assert!(!LoadShape::without_seed(&sine).is_constant());
}

#[test]
fn event_time_is_planned_time_where_the_rates_are_equal() {
    for shape in LOAD_SHAPES {
        let knobs = knobs(&[("load_shape", shape)]);
        let clock = EventClock::of(&knobs, 3);
        let schedule = schedule(RATE, u64::MAX, LoadShape::of(&knobs, 3));
        for number in (0..100_000).step_by(97) {
            let (event, planned) =
                (clock.event_time(number).0 as u64, schedule.planned_nanos(number));
            assert!(event.abs_diff(planned) <= 1, "{shape} {number}: {event} {planned}");
        }
    }
}

/// An event time's place in the plan, when event time is twice as fast.
#[test]
fn a_time_on_the_clock_of_events_is_found_in_the_plan() {
    for shape in LOAD_SHAPES {
        let knobs = knobs(&[("load_shape", shape)]);
        let (shape_of, ratio) = (LoadShape::of(&knobs, 3), 2.0);
        let clock = EventClock::shaped(RATE * ratio, shape_of.clone());
        let schedule = schedule(RATE, u64::MAX, shape_of.clone());
        for number in (1..100_000).step_by(97) {
            let event = clock.event_time(number).0 as u64;
            let planned = shape_of.on_clock(event, ratio);
            // Both are rounded to nanoseconds, which at the lowest rate is little of an event.
            let off = planned.abs_diff(schedule.planned_nanos(number));
            assert!(off <= 20, "{shape} {number}: {off} ns");
            assert_eq!(shape_of.on_clock(event, 1.0), event);
        }
    }
}

proptest! {
    #[test]
    fn planned_by_is_the_inverse_of_planned_nanos_for_every_shape(
        shape in proptest::sample::select(LOAD_SHAPES),
        rate in prop_oneof![0.5_f64..100.0, 100.0_f64..1e6, 1e8_f64..2e9],
        events in prop_oneof![1_u64..100, 1_u64..200_000],
        number in 0_u64..200_000,
        share in 0.0_f64..1.1,
    ) {
        let shape = LoadShape::of(&knobs(&[("load_shape", shape)]), 5);
        let schedule = schedule(rate, events, shape);
        let planned = |number| ProcessingTime(schedule.planned_nanos(number));
        let elapsed = (share * schedule.end().0 as f64) as u64;
        let at = planned(number % events);
        for now in [at, ProcessingTime(at.0.saturating_sub(1)), ProcessingTime(elapsed)] {
            let count = schedule.planned_by(now);
            prop_assert!(count <= events);
            prop_assert!(count == 0 || planned(count - 1) <= now);
            prop_assert!(count == events || planned(count) > now);
        }
        let next = number % events;
        prop_assert!(planned(next) <= planned(next + 1));
    }
}
