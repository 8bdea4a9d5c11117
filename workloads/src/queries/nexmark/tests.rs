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

/// A bid of bidder 7, 1,000 cents and time 5, but for one field.
fn bid(field: &str, value: &str) -> String {
    let mut fields = [("auction", "1"), ("bidder", "7"), ("price", "1000"), ("channel", r#""a""#)]
        .into_iter()
        .chain([("url", r#""b""#), ("dateTime", "5"), ("extra", r#""""#)])
        .collect::<BTreeMap<_, _>>();
    fields.insert(field, value);
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
    format!(r#"{{"event_type":2,"bid":{{{}}}}}"#, fields.join(","))
}

#[test]
fn numbers_out_of_range_are_refused_by_line_and_column() {
    for query in queries() {
        let knobs = query.resolve(&BTreeMap::new(), None).unwrap();
        for (field, value) in [
            ("dateTime", "9223372036854775807"),
            ("dateTime", "1700000000000000"),
            ("dateTime", "-9223372036854775808"),
            ("price", "18446744073709551615"),
            ("price", "10000000001"),
        ] {
            let (good, wrong) = (bid("price", "3"), bid(field, value));
            let text = format!("{good}\n{wrong}\n");
            let error = query.lines(&knobs, "in.json", &mut text.as_bytes()).err().unwrap();
            let end = wrong.find(value).unwrap() + value.len();
            let place = format!("in.json:2:{end}: `{field}` is out of range: {value}; it is ");
            let error = error.to_string();
            assert!(error.starts_with(&place), "{}: {error}", query.name());
        }
    }
}

/// A person, an auction of theirs and two bids for it, all at one time and with the highest prices.
fn extremes(id: u64, millis: i64) -> String {
    let price = 10_000_000_000_u64;
    let person = format!(
        r#"{{"event_type":0,"person":{{"id":{id},"name":"n","emailAddress":"e","creditCard":"c","city":"b","state":"OR","dateTime":{millis},"extra":""}}}}"#
    );
    let auction = format!(
        r#"{{"event_type":1,"auction":{{"id":{id},"itemName":"i","description":"d","initialBid":{price},"reserve":{price},"dateTime":{millis},"expires":{millis},"seller":{id},"category":10,"extra":""}}}}"#
    );
    let bid = format!(
        r#"{{"event_type":2,"bid":{{"auction":{id},"bidder":{id},"price":{price},"channel":"Apple","url":"a/b","dateTime":{millis},"extra":""}}}}"#
    );
    format!("{person}\n{auction}\n{bid}\n{bid}\n")
}

#[test]
fn numbers_at_the_ends_of_their_ranges_give_the_evaluators_answer() {
    let last = 4_611_686_018_427;
    let text = extremes(1, -last) + &extremes(2, 0) + &extremes(3, last);
    for query in queries() {
        for longest in [&[][..], &["disorder_ms", "window_ms", "slide_ms"]] {
            let knobs = query.knobs();
            let longest = longest.iter().filter(|name| knobs.iter().any(|it| it.name == **name));
            let given = longest.map(|name| ((*name).to_owned(), 1_000_000_000_000_u64.into()));
            let knobs = query.resolve(&given.collect(), None).unwrap();
            let lines = query.lines(&knobs, "in.json", &mut text.as_bytes()).unwrap();
            run_checked(&*lines, u64::MAX);
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
