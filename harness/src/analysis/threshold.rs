//! Thresholds: figures that a run must keep to, such as `latency_ns.from_planned.p99 < 50ms`.

use dataflow::job::settings::nearest;
use reports::schema::{Metric, RunResult, Unit};
use reports::words::summary::Spread;
use reports::words::units;

use crate::quantity;

/// How a threshold is written.
const FORM: &str = "write METRIC OPERATOR VALUE, such as 'latency_ns.from_planned.p99 < 50ms'";

/// Metrics that thresholds can be set on. A mean hides the tail.
fn metrics() -> impl Iterator<Item = &'static Metric> {
    Metric::ALL.iter().filter(|metric| !metric.is_mean())
}

/// Units and what they stand for; longer ones come before those that they end with.
const UNITS: &[(&str, f64, Unit)] = &[
    ("ns", 1.0, Unit::Nanoseconds),
    ("us", 1e3, Unit::Nanoseconds),
    ("µs", 1e3, Unit::Nanoseconds),
    ("ms", 1e6, Unit::Nanoseconds),
    ("s", 1e9, Unit::Nanoseconds),
    ("KiB", 1024.0, Unit::Bytes),
    ("MiB", 1_048_576.0, Unit::Bytes),
    ("GiB", 1_073_741_824.0, Unit::Bytes),
    ("%", 0.01, Unit::Share),
];

/// A figure that the median of valid runs must keep to.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    metric: &'static Metric,
    operator: Operator,
    /// In the metric's own unit.
    limit: f64,
    /// Operator and value as written.
    written: String,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Operator {
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Operator {
    fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::AtMost => value <= limit,
            Self::More => value > limit,
            Self::AtLeast => value >= limit,
        }
    }
}

/// Reads `METRIC OPERATOR VALUE`. A value without a unit is in the metric's own: nanoseconds,
/// bytes, a share from 0 to 1.
///
/// # Errors
/// For anything else; an unknown metric is answered with the nearest.
pub(crate) fn parse(text: &str) -> Result<Threshold, String> {
    let place = text.find(['<', '>']).ok_or_else(|| format!("it has no <, <=, > or >=; {FORM}"))?;
    let (name, rest) = (text[..place].trim(), &text[place..]);
    let (operator, sign) = match rest.as_bytes() {
        [b'<', b'=', ..] => (Operator::AtMost, "<="),
        [b'<', ..] => (Operator::Less, "<"),
        [_, b'=', ..] => (Operator::AtLeast, ">="),
        _ => (Operator::More, ">"),
    };
    let value = rest[sign.len()..].trim();
    let Some(metric) = metrics().find(|metric| metric.path == name) else {
        let known: Vec<&str> = metrics().map(|metric| metric.path).collect();
        let part = known.iter().find(|it| !name.is_empty() && it.contains(name));
        let hint = match (nearest(name, &known), part) {
            (near, _) if !near.is_empty() => near,
            (_, Some(whole)) => format!("; did you mean `{whole}`?"),
            _ => format!("; there are: {}", known.join(", ")),
        };
        return Err(format!("there is no metric `{name}`{hint}"));
    };
    let limit = limit(value, metric)?;
    Ok(Threshold { metric, operator, limit, written: format!("{sign} {value}") })
}

fn limit(value: &str, metric: &Metric) -> Result<f64, String> {
    let path = metric.path;
    let unit = UNITS.iter().find(|(unit, ..)| value.ends_with(unit));
    let (digits, scale) = match unit {
        Some((unit, scale, of)) if *of == metric.unit => {
            (value[..value.len() - unit.len()].trim(), *scale)
        }
        Some((unit, ..)) => return Err(format!("{path} takes {}, not {unit}", takes(metric.unit))),
        None => (value, 1.0),
    };
    let number = quantity::number(digits).ok_or_else(|| {
        format!("`{value}` is no value; {path} takes {}; {FORM}", takes(metric.unit))
    })?;
    Ok(number * scale)
}

const fn takes(unit: Unit) -> &'static str {
    match unit {
        Unit::Nanoseconds => "a time with ns, us, ms or s",
        Unit::Share => "a share such as 1% or 0.01",
        Unit::Bytes => "bytes, also with k, M, G, KiB, MiB or GiB",
        Unit::RecordsPerSecond | Unit::Count => "a number, also with k, M or G",
    }
}

impl Threshold {
    /// What is wrong with the runs of one variant; `None` when they keep to it.
    fn violation(&self, runs: &[&RunResult]) -> Option<String> {
        let first = runs.first()?;
        let valid: Vec<&&RunResult> = runs.iter().filter(|run| run.valid).collect();
        let median = Spread::of(valid.iter().filter_map(|run| self.metric.of(run)));
        let (path, written) = (self.metric.path, &self.written);
        let found = match median {
            Some(it) if self.operator.holds(it.median, self.limit) => return None,
            Some(it) => {
                let (figure, count) = (units::figure(self.metric.unit, it.median), it.count);
                let of =
                    if count == 1 { String::new() } else { format!(", median of {count} runs") };
                format!("is {figure}{of}")
            }
            None if valid.is_empty() => "has no value: no run is valid".to_owned(),
            None => "has no value in these runs".to_owned(),
        };
        let (experiment, variant) = (&first.experiment, &first.variant);
        Some(format!("threshold: {experiment} on {variant}: {path} {found}; it must be {written}"))
    }
}

/// A line for every threshold that a variant of an experiment violates or has no value for. A
/// threshold is for the runs that are made to measure it: those at a rate for latency, those at
/// `max` for throughput, those with windows for windows; and for all runs if no run is made to measure it.
pub(crate) fn violations(thresholds: &[Threshold], runs: &[RunResult]) -> Vec<String> {
    let mut violations = Vec::new();
    for threshold in thresholds {
        let by_design = runs.iter().any(|run| threshold.metric.measured_by.includes(run));
        let meant =
            runs.iter().filter(|run| !by_design || threshold.metric.measured_by.includes(run));
        let mut groups: Vec<Vec<&RunResult>> = Vec::new();
        for run in meant {
            let key = |run: &RunResult| (run.experiment.clone(), run.measures, run.variant.clone());
            match groups.iter_mut().find(|group| key(group[0]) == key(run)) {
                Some(group) => group.push(run),
                None => groups.push(vec![run]),
            }
        }
        violations.extend(groups.iter().filter_map(|group| threshold.violation(group)));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::fixture::{latency_run, run};

    #[track_caller]
    fn limit_of(text: &str) -> f64 {
        parse(text).expect(text).limit
    }

    #[test]
    fn values_are_read_with_their_units() {
        let cases = [
            ("latency_ns.from_planned.p99 < 50ms", 50e6),
            ("latency_ns.from_planned.p99<1.5us", 1_500.0),
            ("latency_ns.from_planned.p99 <= 2 s", 2e9),
            ("latency_ns.from_planned.max < 7ns", 7.0),
            ("latency_ns.from_planned.max < 7µs", 7e3),
            ("latency_ns.from_planned.max < 500", 500.0),
            ("cpu_ns_per_record < 100ns", 100.0),
            ("throughput_per_s >= 200k", 200e3),
            ("throughput_per_s > 1.5M", 1.5e6),
            ("throughput_per_s > 1e6", 1e6),
            ("throughput_per_s > 1_000", 1e3),
            ("peak_memory_bytes < 2MiB", 2_097_152.0),
            ("peak_memory_bytes < 500M", 500e6),
            ("backlog_at_end <= 1%", 0.01),
            ("backlog_at_end <= 0.5", 0.5),
            ("late_records <= 0", 0.0),
        ];
        for (text, wanted) in cases {
            assert!((limit_of(text) - wanted).abs() <= 1e-9 * wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_threshold_says_why() {
        let cases = [
            ("latency_ns.from_planned.p99", "no <, <=, > or >="),
            ("latency_ns.from_planed.p99 < 5ms", "did you mean `latency_ns.from_planned.p99`?"),
            ("throughput < 5", "did you mean `throughput_per_s`?"),
            ("p99 < 5ms", "did you mean `latency_ns.from_planned.p99`?"),
            ("color < 5", "there are: throughput_per_s, elapsed_ns"),
            ("< 5", "there is no metric ``"),
            ("throughput_per_s < 5ms", "takes a number, also with k, M or G, not ms"),
            ("throughput_per_s < 5%", "not %"),
            ("latency_ns.from_planned.p99 < 5%", "a time with ns, us, ms or s, not %"),
            ("latency_ns.from_planned.p99 < ", "`` is no value"),
            ("latency_ns.from_planned.p99 < fast", "`fast` is no value"),
            ("latency_ns.from_planned.p99 < ms", "`ms` is no value"),
            ("latency_ns.from_planned.p99 << 5ms", "`< 5ms` is no value"),
            ("latency_ns.from_planned.p99 => 5ms", "there is no metric"),
            ("throughput_per_s > NaN", "`NaN` is no value"),
            ("throughput_per_s > inf", "`inf` is no value"),
        ];
        for (text, message) in cases {
            let error = parse(text).expect_err(text);
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn every_metric_is_in_a_result() {
        let value = serde_json::to_value(run("x", "pipelined", 1.0)).unwrap();
        for path in metrics().map(|metric| metric.path) {
            let found = path.split('.').try_fold(&value, |value, name| value.get(name));
            assert!(found.is_some_and(|it| it.is_number() || it.is_null()), "{path}: {found:?}");
        }
    }

    fn violated(text: &str, runs: &[RunResult]) -> Vec<String> {
        violations(&[parse(text).unwrap()], runs)
    }

    #[test]
    fn the_median_of_valid_runs_decides_and_the_limit_itself_by_the_operator() {
        let mut runs = [10.0, 30.0, 20.0, 1000.0].map(|figure| run("x", "pipelined", figure));
        runs[3].valid = false;
        // The median of 10, 20 and 30 is 20.
        for (operator, holds) in [("<", false), ("<=", true), (">", false), (">=", true)] {
            let text = format!("throughput_per_s {operator} 20");
            assert_eq!(violated(&text, &runs).is_empty(), holds, "{text}");
        }
        assert_eq!(
            violated("throughput_per_s > 20", &runs),
            [
                "threshold: x on pipelined: throughput_per_s is 20.0 records/s, median of 3 runs; it \
                 must be > 20"
            ]
        );
    }

    #[test]
    fn every_variant_that_violates_has_a_line_and_no_value_is_a_violation() {
        let mut runs = vec![
            latency_run("x", "pipelined", 1, 2_000_000),
            latency_run("x", "microbatch", 1, 9_000_000),
            latency_run("y", "microbatch", 1, 9_000_000),
        ];
        let p99 = "latency_ns.from_planned.p99 < 5ms";
        let lines = violated(p99, &runs);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("x on microbatch") && lines[0].contains("9.00 ms"), "{lines:?}");
        assert!(lines[1].contains("y on microbatch") && lines[1].contains("< 5ms"), "{lines:?}");
        runs.truncate(1);
        assert_eq!(violated(p99, &runs), [""; 0]);
        assert!(violated("latency_ns.from_planned.p999 < 5ms", &runs)[0].contains("no value in"));
        runs[0].valid = false;
        assert!(violated(p99, &runs)[0].contains("no run is valid"));
    }

    #[test]
    fn a_threshold_is_for_the_runs_that_measure_it() {
        let runs = [run("max", "pipelined", 1e6), latency_run("rate", "pipelined", 1, 2)];
        assert_eq!(violated("throughput_per_s > 500k", &runs), [""; 0]);
        assert_eq!(violated("latency_ns.from_planned.p99 < 5ms", &runs), [""; 0]);
        // Of 1,000 a second, when nothing else is there.
        assert_eq!(violated("throughput_per_s > 500k", &runs[1..]).len(), 1);
        // Nobody has measured it.
        assert_eq!(violated("latency_ns.from_planned.p99 < 5ms", &runs[..1]).len(), 1);
        assert_eq!(violated("windows_closed > 3", &runs).len(), 2);
    }
}
