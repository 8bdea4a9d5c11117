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
/// Settings that decide a metric then.
const DECIDE_UNITS: &[&str] = &["mini_batch_latency_ms", "mini_batch_size"];

/// The decisive settings of a run, and its knobs where they make units of work decisive.
pub(crate) fn decisive_settings(metric: &Metric, run: &RunResult) -> String {
    let known = decisive(metric).iter().filter_map(|name| Some((name, run.settings.get(*name)?)));
    let is_off = |value: &Value| ["each", "off"].iter().any(|off| value == off);
    let knobs = DECISIVE_KNOBS.iter().filter_map(|name| Some((name, run.knobs.get(*name)?)));
    let knobs: Vec<_> = knobs.filter(|(_, value)| !is_off(value)).collect();
    let units: &[&str] = if knobs.is_empty() { &[] } else { DECIDE_UNITS };
    let units = units.iter().filter_map(|name| Some((name, run.settings.get(*name)?)));
    let known = known.chain(knobs).chain(units);
    let known: Vec<_> = known.map(|(name, value)| format!("{name}={}", plain(value))).collect();
    format!("{} with {}", run.engine, known.join(", "))
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
        decisive_settings(&Metric::P50_LATENCY, &run)
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
