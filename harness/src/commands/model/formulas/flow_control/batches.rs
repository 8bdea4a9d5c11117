//! The boundary of a batch: what the micro-batch model makes records wait.

use std::sync::Arc;

use dataflow::Engine;
use dataflow::job::runtime::CostKind;
use reports::formulas::Reading;
use reports::formulas::flow_control::micro_batch::Batches;
use reports::schema::ChartTag;
use runtime::{CostTable, Place};

use super::experiment::{FlowDraft, FlowExperiment, MICRO_BATCH, mean_wait, rate};
use super::trial::FlowTrial;
use crate::commands::model::formulas::case_runner::CaseRunner;
use crate::error::Result;
use crate::quantity::Rate;

/// Stages of the job, one after the other: each launches its tasks and works through the records.
const STAGES: f64 = 2.0;
const NANOS_PER_SECOND: f64 = 1e9;
/// What a record costs in each stage.
const PER_RECORD_NS: f64 = 400_000.0;
const NANOS_PER_MILLI: f64 = 1e6;
/// Batches until lengths have settled, and those that are measured.
const SETTLING: f64 = 30.0;
const MEASURED: f64 = 60.0;
/// (fixed time per stage in ms, events per second, interval in ms).
const JOBS: [(u64, f64, u64); 6] = [
    // Kept intervals.
    (20, 500.0, 500),
    (20, 500.0, 1_000),
    (50, 1_000.0, 1_000),
    // Back to back.
    (50, 625.0, 0),
    (50, 1_000.0, 0),
    // An interval that cannot be kept.
    (150, 1_000.0, 1_000),
];

pub(super) fn experiments(runner: &CaseRunner<'_>) -> Result<Vec<FlowExperiment>> {
    let engine = runner.registry.engine(MICRO_BATCH)?;
    let mut experiments: Vec<FlowExperiment> =
        JOBS.into_iter().map(|job| experiment(&engine, runner.seed, job)).collect();
    experiments.push(experiment(&engine, runner.seed, (20, 1_500.0, 500)));
    for (limit, interval_ms) in [(500, 0), (500, 2_000)] {
        experiments.push(limited(&engine, runner.seed, limit, interval_ms));
    }
    Ok(experiments)
}

/// What the settings and the cost table make of a job.
fn batches((fixed_ms, rate_per_s, interval_ms): (u64, f64, u64)) -> (Batches, CostTable) {
    let per_task_ns = fixed_ms as f64 * NANOS_PER_MILLI;
    let costs = CostTable::FREE.with(CostKind::Record, PER_RECORD_NS, Place::Core).with(
        CostKind::Task,
        per_task_ns,
        Place::Core,
    );
    let batches = Batches {
        fixed_s: STAGES * per_task_ns / NANOS_PER_SECOND,
        per_record_s: STAGES * PER_RECORD_NS / NANOS_PER_SECOND,
        rate_per_s,
        interval_s: interval_ms as f64 / 1e3,
    };
    (batches, costs)
}

/// Results are seen at the commit of their batch, as the forms have it.
fn trial(base: FlowTrial, interval_ms: u64) -> FlowTrial {
    FlowTrial {
        settings: vec![
            ("guarantee", "exactly-once".into()),
            ("batch_interval_ms", interval_ms.into()),
            ("polling_delay_ms", 0.into()),
        ],
        knobs: vec![("splits", 1.into()), ("keys", 100.into())],
        ..base
    }
}

fn experiment(engine: &Arc<dyn Engine>, seed: u64, job: (u64, f64, u64)) -> FlowExperiment {
    let (batches, costs) = batches(job);
    let (_, rate_per_s, interval_ms) = job;
    let period_s = batches.interval_s.max(batches.length_s());
    let events = |batches: f64| (rate_per_s * period_s * batches).round() as u64;
    let trial = FlowTrial {
        rate: Rate::PerSecond(rate_per_s),
        costs,
        warm_up: events(SETTLING),
        events: events(SETTLING + MEASURED),
        ..trial(FlowTrial::new(engine, seed), interval_ms)
    };
    let back_to_back = batches.is_stable() && batches.length_s() > batches.interval_s;
    let mut drafts = vec![latency(&batches, mean_wait())];
    if back_to_back {
        drafts.push(FlowDraft {
            case: described(&batches),
            quantity: "mean length of a settled batch, ms",
            prediction: batches.predict_length(),
            reading: Reading::MeanBatch,
            at: at(&batches),
        });
    }
    FlowExperiment::once("batches", trial, drafts)
}

fn described(batches: &Batches) -> String {
    let Batches { fixed_s, interval_s, .. } = *batches;
    let (fixed_ms, load) = (fixed_s * 1e3, batches.load());
    let trigger = match interval_s {
        0.0 => "back to back".to_owned(),
        seconds => format!("every T = {} ms", seconds * 1e3),
    };
    format!("batches {trigger}, F = {fixed_ms:.0} ms, ρ = {load:.2}")
}

fn at(batches: &Batches) -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ChartTag::Batches.parameter(),
        ("interval_ms", (batches.interval_s * 1e3).into()),
        ("load", batches.load().into()),
        ("fixed_ms", (batches.fixed_s * 1e3).into()),
    ]
}

pub(super) fn latency(batches: &Batches, reading: Reading) -> FlowDraft {
    FlowDraft {
        case: described(batches),
        quantity: "mean latency, ms",
        prediction: batches.predict_latency(),
        reading,
        at: at(batches),
    }
}

/// More events than a trigger takes.
fn limited(engine: &Arc<dyn Engine>, seed: u64, limit: u64, interval_ms: u64) -> FlowExperiment {
    let (batches, costs) = batches((50, 0.0, interval_ms));
    let mut trial =
        FlowTrial { costs, events: limit * 50, ..trial(FlowTrial::new(engine, seed), interval_ms) };
    trial.settings.push(("max_offsets_per_trigger", limit.into()));
    let draft = FlowDraft {
        case: format!("{limit} records a trigger at most, T = {interval_ms} ms"),
        quantity: "records per second",
        prediction: batches.predict_capacity(limit),
        reading: rate(),
        at: vec![ChartTag::Limit.parameter()],
    };
    FlowExperiment::once("limited-batches", trial, vec![draft])
}
