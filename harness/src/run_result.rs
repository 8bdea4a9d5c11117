//! What a run has come to, written down, and whether its figures may be used.

use std::collections::BTreeMap;

use dataflow::{Completion, Digest};
use reports::result::{ExchangeLoad, Latencies, OutputCheck, RUN_SCHEMA, RunResult};

use crate::execute::RunSpec;
use crate::latency::Recorder;
use crate::run_clock::Clock;
use crate::sink::Measured;
use crate::watch::Watch;

/// A final backlog of this share of the events makes a run invalid.
const BACKLOG_ALLOWED: f64 = 0.01;

/// What a run has used, and where.
pub(crate) struct Used {
    pub(crate) cpu_nanos: u64,
    pub(crate) peak_memory: Option<u64>,
    pub(crate) environment: BTreeMap<String, serde_json::Value>,
}

/// The result of a run.
pub(crate) fn result(
    spec: &RunSpec,
    completion: &Completion,
    measured: &Measured,
    expected: Option<Digest>,
    watch: &Watch,
    used: Used,
) -> RunResult {
    let elapsed_ns = watch.timed_nanos();
    let earlier = spec.warm_up.max(watch.read_before());
    let timed = completion.records_in.saturating_sub(earlier);
    let per_record = |nanos: u64| nanos as f64 / completion.records_in.max(1) as f64;
    let backlog_at_end = if spec.rate.is_some() && spec.events > 0 {
        watch.backlog_at_end() as f64 / spec.events as f64
    } else {
        0.0
    };
    let latency_ns = measured.latency.as_ref().map_or_else(Latencies::default, Recorder::summaries);
    let mut result = RunResult {
        schema: RUN_SCHEMA.to_owned(),
        experiment: spec.experiment.clone(),
        workload: spec.workload.name().to_owned(),
        engine: spec.engine.name().to_owned(),
        variant: spec.variant.clone(),
        measures: spec.measures,
        settings: spec.settings.values().clone(),
        knobs: spec.knobs.values().clone(),
        seed: spec.seed,
        rate: spec.rate,
        events: spec.events,
        warm_up_events: spec.warm_up,
        parallelism: spec.parallelism,
        clock: if spec.clock == Clock::Wall { "wall" } else { "virtual" }.to_owned(),
        guarantee: spec.settings.name("guarantee").to_owned(),
        repeat: spec.repeat,
        interrupted: completion.interrupted,
        valid: true,
        invalid_because: Vec::new(),
        records_in: completion.records_in,
        records_out: completion.records_out,
        elapsed_ns,
        throughput_per_s: if elapsed_ns > 0 { timed as f64 * 1e9 / elapsed_ns as f64 } else { 0.0 },
        cpu_ns_per_record: (spec.clock == Clock::Wall).then(|| per_record(used.cpu_nanos)),
        peak_memory_bytes: used.peak_memory,
        latency_ns,
        output: OutputCheck {
            records: measured.digest.records,
            digest: measured.digest.to_string(),
            expected_digest: expected.map(|digest| digest.to_string()),
        },
        late_records: completion.counters.late_records,
        windows_closed: spec.workload.has_windows().then_some(completion.counters.windows_closed),
        backlog_at_end,
        exchanges: completion.exchanges.iter().map(load).collect(),
        batches: watch.take_batches(),
        recovery: watch.recovery(completion),
        series: measured.latency.as_ref().map_or_else(Vec::new, Recorder::series),
        environment: used.environment,
    };
    result.invalid_because = why_invalid(&result, expected.map(|digest| digest == measured.digest));
    result.valid = result.invalid_because.is_empty();
    result
}

fn load(counts: &dataflow::engine::ExchangeCounts) -> ExchangeLoad {
    let total: u64 = counts.records.iter().sum();
    let mean = total as f64 / counts.records.len().max(1) as f64;
    let largest = counts.records.iter().copied().max().unwrap_or(0) as f64;
    ExchangeLoad {
        exchange: counts.exchange.clone(),
        placement: counts.placement.to_owned(),
        records: counts.records.clone(),
        max_over_mean: if mean > 0.0 { largest / mean } else { 1.0 },
    }
}

/// Every reason for which the figures of a run may not be used.
fn why_invalid(result: &RunResult, right: Option<bool>) -> Vec<String> {
    let mut because = Vec::new();
    if result.interrupted {
        because.push("The run was interrupted.".to_owned());
    } else if result.records_in != result.events {
        let (read, events) = (result.records_in, result.events);
        because.push(format!("The sources read {read} of {events} events."));
    }
    if right == Some(false) {
        because.push("The output differs from the evaluator's.".to_owned());
    }
    let clipped = result.latency_ns.from_planned.clipped;
    if clipped > 0 {
        because.push(format!("{clipped} latencies lie above the histogram's range."));
    }
    if result.backlog_at_end >= BACKLOG_ALLOWED {
        let percent = result.backlog_at_end * 100.0;
        because.push(format!(
            "The engine did not keep up: {percent:.1} % of the events were unread when the plan ended."
        ));
    }
    because
}
