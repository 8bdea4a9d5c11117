//! The settings that decide a metric: they are named with every verdict.

use reports::schema::{Metric, RunResult};
use serde_json::Value;

/// Settings that decide a metric in most cases: they are named with every verdict.
fn decisive(metric: &Metric) -> &'static [&'static str] {
    if *metric == Metric::THROUGHPUT { DECIDE_THROUGHPUT } else { DECIDE_LATENCY }
}

const DECIDE_THROUGHPUT: &[&str] = &[
    "buffer_bytes",
    "batch_interval_ms",
    "max_offsets_per_trigger",
    "shuffle_partitions",
    "guarantee",
];
const DECIDE_LATENCY: &[&str] = &[
    "buffer_bytes",
    "buffer_timeout_ms",
    "watermark_interval_ms",
    "batch_interval_ms",
    "polling_delay_ms",
    "guarantee",
    "checkpoint_interval_ms",
];

/// Knobs by which records are combined in units of work.
const DECISIVE_KNOBS: &[&str] = &["changes", "combiner"];
/// It has a row for each key and batch, and aggregates ahead of its shuffle.
const COMBINES_ALWAYS: &str = "Apache Spark";
/// Settings that decide a metric then.
const DECIDE_UNITS: &[&str] = &["mini_batch_latency_ms", "mini_batch_size"];

/// The decisive settings of a run, and its knobs where they make units of work decisive: where they
/// are on, and beside the real Spark, which combines always. Of a real system every setting is named.
pub(crate) fn decisive_settings(metric: &Metric, run: &RunResult, other: &RunResult) -> String {
    let decisive = decisive(metric);
    let system = system_of(run);
    let own = system.into_iter().flat_map(|_| run.settings.keys().map(String::as_str));
    let own = own.filter(|name| !decisive.contains(name) && *name != "stall_timeout_ms");
    let of_settings = |name: &'_ str| run.settings.get(name);
    let known = decisive.iter().copied().chain(own);
    let known = known.filter_map(|name| Some((name, of_settings(name)?)));
    let is_off = |value: &Value| ["each", "off"].iter().any(|off| value == off);
    let beside_spark = system_of(other).is_some_and(|system| system.starts_with(COMBINES_ALWAYS));
    let knobs = DECISIVE_KNOBS.iter().filter(|_| system.is_none());
    let knobs = knobs.filter_map(|name| Some((*name, run.knobs.get(*name)?)));
    let knobs: Vec<_> = knobs.filter(|(_, value)| beside_spark || !is_off(value)).collect();
    let is_on = knobs.iter().any(|(_, value)| !is_off(value));
    let units: &[&str] = if is_on { DECIDE_UNITS } else { &[] };
    let units = units.iter().filter_map(|name| Some((*name, of_settings(name)?)));
    let known = known.chain(knobs).chain(units);
    let known: Vec<_> = known.map(|(name, value)| format!("{name}={}", plain(value))).collect();
    let of = system.map_or(String::new(), |system| format!(" ({system})"));
    format!("{}{of} with {}", run.engine, known.join(", "))
}

/// The real system that a run was made on, with its version.
fn system_of(run: &RunResult) -> Option<&str> {
    run.environment.get("system").and_then(Value::as_str)
}

/// A number without `.0`.
fn plain(value: &Value) -> String {
    match value.as_f64() {
        Some(number) => number.to_string(),
        None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(settings: &Value, knobs: &Value) -> String {
        let fields = |value: &Value| serde_json::from_value(value.clone()).unwrap();
        let run = RunResult {
            engine: "pipelined".to_owned(),
            settings: fields(settings),
            knobs: fields(knobs),
            ..RunResult::default()
        };
        decisive_settings(&Metric::P50_LATENCY, &run, &RunResult::default())
    }

    #[test]
    fn beside_the_real_spark_a_model_says_whether_it_combines() {
        let fields = |value: Value| serde_json::from_value(value).unwrap();
        let of = |settings, knobs, system: Option<&str>| RunResult {
            engine: "x".to_owned(),
            settings: fields(settings),
            knobs: fields(knobs),
            environment: system.map(|it| ("system".to_owned(), it.into())).into_iter().collect(),
            ..RunResult::default()
        };
        let knobs = serde_json::json!({"changes": "each", "combiner": "off"});
        let model = of(serde_json::json!({"buffer_timeout_ms": 7}), knobs.clone(), None);
        let settings = serde_json::json!({"trigger": "0ms", "stall_timeout_ms": 9});
        let spark = of(settings, knobs, Some("Apache Spark 4.2.0"));
        let named = |run, other| decisive_settings(&Metric::P50_LATENCY, run, other);
        let expected = r#"x with buffer_timeout_ms=7, changes="each", combiner="off""#;
        assert_eq!(named(&model, &spark), expected);
        assert_eq!(named(&spark, &model), r#"x (Apache Spark 4.2.0) with trigger="0ms""#);
        assert_eq!(named(&model, &model), "x with buffer_timeout_ms=7");
    }

    #[test]
    fn what_combines_records_is_named_where_records_are_combined() {
        let settings =
            serde_json::json!({"buffer_timeout_ms": 100.0, "mini_batch_latency_ms": 7.0});
        let knobs = serde_json::json!({"keys": 7, "changes": "each", "combiner": "off"});
        assert_eq!(named(&settings, &knobs), "pipelined with buffer_timeout_ms=100");
        let knobs = serde_json::json!({"keys": 7, "changes": "each", "combiner": "on"});
        let expected =
            r#"pipelined with buffer_timeout_ms=100, combiner="on", mini_batch_latency_ms=7"#;
        assert_eq!(named(&settings, &knobs), expected);
    }
}
