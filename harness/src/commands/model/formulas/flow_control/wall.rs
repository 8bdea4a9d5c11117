//! The cases of flow control on the wall clock, where every run is repeated.

use reports::formulas::flow_control::micro_batch::Batches;
use reports::formulas::{Prediction, Reading, Tolerance};

use super::buffers::{residence, saturated, travel, with_checkpoints};
use super::bursts::{Load, wait};
use super::experiment::{
    FlowDraft, FlowExperiment, MICRO_BATCH, PIPELINED, Repeats, longest_wait, mean_wait, rate,
};
use super::trial::FlowTrial;
use super::{batches, flusher, speeds};
use crate::commands::model::formulas::case_runner::CaseRunner;
use crate::error::Result;
use crate::quantity::Rate;
use crate::run::clock::Clock;

/// Runs of each.
const REPEATS: u32 = 3;
/// Threads wake up late, and a machine does other things too.
const WITHIN: Tolerance = Tolerance::Within { share: 0.15 };

/// (floating credits, backlog, records of a buffer), and what the receiver takes.
const CHANNEL: (u64, u64, u64) = (8, 10, 256);
const SERVED: f64 = 50_000.0;
const FLUSHER_MS: (f64, f64) = (51.2, 100.0);
const FLUSHER_RECORDS: u64 = 256;
const CHECKPOINTS_MS: f64 = 113.0;
const BURST: Load = Load {
    mean_per_s: 10_000.0,
    peak: 4.0,
    duty: 0.2,
    seconds: 0.8,
    served_per_s: 20_000.0,
    batch: 200,
};
const INTERVAL_MS: u64 = 100;
const BATCH_RATE: f64 = 10_000.0;
const BATCH_SERVED: f64 = 25_000.0;
const SPEEDS: [f64; 2] = [10_000.0, 40_000.0];

/// Seconds that each takes, about.
const SECONDS: f64 = 0.6;

pub(super) fn experiments(runner: &CaseRunner<'_>) -> Result<Vec<FlowExperiment>> {
    let pipelined = runner.registry.engine(PIPELINED)?;
    let micro_batch = runner.registry.engine(MICRO_BATCH)?;
    let on = |engine| FlowTrial { clock: Clock::Wall, ..FlowTrial::new(engine, runner.seed) };
    let buffers = |seconds: f64| (seconds * SERVED / CHANNEL.2 as f64) as u64;

    let full = saturated(on(&pipelined), CHANNEL, SERVED, buffers(SECONDS));
    let barriers = saturated(on(&pipelined), CHANNEL, SERVED, buffers(1.5 * SECONDS));
    let barriers = with_checkpoints(barriers, CHECKPOINTS_MS);
    let (fill_ms, flush_ms) = FLUSHER_MS;
    let mut open = flusher::trial(on(&pipelined), fill_ms, flush_ms, FLUSHER_RECORDS);
    open.events = (1.5 * SECONDS * open.rate.per_second().unwrap_or_default()) as u64;
    let mut all = vec![
        repeated("wall-full-buffers", full, residence(CHANNEL, SERVED, mean_wait())),
        repeated(
            "wall-barriers",
            barriers,
            travel(CHANNEL, SERVED, CHECKPOINTS_MS, Reading::MeanCheckpoint),
        ),
        repeated("wall-flusher", open, flusher::draft(FLUSHER_MS, FLUSHER_RECORDS, mean_wait())),
        repeated(
            "wall-batches",
            boundary(on(&micro_batch)),
            batches::latency(&served(), mean_wait()),
        ),
    ];
    for engine in [&pipelined, &micro_batch] {
        all.push(repeated("wall-burst", BURST.trial(on(engine)), wait(&BURST, longest_wait())));
        let receivers = speeds::trial(on(engine), SPEEDS, SECONDS);
        all.push(repeated("wall-receivers", receivers, speeds::pace(SPEEDS, rate())));
    }
    Ok(all)
}

/// Batches whose results take their time at the receiver and are seen at the commit.
fn boundary(base: FlowTrial) -> FlowTrial {
    FlowTrial {
        rate: Rate::PerSecond(BATCH_RATE),
        settings: vec![
            ("guarantee", "exactly-once".into()),
            ("batch_interval_ms", INTERVAL_MS.into()),
        ],
        knobs: vec![("splits", 1.into()), ("keys", 100.into())],
        receivers: vec![BATCH_SERVED],
        events: (BATCH_RATE * (SECONDS + 0.2)) as u64,
        warm_up: (BATCH_RATE * INTERVAL_MS as f64 / 1e3) as u64,
        ..base
    }
}

/// What its settings make of it; planning and logs in memory take next to nothing.
fn served() -> Batches {
    Batches {
        fixed_s: 0.0,
        per_record_s: 1.0 / BATCH_SERVED,
        rate_per_s: BATCH_RATE,
        interval_s: INTERVAL_MS as f64 / 1e3,
    }
}

/// The case of virtual time, with the tolerance and the repeats of the wall clock.
fn repeated(name: &'static str, trial: FlowTrial, draft: FlowDraft) -> FlowExperiment {
    let asked = FlowDraft {
        prediction: Prediction { tolerance: WITHIN, ..draft.prediction },
        reading: Reading::MeanOverRuns { each: Box::new(draft.reading) },
        ..draft
    };
    FlowExperiment { name, trial, repeats: Repeats::Wall(REPEATS), asked: vec![asked] }
}
