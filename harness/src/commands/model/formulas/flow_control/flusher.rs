//! Buffers that are rarely full: what the flusher makes records wait.

use reports::formulas::Reading;
use reports::formulas::flow_control::flusher_wait::{beat, predict};
use reports::schema::ChartTag;

use super::experiment::{FlowDraft, FlowExperiment, PIPELINED, Repeats, mean_wait};
use super::trial::{FlowTrial, RECORD_BYTES};
use crate::commands::model::formulas::case_runner::CaseRunner;
use crate::error::Result;
use crate::quantity::Rate;

/// Seeds whose means are averaged, each with phases of its own.
pub(super) const SEEDS: u64 = 200;
/// Beats of the two periods that a run lasts at least.
const BEATS: f64 = 20.0;
/// And times that a buffer fills.
const FILLS: u64 = 8;
/// Records of a buffer.
const RECORDS: u64 = 128;
/// (time to fill a buffer, interval of the flusher), in ms.
const PERIODS: [(f64, f64); 5] =
    [(20.0, 100.0), (80.0, 100.0), (125.0, 100.0), (100.0, 61.8), (400.0, 100.0)];

pub(super) fn experiments(runner: &CaseRunner<'_>, seeds: u64) -> Result<Vec<FlowExperiment>> {
    let engine = runner.registry.engine(PIPELINED)?;
    let experiment = |(fill_ms, interval_ms): (f64, f64)| FlowExperiment {
        name: "flusher",
        trial: trial(FlowTrial::new(&engine, runner.seed), fill_ms, interval_ms, RECORDS),
        repeats: Repeats::Seeds(seeds, mean_wait()),
        asked: vec![draft((fill_ms, interval_ms), RECORDS, Reading::MeanOfSamples)],
    };
    Ok(PERIODS.into_iter().map(experiment).collect())
}

/// One subtask sends to another, which takes no time, at the rate at which a buffer of this many
/// records fills in time; long enough for the phases to average out.
pub(super) fn trial(base: FlowTrial, fill_ms: f64, interval_ms: f64, records: u64) -> FlowTrial {
    let fills = (beat(fill_ms, interval_ms) * BEATS / fill_ms).ceil() as u64;
    FlowTrial {
        rate: Rate::PerSecond(records as f64 / fill_ms * 1e3),
        settings: vec![
            ("buffer_bytes", (records * RECORD_BYTES).into()),
            ("buffer_timeout_ms", interval_ms.into()),
        ],
        knobs: vec![("splits", 1.into())],
        // Ends with a full buffer, so that no wait is cut off.
        events: fills.max(FILLS) * records,
        ..base
    }
}

pub(super) fn draft(
    (fill_ms, interval_ms): (f64, f64),
    records: u64,
    reading: Reading,
) -> FlowDraft {
    // From a buffer's first record to its last, which waits for nothing.
    let first_to_last_ms = fill_ms * (records - 1) as f64 / records as f64;
    FlowDraft {
        case: format!("open buffer, fills in φ = {fill_ms} ms, flushed every τ = {interval_ms} ms"),
        quantity: "mean wait, ms",
        prediction: predict(first_to_last_ms, interval_ms, true),
        reading,
        at: vec![
            ChartTag::Flusher.parameter(),
            ("fill_ms", fill_ms.into()),
            ("interval_ms", interval_ms.into()),
        ],
    }
}
