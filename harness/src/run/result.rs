//! Makes the result of a run from what was measured.

use std::collections::BTreeMap;

use dataflow::job::engine::Start;
use dataflow::{Completion, Guarantee};
use reports::schema::{
    BatchRow, ExchangeLoad, KindCost, LateCheck, MachineLoad, OutputCheck, Overslept, RUN_SCHEMA,
    RunCosts, RunResult, SERIES_BIN_NS, SeriesRow,
};
use runtime::Booked;
use workloads::registry::Expected;

use crate::measure::batches::late_triggers;
use crate::measure::latency::Recorder;
use crate::measure::run_observer::RunObserver;
use crate::measure::sink::SinkMeasurement;
use crate::run::clock::{Clock, RunClock};
use crate::run::spec::RunSpec;
use crate::run::validity::{self, Evidence};

/// What a run has used, and where.
pub(crate) struct ResourceUse {
    pub(crate) cpu_nanos: u64,
    pub(crate) peak_memory: Option<u64>,
    /// What else went on on the machine.
    pub(crate) machine: Option<MachineLoad>,
    /// What its work cost by its prices; `None` without prices.
    pub(crate) costs: Option<RunCosts>,
    pub(crate) environment: BTreeMap<String, serde_json::Value>,
}

/// The result of a run.
pub(crate) fn result(
    spec: &RunSpec,
    completion: &Completion,
    measured: &SinkMeasurement,
    expected: Option<Expected>,
    observer: &RunObserver,
    used: ResourceUse,
    for_figures: bool,
) -> RunResult {
    let elapsed_ns = observer.timed_nanos();
    let earlier = spec.warm_up.max(observer.read_before());
    let timed = completion.records_in.saturating_sub(earlier);
    let per_record = |nanos: u64| nanos as f64 / completion.records_in.max(1) as f64;
    let (batches, recovery) = (observer.take_batches(), observer.recovery(completion));
    let emissions = emissions(spec, measured, &batches, recovery.completed);
    let latency_ns = measured.latency.as_ref().map(|it| it.summaries(emissions));
    let mut result = RunResult {
        schema: RUN_SCHEMA.to_owned(),
        experiment: spec.experiment.clone(),
        workload: spec.workload.name().to_owned(),
        engine: spec.engine.name().to_owned(),
        variant: spec.variant.clone(),
        measures: spec.measures,
        settings: spec.settings().values().clone(),
        knobs: spec.knobs().values().clone(),
        seed: spec.seed,
        rate: spec.rate.per_second(),
        events: spec.events,
        warm_up_events: spec.warm_up,
        parallelism: spec.parallelism,
        clock: spec.clock.name().to_owned(),
        guarantee: spec.settings().name("guarantee").to_owned(),
        input: spec.topic.as_ref().map(|topic| topic.described()),
        repeat: spec.repeat,
        interrupted: completion.interrupted,
        resumed: spec.recovery.start == Start::Resume,
        valid: true,
        invalid_because: Vec::new(),
        duet: spec.duet.clone(),
        superseded: false,
        records_in: completion.records_in,
        records_out: completion.records_out,
        elapsed_ns,
        throughput_per_s: if elapsed_ns > 0 { timed as f64 * 1e9 / elapsed_ns as f64 } else { 0.0 },
        cpu_ns_per_record: (spec.clock == Clock::Wall).then(|| per_record(used.cpu_nanos)),
        costs: used.costs,
        peak_memory_bytes: used.peak_memory,
        latency_ns: latency_ns.unwrap_or_default(),
        emissions,
        latency_parts: measured.latency.as_ref().map(Recorder::parts).unwrap_or_default(),
        output: OutputCheck {
            records: measured.digest.records,
            digest: measured.digest.to_string(),
            expected_digest: expected.map(|expected| expected.digest.to_string()),
            files: None,
            topic: None,
            late: late(completion, expected),
        },
        late_records: completion.counters.late_records,
        windows_closed: (spec.workload.has_windows() && !completion.windows_unknown)
            .then_some(completion.counters.windows_closed),
        backlog_at_end: backlog_at_end(spec, observer),
        backlog_slope: validity::slope(&planned_backlog(observer)),
        piloted: spec.piloted.clone(),
        generator_per_s: spec.generator_per_s,
        overslept: Overslept { triggers: late_triggers(&batches), ..observer.overslept() },
        machine: used.machine,
        emitted_early: measured.latency.as_ref().map_or(0, Recorder::emitted_early),
        exchanges: completion.exchanges.iter().map(load).collect(),
        batches,
        activity: observer.activity(),
        recovery,
        series: series(measured, observer),
        environment: used.environment,
    };
    let right = expected.map(|_| !result.output.is_wrong());
    result.invalid_because = validity::why_invalid(&result, Evidence { right, for_figures });
    result.valid = result.invalid_because.is_empty();
    result
}

/// What the work of a run has cost by its prices; `None` for a system in a process of its own.
pub(crate) fn costs(spec: &RunSpec, clock: &RunClock, records: u64) -> Option<RunCosts> {
    let prices = spec.prices.as_ref()?;
    let kind = |booked: Booked| {
        let Booked { kind, place, count, price_nanos, own_nanos } = booked;
        KindCost {
            kind: kind.name().to_owned(),
            place: place.name().to_owned(),
            count,
            price_ns: price_nanos,
            own_ns: own_nanos,
            ns_per_record: count as f64 * price_nanos / records.max(1) as f64,
        }
    };
    let kinds: Vec<KindCost> = clock.booked().into_iter().map(kind).collect();
    Some(RunCosts {
        profile: prices.named(),
        date: prices.profile.date.clone(),
        machine: prices.profile.machine.clone(),
        error: prices.profile.error.clone(),
        modelled_ns_per_record: kinds.iter().map(|it| it.ns_per_record).sum(),
        granularity_ns: clock.granularity_nanos(),
        cores: clock.cores(),
        kinds,
    })
}

/// What is known of late records.
fn late(completion: &Completion, expected: Option<Expected>) -> Option<LateCheck> {
    let notes = &completion.late;
    (!notes.is_empty()).then(|| LateCheck {
        left_out: notes.refused(),
        accepted: notes.accepted(),
        digest: format!("{:032x}", notes.digest()),
        unnoted: notes.unnoted(),
        unfounded: expected.map_or(0, |expected| expected.unfounded),
    })
}

/// The share of the events that was unread when the plan ended; 0 where there is no plan.
fn backlog_at_end(spec: &RunSpec, observer: &RunObserver) -> f64 {
    if spec.rate.is_max() || spec.events == 0 {
        return 0.0;
    }
    observer.backlog_at_end() as f64 / spec.events as f64
}

/// How often results were emitted: what is emitted together is late together. One late batch is
/// late for all of its records, and so is a checkpoint under exactly-once.
fn emissions(
    spec: &RunSpec,
    measured: &SinkMeasurement,
    batches: &[BatchRow],
    checkpoints: u64,
) -> u64 {
    match &measured.latency {
        _ if !batches.is_empty() => batches.iter().filter(|batch| batch.records > 0).count() as u64,
        _ if spec.guarantee() == Guarantee::ExactlyOnce => checkpoints,
        latency => latency.as_ref().map_or(0, Recorder::emissions),
    }
}

/// The backlog of every bin up to the end of the plan, in seconds and events.
fn planned_backlog(observer: &RunObserver) -> Vec<(f64, f64)> {
    let end = observer.plan_end().0;
    let bins = observer.backlog_over_time().into_iter();
    let within = bins.filter(|(at, _)| at + SERIES_BIN_NS <= end);
    within.map(|(at, unread)| (at as f64 / 1e9, unread as f64)).collect()
}

/// What was emitted over time, beside what waited.
fn series(measured: &SinkMeasurement, observer: &RunObserver) -> Vec<SeriesRow> {
    let Some(latency) = &measured.latency else { return Vec::new() };
    let mut rows: BTreeMap<u64, SeriesRow> =
        latency.series().into_iter().map(|row| (row.at_ns, row)).collect();
    for (at_ns, unread) in observer.backlog_over_time() {
        if unread > 0 {
            rows.entry(at_ns)
                .or_insert_with(|| SeriesRow { at_ns, ..SeriesRow::default() })
                .unread = unread;
        }
    }
    rows.into_values().collect()
}

fn load(counts: &dataflow::job::engine::ExchangeCounts) -> ExchangeLoad {
    let total: u64 = counts.records.iter().sum();
    let mean = total as f64 / counts.records.len().max(1) as f64;
    let largest = counts.records.iter().copied().max().unwrap_or(0) as f64;
    ExchangeLoad {
        exchange: counts.exchange.clone(),
        placement: counts.placement.to_owned(),
        records: counts.records.clone(),
        bytes: counts.bytes,
        max_over_mean: if mean > 0.0 { largest / mean } else { 1.0 },
    }
}
