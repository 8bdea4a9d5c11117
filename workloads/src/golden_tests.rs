//! Pins the first 10,000 events of every workload and its answer to them, so that no change of a
//! generator or an evaluator goes unnoticed; and runs every plan on them.

use std::collections::BTreeMap;

use dataflow::job::settings::Settings;
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::queries::{Forward, KeyedCount, Uppercase, WindowedCount, WordCount};
use crate::registry::{register, standard};
use crate::run_plan::{at_once, run, run_checked, slot};
use crate::spec::{Events, Workload};

const COUNT: u64 = 10_000;
const SEED: u64 = 42;

/// Everything that changes what is generated.
const TWISTED: &[(&str, &str)] = &[
    ("zipf_exponent", "1.2"),
    ("disorder_ms", "3"),
    ("late_fraction", "0.01"),
    ("payload_bytes", "16"),
    ("window_ms", "2"),
    ("event_rate", "300000"),
];

fn given(knobs: &[(&str, &str)]) -> BTreeMap<String, Value> {
    knobs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
}

/// A hash of the events with their times, and one of the rows of the answer. Neither depends on
/// how results are digested.
fn hashes<W: Workload + Copy>(workload: W, knobs: &[(&str, &str)]) -> [u64; 2] {
    let erased = register(workload);
    let knobs: Settings = erased.resolve(&given(knobs), None).unwrap();
    let events = workload.events(&knobs, SEED);
    let mut bytes = Vec::new();
    for number in 0..COUNT {
        let event = events.event(number);
        bytes.extend(event.event_time.0.to_le_bytes());
        bytes.extend(postcard::to_allocvec(&event.value).unwrap());
    }
    let rows = run_checked(&*erased.generate(&knobs, SEED), COUNT).join("\n");
    [xxh3_64(&bytes), xxh3_64(rows.as_bytes())]
}

fn pinned<W: Workload + Copy>(workload: W, plain: [u64; 2], twisted: [u64; 2]) {
    let got = [hashes(workload, &[]), hashes(workload, TWISTED)];
    assert_eq!(got, [plain, twisted], "got {got:#018x?}");
}

#[test]
fn forward() {
    pinned(
        Forward,
        [0x2cf6_06ea_da69_92ba, 0x669b_289e_9131_de75],
        [0xabb0_a0df_dd77_23ec, 0xd7e4_e7c9_c3cf_4ec4],
    );
}

#[test]
fn keyed_count() {
    pinned(
        KeyedCount,
        [0x2cf6_06ea_da69_92ba, 0xe350_64f9_a311_02d5],
        [0xabb0_a0df_dd77_23ec, 0x8720_8b2f_5665_b23c],
    );
}

#[test]
fn windowed_count() {
    pinned(
        WindowedCount,
        [0x9f79_c153_e379_d026, 0x4fdc_56a9_4d7d_a68f],
        [0xaa5d_7830_2407_dae1, 0x3fdd_3246_6287_39fd],
    );
}

#[test]
fn word_count() {
    pinned(
        WordCount,
        [0x8d39_a996_316e_deb0, 0x0072_1a05_218f_f173],
        [0x05c9_1d0f_7b2f_0efc, 0x7935_efe8_034d_18f3],
    );
}

#[test]
fn uppercase() {
    pinned(
        Uppercase,
        [0x8d39_a996_316e_deb0, 0x985d_528b_e59e_8926],
        [0x05c9_1d0f_7b2f_0efc, 0xc358_b83b_a3dc_7c78],
    );
}

#[test]
fn the_standard_workloads_are_there_in_order_and_say_what_they_are() {
    let workloads = standard();
    let names: Vec<_> = workloads.iter().map(|workload| workload.name()).collect();
    let nexmark = (0..24).map(|number| format!("nexmark-q{number}"));
    let first = ["forward", "keyed-count", "windowed-count", "word-count", "uppercase"];
    let all: Vec<_> = first.map(str::to_owned).into_iter().chain(nexmark).collect();
    assert_eq!(names, all);
    let windowed = workloads.iter().filter(|workload| workload.has_windows());
    let windowed: Vec<_> = windowed.map(|workload| workload.name()).collect();
    assert_eq!(
        windowed,
        ["windowed-count", "nexmark-q5", "nexmark-q7", "nexmark-q8", "nexmark-q11"]
    );
    assert_eq!(workloads[4].suggests(), [("batch_interval_ms", 2_000)]);
    for workload in workloads {
        let knobs = workload.resolve(&BTreeMap::new(), None).unwrap();
        let plan = workload.generate(&knobs, 1).plan(at_once(1), slot());
        assert_eq!(plan.emits_changes, workload.result() != dataflow::ResultKind::Append);
        assert_eq!(plan.source.splits.splits(), 8);
        assert!(workload.knobs().iter().all(|knob| !knob.help.is_empty()));
    }
}

#[test]
fn the_event_rate_is_the_rate_unless_it_is_given() {
    let workload = register(Forward);
    let rate = |knobs: &[(&str, &str)], rate| {
        workload.resolve(&given(knobs), rate).unwrap().number("event_rate")
    };
    assert_eq!(rate(&[], Some(250.5)), 250.5);
    assert_eq!(rate(&[], None), 1_000_000.0);
    assert_eq!(rate(&[("event_rate", "7")], Some(250.5)), 7.0);
    let error = workload.resolve(&given(&[("keyz", "7")]), None).unwrap_err().to_string();
    assert!(error.starts_with("workload forward has no setting `keyz`; did you mean `keys`?"));
}

#[test]
fn an_answer_does_not_depend_on_splits() {
    for workload in standard() {
        let answer = |splits: &str| {
            let knobs = workload.resolve(&given(&[("splits", splits)]), None).unwrap();
            let events = workload.generate(&knobs, SEED);
            (run(&events.plan(at_once(1_000), slot())).0, events.expected(1_000))
        };
        let (got, expected) = answer("1");
        assert_eq!(got, expected);
        assert_eq!(answer("13"), (got, expected));
    }
}

#[test]
fn a_sample_of_keyed_events_is_an_input() {
    let workload = register(KeyedCount);
    let knobs = workload.resolve(&given(&[("payload_bytes", "5")]), None).unwrap();
    let generated = workload.generate(&knobs, SEED);
    let sample = generated.sample(100);
    assert_eq!(sample.lines().count(), 100);
    let lines = workload.lines(&knobs, "sample", &mut sample.as_bytes()).unwrap();
    assert_eq!(lines.expected(u64::MAX), generated.expected(100));
    assert_eq!(lines.sample(u64::MAX), sample);
    // A plan stops where the lines do.
    assert_eq!(run_checked(&*lines, u64::MAX), run_checked(&*generated, 100));
}

#[test]
fn a_line_that_is_no_event_is_pointed_at() {
    let workload = register(KeyedCount);
    let knobs = workload.resolve(&given(&[]), None).unwrap();
    let mut input = &b"{\"key\":1}\n{\"key\":-1}\n"[..];
    let error = workload.lines(&knobs, "in.json", &mut input).err().unwrap().to_string();
    assert!(error.starts_with("in.json:2:9: invalid value"), "{error}");
}
