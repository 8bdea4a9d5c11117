//! The configuration of a run, field by field, so that differences between two have a name.

use std::collections::{BTreeMap, BTreeSet};

use reports::schema::RunResult;
use serde_json::{Value, json};

/// Numbers that differ by less than this share are the same: reading one from JSON may change its
/// last digit.
const SAME_WITHIN: f64 = 1e-12;

/// Everything that decides the figures of a run, by name: `events`, `knobs.keys`,
/// `settings.buffer_bytes`. The seed is not part of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Configuration(BTreeMap<String, Value>);

/// A field in which two configurations differ; `null` where one lacks it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldDifference {
    /// The field.
    pub field: String,
    /// In the first.
    pub a: Value,
    /// In the second.
    pub b: Value,
}

impl Configuration {
    /// Of a run that has been made.
    pub(crate) fn of_run(run: &RunResult) -> Self {
        Self::new(
            [
                ("workload", json!(run.workload)),
                ("rate", json!(run.rate)),
                // Of a topic the offsets say it, of which not each holds an event.
                ("events", json!(run.input.is_none().then_some(run.events))),
                ("warm_up_events", json!(run.warm_up_events)),
                ("parallelism", json!(run.parallelism)),
                ("guarantee", json!(run.guarantee)),
                ("clock", json!(run.clock)),
                ("duet", json!(run.duet.is_some())),
                ("input", json!(run.input)),
            ],
            &run.knobs,
            &run.settings,
        )
    }

    /// Of two runs that are compared: what pilots have chosen for both of them is a measurement of the
    /// machine, and no configuration.
    pub(crate) fn of_both(a: &RunResult, b: &RunResult) -> (Self, Self) {
        let piloted: Vec<&String> = a.piloted.iter().filter(|it| b.piloted.contains(it)).collect();
        let without = |run: &RunResult| {
            let Self(mut fields) = Self::of_run(run);
            // It is the rate unless another one was asked for.
            let event_rate = run.knobs.get("event_rate").and_then(Value::as_f64);
            if piloted.iter().any(|it| *it == "rate") && event_rate == run.rate {
                fields.remove("knobs.event_rate");
            }
            piloted.iter().for_each(|name| drop(fields.remove(*name)));
            Self(fields)
        };
        (without(a), without(b))
    }

    /// Of fields with their names, knobs and settings.
    pub(crate) fn new(
        fields: [(&str, Value); 9],
        knobs: &BTreeMap<String, Value>,
        settings: &BTreeMap<String, Value>,
    ) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
        let knobs = knobs.iter().map(|(name, value)| (format!("knobs.{name}"), value.clone()));
        // The guarantee is a field of its own already.
        let settings = settings.iter().filter(|(name, _)| *name != "guarantee");
        // Results from before there were profiles have none, and were our own engines.
        let settings = settings.filter(|(name, value)| *name != "profile" || **value != *"bare");
        let settings = settings.map(|(name, value)| (format!("settings.{name}"), value.clone()));
        Self(fields.chain(knobs).chain(settings).collect())
    }

    /// Every field in which `other` differs, by name.
    pub(crate) fn differing(&self, other: &Self) -> Vec<FieldDifference> {
        let names: BTreeSet<&String> = self.0.keys().chain(other.0.keys()).collect();
        let value = |of: &Self, name: &String| of.0.get(name).cloned().unwrap_or(Value::Null);
        let both = names.into_iter().map(|name| FieldDifference {
            field: name.clone(),
            a: value(self, name),
            b: value(other, name),
        });
        both.filter(|it| !same(&it.a, &it.b)).collect()
    }
}

/// Whether two values are equal; `200` and `200.0` are.
fn same(a: &Value, b: &Value) -> bool {
    let whole = |value: &Value| value.is_u64() || value.is_i64();
    match (a.as_f64(), b.as_f64()) {
        (Some(x), Some(y)) if !(whole(a) && whole(b)) => {
            (x - y).abs() <= SAME_WITHIN * x.abs().max(y.abs())
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::fixture::run;

    #[test]
    fn every_field_that_differs_is_named() {
        let a = run("count", "pipelined", 1.0);
        let mut b = a.clone();
        b.events = 7;
        b.rate = Some(5.0);
        b.seed = 9;
        b.guarantee = "exactly-once".to_owned();
        b.settings.insert("guarantee".to_owned(), json!("exactly-once"));
        b.settings.insert("buffer_bytes".to_owned(), json!(64));
        b.knobs.insert("payload_bytes".to_owned(), json!(3));
        let found = Configuration::of_run(&a).differing(&Configuration::of_run(&b));
        let names: Vec<&str> = found.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(
            names,
            ["events", "guarantee", "knobs.payload_bytes", "rate", "settings.buffer_bytes"]
        );
        assert_eq!((&found[0].a, &found[0].b), (&json!(2000), &json!(7)));
        assert_eq!((&found[2].a, &found[2].b), (&Value::Null, &json!(3)));
    }

    #[test]
    fn what_a_pilot_chose_for_both_is_no_configuration() {
        let names = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let mut a = run("count", "pipelined", 1.0);
        (a.rate, a.piloted) = (Some(9_000.0), names(&["rate", "events"]));
        a.knobs.insert("event_rate".to_owned(), json!(9_000.0));
        let mut b = RunResult { rate: Some(7_000.0), events: 7, ..a.clone() };
        b.knobs.insert("event_rate".to_owned(), json!(7_000.0));
        let differing = |a: &RunResult, b: &RunResult| {
            let (a, b) = Configuration::of_both(a, b);
            a.differing(&b).into_iter().map(|it| it.field).collect::<Vec<_>>()
        };
        assert_eq!(differing(&a, &b), [""; 0]);
        b.piloted = names(&["rate"]);
        assert_eq!(differing(&a, &b), ["events"], "one was asked for");
        b.knobs.insert("event_rate".to_owned(), json!(5.0));
        assert_eq!(differing(&a, &b), ["events", "knobs.event_rate"]);
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(same(&json!(200), &json!(200.0)));
        assert!(same(&json!(0.1 + 0.2), &json!(0.3)));
        assert!(!same(&json!(200), &json!(200.000_001)));
        assert!(!same(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_992_u64)));
        assert!(!same(&json!("1"), &json!(1)));
        assert!(!same(&Value::Null, &json!(0)));
    }
}
