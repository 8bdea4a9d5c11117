//! From runs to ratios and verdicts.

use reports::result::{Comparison, Measures, RunResult, Verdict};
use serde_json::Value;

use crate::statistics::Ratio;

/// A figure that variants are compared by.
struct Metric {
    name: &'static str,
    value: fn(&RunResult) -> Option<f64>,
    more_is_better: bool,
    measures: Measures,
    /// Settings that decide it in most cases: named with every verdict.
    decisive: &'static [&'static str],
}

const METRICS: &[Metric] = &[
    Metric {
        name: "throughput_per_s",
        value: |run| Some(run.throughput_per_s),
        more_is_better: true,
        measures: Measures::Throughput,
        decisive: DECIDE_THROUGHPUT,
    },
    Metric {
        name: "latency_ns.from_planned.p50",
        value: |run| run.latency_ns.from_planned.p50.map(|nanos| nanos as f64),
        more_is_better: false,
        measures: Measures::Latency,
        decisive: DECIDE_LATENCY,
    },
    Metric {
        name: "latency_ns.from_planned.p99",
        value: |run| run.latency_ns.from_planned.p99.map(|nanos| nanos as f64),
        more_is_better: false,
        measures: Measures::Latency,
        decisive: DECIDE_LATENCY,
    },
];

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

/// Every pair of variants of every experiment, by every metric that their runs measure.
pub fn all(runs: &[RunResult]) -> Vec<Comparison> {
    let mut experiments: Vec<&str> = Vec::new();
    for run in runs {
        if !experiments.contains(&run.experiment.as_str()) {
            experiments.push(&run.experiment);
        }
    }
    experiments.into_iter().flat_map(|name| of_experiment(name, runs)).collect()
}

fn of_experiment(name: &str, runs: &[RunResult]) -> Vec<Comparison> {
    let own: Vec<&RunResult> = runs.iter().filter(|run| run.experiment == name).collect();
    let mut variants: Vec<&str> = Vec::new();
    for run in &own {
        if !variants.contains(&run.variant.as_str()) {
            variants.push(&run.variant);
        }
    }
    let mut comparisons = Vec::new();
    for (place, a) in variants.iter().enumerate() {
        for b in &variants[place + 1..] {
            for metric in METRICS {
                comparisons.extend(compare(metric, &own, a, b));
            }
        }
    }
    comparisons
}

/// `None` when the runs do not measure this.
fn compare(metric: &Metric, runs: &[&RunResult], a: &str, b: &str) -> Option<Comparison> {
    let of = |variant: &str, repeat: u32| {
        runs.iter().find(|run| {
            run.variant == variant
                && run.repeat == repeat
                && run.measures == metric.measures
                && !run.superseded
        })
    };
    let mut run_pairs = Vec::new();
    for repeat in 0..=runs.iter().map(|run| run.repeat).max()? {
        if let (Some(a), Some(b)) = (of(a, repeat), of(b, repeat)) {
            run_pairs.push((*a, *b));
        }
    }
    let (first_a, first_b) = *run_pairs.first()?;
    let valid = run_pairs.iter().filter(|(a, b)| a.valid && b.valid);
    let pairs: Vec<(f64, f64)> =
        valid.filter_map(|(a, b)| Some(((metric.value)(a)?, (metric.value)(b)?))).collect();
    let ratio = Ratio::of(&pairs);
    let (verdict, reason) = if first_a.guarantee == first_b.guarantee {
        verdict(metric, ratio.as_ref())
    } else {
        let (a, b) = (&first_a.guarantee, &first_b.guarantee);
        (Verdict::None, format!("One promises {a} and the other {b}: no verdict between the two. "))
    };
    Some(Comparison {
        experiment: first_a.experiment.clone(),
        workload: first_a.workload.clone(),
        metric: metric.name.to_owned(),
        a: a.to_owned(),
        b: b.to_owned(),
        ratio: ratio.as_ref().map(|ratio| ratio.mean),
        interval: ratio.as_ref().map(|ratio| ratio.interval),
        repeats: pairs.len() as u32,
        verdict,
        why: format!(
            "{reason}Settings at work: {}; {}.",
            settings(metric, first_a),
            settings(metric, first_b)
        ),
    })
}

fn verdict(metric: &Metric, ratio: Option<&Ratio>) -> (Verdict, String) {
    let Some(ratio) = ratio else {
        return (Verdict::None, "No pair of valid runs is left to compare. ".to_owned());
    };
    if !ratio.is_enough() {
        let pairs = ratio.pairs;
        return (Verdict::None, format!("Too few repeats for a verdict: {pairs} valid pairs. "));
    }
    if ratio.is_tie(None) {
        return (
            Verdict::Tie,
            "The interval contains 1: the difference is within the noise. ".to_owned(),
        );
    }
    let a_is_better = (ratio.mean > 1.0) == metric.more_is_better;
    (if a_is_better { Verdict::A } else { Verdict::B }, String::new())
}

/// The decisive settings of a run.
fn settings(metric: &Metric, run: &RunResult) -> String {
    let known = metric.decisive.iter().filter_map(|name| Some((name, run.settings.get(*name)?)));
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
