//! Every query's plan against its evaluator, one subtask a stage, in order and out of order.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::registry::{AnyWorkload, standard};
use crate::testing::run_plan::run_checked;

fn queries() -> Vec<Arc<dyn AnyWorkload>> {
    let mut all = standard();
    all.retain(|workload| workload.name().starts_with("nexmark-"));
    assert!(all.len() >= 24);
    all
}

#[test]
fn every_plan_gives_its_evaluators_answer() {
    for query in queries() {
        for (given, count) in [
            (&[][..], 2_000),
            (&[("event_rate", "100"), ("disorder_ms", "3000")][..], 4_000),
            (&[("out_of_order_group", "64"), ("event_rate", "200")][..], 4_000),
        ] {
            let given: BTreeMap<_, _> =
                given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
            let knobs = query.resolve(&given, None).unwrap();
            println!("{} with {given:?}", query.name());
            let rows = run_checked(&*query.generate(&knobs, 42), count);
            assert!(!rows.is_empty(), "{} has no rows", query.name());
        }
    }
}

#[test]
fn names_are_in_order_and_described() {
    let mut newest = None;
    for query in queries() {
        let about = query.description();
        let number = query.name().strip_prefix("nexmark-q").map(str::parse::<u32>);
        let number = number.expect("a prefix").expect("a number");
        assert!(newest < Some(number), "{} comes too late", query.name());
        newest = Some(number);
        for text in [about.origin, about.operators, about.state, about.stresses, about.ties] {
            assert!(!text.is_empty() && !text.contains("  "), "{}: {text}", query.name());
        }
    }
}
