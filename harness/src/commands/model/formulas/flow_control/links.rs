//! Channels over a network: what their credits let through, and what is buffered on the way.

use std::sync::Arc;

use dataflow::Engine;
use reports::formulas::flow_control::credit_window::{Window, predict};
use reports::schema::ChartTag;

use super::buffers::{EXCLUSIVE, residence, saturated, set};
use super::experiment::{FlowDraft, FlowExperiment, PIPELINED, mean_wait, rate};
use super::trial::{FlowTrial, RECORD_BYTES};
use crate::commands::model::formulas::case_runner::CaseRunner;
use crate::error::Result;

/// Of the link, one way, in ms.
const LATENCY_MS: f64 = 20.0;
/// Records of a buffer.
const RECORDS: u64 = 64;
/// Round trips that a run takes.
const ROUND_TRIPS: u64 = 400;
/// (floating credits, Mbit/s; 0 without a limit).
const LINKS: [(u64, f64); 4] = [(8, 0.0), (0, 0.0), (0, 1.0), (30, 3.2)];
/// What a slow receiver behind a link takes, in records per second.
const SERVED: f64 = 20_000.0;
const BYTES_PER_MEGABIT: f64 = 125_000.0;

pub(super) fn experiments(runner: &CaseRunner<'_>) -> Result<Vec<FlowExperiment>> {
    let engine = runner.registry.engine(PIPELINED)?;
    let mut experiments: Vec<FlowExperiment> =
        LINKS.into_iter().map(|link| window(&engine, runner.seed, link)).collect();
    experiments.push(full(&engine, runner.seed));
    Ok(experiments)
}

/// A fast receiver far away: credits decide, or the link.
fn window(engine: &Arc<dyn Engine>, seed: u64, (floating, megabits): (u64, f64)) -> FlowExperiment {
    let window = Window {
        credits: EXCLUSIVE + floating,
        buffer_bytes: RECORDS * RECORD_BYTES,
        round_trip_s: 2.0 * LATENCY_MS / 1e3,
        link_bytes_per_s: if megabits > 0.0 { megabits * BYTES_PER_MEGABIT } else { f64::INFINITY },
        service_s: 0.0,
    };
    let trial = FlowTrial {
        settings: vec![
            ("link", "remote".into()),
            ("link_latency_ms", LATENCY_MS.into()),
            ("link_mbit_per_s", megabits.into()),
            ("exclusive_buffers_per_channel", EXCLUSIVE.into()),
            ("floating_buffers_per_gate", floating.into()),
            ("buffer_bytes", window.buffer_bytes.into()),
            ("buffer_timeout_ms", (-1).into()),
        ],
        knobs: vec![("splits", 1.into())],
        events: ROUND_TRIPS * window.credits * RECORDS,
        ..FlowTrial::new(engine, seed)
    };
    let speed = if megabits > 0.0 { format!("{megabits} Mbit/s") } else { "any speed".to_owned() };
    let draft = FlowDraft {
        case: format!("remote link, {LATENCY_MS} ms, {speed}, {} credits", window.credits),
        quantity: "records per second",
        prediction: predict(&window, RECORD_BYTES),
        reading: rate(),
        at: vec![
            ChartTag::CreditWindow.parameter(),
            ("credits", window.credits.into()),
            ("megabits", megabits.into()),
        ],
    };
    FlowExperiment::once("remote-link", trial, vec![draft])
}

/// A slow receiver close by: the link adds nothing to what is buffered.
fn full(engine: &Arc<dyn Engine>, seed: u64) -> FlowExperiment {
    let wanted = (0, 4, 256);
    let mut trial = saturated(FlowTrial::new(engine, seed), wanted, SERVED, ROUND_TRIPS);
    set(&mut trial, "link", "remote".into());
    let mut draft = residence(wanted, SERVED, mean_wait());
    draft.case = format!("{}, over a link of 50 µs", draft.case);
    FlowExperiment::once("full-buffers-over-a-link", trial, vec![draft])
}
