//! The standard workloads, with their types erased as engines and the harness see them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::queries::KeyedCount;
use crate::queries::forward::Forward;
use crate::registry::{register, standard};
use crate::schedule::arrival::Schedule;
use crate::testing::golden::SEED;
use crate::testing::run_plan::{run, run_checked, slot};

fn given(knobs: &[(&str, &str)]) -> BTreeMap<String, Value> {
    knobs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
}

#[test]
fn the_standard_workloads_are_there_in_order_and_say_what_they_are() {
    let workloads = standard();
    let nexmark = (0..24).map(|number| format!("nexmark-q{number}"));
    let first = ["forward", "keyed-count", "windowed-count", "word-count", "uppercase"];
    let ours: Vec<_> = first.map(str::to_owned).into_iter().chain(nexmark).collect();
    // A new workload needs no line here: the ones known so far are there, in this order.
    let mut known = workloads.iter().filter(|it| ours.iter().any(|name| name == it.name()));
    assert!(known.clone().map(|workload| workload.name()).eq(&ours));
    let windowed: Vec<_> =
        known.clone().filter(|it| it.has_windows()).map(|workload| workload.name()).collect();
    assert_eq!(
        windowed,
        ["windowed-count", "nexmark-q5", "nexmark-q7", "nexmark-q8", "nexmark-q11"]
    );
    let names: BTreeSet<_> = workloads.iter().map(|workload| workload.name()).collect();
    assert_eq!(names.len(), workloads.len(), "two workloads have one name");
    let uppercase = known.nth(4).unwrap();
    assert_eq!(uppercase.suggests(), [("batch_interval_ms", 2_000)]);
    for workload in workloads {
        let knobs = workload.resolve(&BTreeMap::new(), None).unwrap();
        let plan = workload.generate(&knobs, 1).plan(Schedule::at_once(1), slot());
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
            (run(&events.plan(Schedule::at_once(1_000), slot())).0, events.expected(1_000))
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
