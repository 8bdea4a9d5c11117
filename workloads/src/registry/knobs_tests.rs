//! Values of knobs that are taken can be run: whatever a plan, a generator or an evaluator cannot
//! stand is refused when knobs are resolved.

use std::collections::BTreeMap;

use dataflow::job::settings::{Kind, Setting};
use rand::{Rng, SeedableRng};
use rand_xoshiro::SplitMix64;
use serde_json::Value;

use crate::random::below;
use crate::registry::{AnyWorkload, standard};
use crate::schedule::arrival::Schedule;
use crate::testing::run_plan::{run, slot};

/// Events of a run.
const EVENTS: u64 = 200;
/// Draws of several knobs at a time, for each workload.
const DRAWS: u64 = 40;

/// What would only cost time and memory: largest values that are tried.
const CAPS: &[(&str, i64)] = &[("payload_bytes", 1 << 10), ("side_input_rows", 1 << 10)];

/// Values of a knob worth trying: both ends, and some between.
fn values(knob: &Setting) -> Vec<Value> {
    match knob.kind {
        Kind::Integer { min, max } => {
            let cap = CAPS.iter().find(|(name, _)| *name == knob.name).map_or(max, |(_, cap)| *cap);
            let between =
                [1, 7, 50, 1_000, 1 << 20].into_iter().filter(|it| (min..=cap).contains(it));
            [min, cap].into_iter().chain(between).map(Value::from).collect()
        }
        Kind::Number { min, max } => [min, max, (min + max) / 2.0].map(Value::from).to_vec(),
        Kind::Choice(names) => names.iter().map(|name| (*name).into()).collect(),
        Kind::Path | Kind::Text => Vec::new(),
    }
}

/// Runs what is not refused; says whether it was not.
fn run_with(
    workload: &dyn AnyWorkload,
    given: &BTreeMap<String, Value>,
    rate: Option<f64>,
) -> bool {
    println!("{} with {given:?} at {rate:?}", workload.name());
    let Ok(knobs) = workload.resolve(given, rate) else { return false };
    let events = workload.generate(&knobs, 7);
    let (digest, _) = run(&events.plan(Schedule::at_once(EVENTS), slot()));
    // They differ where events are late; here both only have to come to an end.
    let _ = (digest, events.expected(EVENTS));
    true
}

#[test]
fn both_ends_of_every_knob_are_run_or_refused() {
    for workload in standard() {
        for knob in workload.knobs() {
            for value in values(&knob) {
                let given = BTreeMap::from([(knob.name.to_owned(), value)]);
                run_with(&*workload, &given, None);
            }
        }
    }
}

#[test]
fn knobs_that_are_drawn_together_are_run_or_refused() {
    let mut draws = SplitMix64::seed_from_u64(1);
    let (mut taken, mut tried) = (0, 0);
    for workload in standard() {
        let knobs = workload.knobs();
        for _ in 0..DRAWS {
            let mut given = BTreeMap::new();
            for _ in 0..1 + below(draws.next_u64(), 4) {
                let knob = &knobs[below(draws.next_u64(), knobs.len() as u64) as usize];
                let values = values(knob);
                if !values.is_empty() {
                    let value = &values[below(draws.next_u64(), values.len() as u64) as usize];
                    given.insert(knob.name.to_owned(), value.clone());
                }
            }
            let rate = (below(draws.next_u64(), 2) == 0).then_some(1_000.0);
            taken += u32::from(run_with(&*workload, &given, rate));
            tried += 1;
        }
    }
    assert!(taken > tried / 4, "{taken} of {tried}: too few to tell anything");
}

#[track_caller]
fn refused(workload: &str, given: &[(&str, &str)], parts: &[&str]) {
    let given: BTreeMap<String, Value> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let all = standard();
    let workload = all.iter().find(|it| it.name() == workload).unwrap();
    let error = workload.resolve(&given, Some(1_000.0)).unwrap_err().to_string();
    assert!(parts.iter().all(|part| error.contains(part)), "{error}");
}

#[test]
fn a_slide_longer_than_its_window_is_refused() {
    refused(
        "nexmark-q5",
        &[("window_ms", "50")],
        &[
            "slide_ms=2000 is longer than window_ms=50",
            "slide_ms at most 50",
            "window_ms at least 2000",
        ],
    );
}

#[test]
fn windows_that_nothing_can_be_measured_of_are_refused() {
    refused(
        "nexmark-q5",
        &[("window_ms", "1000000000000"), ("slide_ms", "1")],
        &["into 1000000000000 windows", "slide_ms at least 100000000", "window_ms at most 10000"],
    );
    refused(
        "nexmark-q5",
        &[("window_ms", "60000"), ("slide_ms", "59999")],
        &["window_ms=60000 and slide_ms=59999", "60000 panes", "panes=unshared"],
    );
    for workload in ["windowed-count", "nexmark-q5", "nexmark-q7", "nexmark-q8", "nexmark-q11"] {
        let short = [("window_ms", "1"), ("slide_ms", "1"), ("disorder_ms", "1000000000")];
        let short: Vec<_> =
            short.into_iter().filter(|it| it.0 != "slide_ms" || workload == "nexmark-q5").collect();
        refused(
            workload,
            &short,
            &[
                "disorder_ms=1000000000",
                "1000000000 windows of",
                "_ms=1 are open",
                "at least 100000",
            ],
        );
    }
    refused(
        "nexmark-q7",
        &[("out_of_order_group", "1000000000"), ("event_rate", "10")],
        &["out_of_order_group=1000000000 at event_rate=10", "window_ms=10000"],
    );
}

#[test]
fn spans_of_event_time_that_follow_from_a_number_of_events_are_bounded() {
    refused(
        "nexmark-q0",
        &[("out_of_order_group", "1000000000"), ("event_rate", "0.1")],
        &[
            "out_of_order_group=1000000000 at event_rate=0.1",
            "1.000e13 ms",
            "event_rate at least 1",
        ],
    );
    refused(
        "nexmark-q6",
        &[("in_flight_auctions", "2147483648"), ("event_rate", "0.001")],
        &["in_flight_auctions=2147483648 at event_rate=0.001", "an auction lasts"],
    );
}
