//! Full buffers under back-pressure: how long records and barriers are on their way.

use std::sync::Arc;

use dataflow::Engine;
use reports::formulas::flow_control::full_buffers::Channel;
use reports::formulas::flow_control::{barrier_travel, full_buffers};
use reports::formulas::{Prediction, Reading};
use reports::schema::ChartTag;
use serde_json::Value;

use super::experiment::{FlowDraft, FlowExperiment, PIPELINED, mean_wait};
use super::trial::{FlowTrial, RECORD_BYTES};
use crate::commands::model::formulas::case_runner::CaseRunner;
use crate::error::Result;
use crate::quantity::Rate;

/// Exclusive credits of a channel, as Flink has them.
pub(super) const EXCLUSIVE: u64 = 2;
/// What the receiver takes, in records per second.
const SERVED: f64 = 20_000.0;
/// Buffers that pass while the full ones are measured.
const BUFFERS: u64 = 200;
/// (floating credits, backlog, records of a buffer).
const CHANNELS: [(u64, u64, u64); 5] =
    [(8, 10, 256), (0, 10, 256), (8, 1, 256), (30, 30, 256), (8, 10, 1_024)];

pub(super) fn experiments(runner: &CaseRunner<'_>) -> Result<Vec<FlowExperiment>> {
    let engine = runner.registry.engine(PIPELINED)?;
    let mut experiments: Vec<FlowExperiment> =
        CHANNELS.into_iter().map(|channel| full(&engine, runner.seed, channel)).collect();
    experiments.push(flushed(&engine, runner.seed));
    experiments.push(two_senders(&engine, runner.seed));
    experiments.push(overloaded(&engine, runner.seed));
    for channel in [(8, 10, 256), (0, 4, 256)] {
        experiments.push(barriers(&engine, runner.seed, channel));
    }
    Ok(experiments)
}

/// The channel that these settings make.
pub(super) fn channel((floating, backlog, records): (u64, u64, u64)) -> Channel {
    Channel { credits: EXCLUSIVE + floating, backlog, buffer_bytes: records * RECORD_BYTES }
}

/// A source that always has more, in front of a receiver that takes `served` records a second;
/// only full buffers, and timed once they are full.
pub(super) fn saturated(
    base: FlowTrial,
    (floating, backlog, records): (u64, u64, u64),
    served: f64,
    buffers: u64,
) -> FlowTrial {
    let held = EXCLUSIVE + floating + backlog;
    FlowTrial {
        settings: vec![
            ("exclusive_buffers_per_channel", EXCLUSIVE.into()),
            ("floating_buffers_per_gate", floating.into()),
            ("max_buffers_per_channel", backlog.into()),
            ("buffer_bytes", (records * RECORD_BYTES).into()),
            ("buffer_timeout_ms", (-1).into()),
        ],
        // Few keys: a snapshot of their counts takes no time.
        knobs: vec![("splits", u64::from(base.parallelism).into()), ("keys", 100.into())],
        receivers: vec![served],
        events: (held * 2 + buffers) * records,
        warm_up: held * 2 * records,
        ..base
    }
}

pub(super) fn bytes_per_s(served: f64) -> f64 {
    served * RECORD_BYTES as f64
}

fn full(engine: &Arc<dyn Engine>, seed: u64, wanted: (u64, u64, u64)) -> FlowExperiment {
    let trial = saturated(FlowTrial::new(engine, seed), wanted, SERVED, BUFFERS);
    FlowExperiment::once("full-buffers", trial, vec![residence(wanted, SERVED, mean_wait())])
}

pub(super) fn residence(wanted: (u64, u64, u64), served: f64, reading: Reading) -> FlowDraft {
    let (floating, backlog, records) = wanted;
    let channel = channel(wanted);
    FlowDraft {
        case: format!(
            "full buffers: {EXCLUSIVE}+{floating} credits, {backlog} at the sender, {} KiB each, \
             {served} records/s",
            records * RECORD_BYTES / 1_024
        ),
        quantity: "mean residence, ms",
        prediction: full_buffers::predict(&channel, bytes_per_s(served), true),
        reading,
        at: vec![
            ChartTag::FullBuffers.parameter(),
            ("bytes_ahead", channel.bytes_ahead().into()),
            ("buffer_bytes", channel.buffer_bytes.into()),
            ("served_bytes_per_s", bytes_per_s(served).into()),
        ],
    }
}

fn bounded(case: &str, prediction: Prediction) -> FlowDraft {
    FlowDraft {
        case: case.to_owned(),
        quantity: "mean residence, ms",
        prediction,
        reading: mean_wait(),
        at: vec![ChartTag::Bound.parameter()],
    }
}

/// A flusher under back-pressure: what it sends is not full and costs a credit all the same.
fn flushed(engine: &Arc<dyn Engine>, seed: u64) -> FlowExperiment {
    // A read of four times 256 records fills a buffer and leaves some for the flusher.
    let wanted = (8, 10, 1_000);
    let mut trial = saturated(FlowTrial::new(engine, seed), wanted, SERVED, BUFFERS);
    set(&mut trial, "buffer_timeout_ms", 10.into());
    let prediction =
        full_buffers::predict_bound(&channel(wanted), EXCLUSIVE, 1, bytes_per_s(SERVED));
    let case = "buffers flushed every 10 ms: part-filled ones hold a credit each";
    FlowExperiment::once("flushed-buffers", trial, vec![bounded(case, prediction)])
}

/// Two senders and two receivers: which channels are full is left to chance.
fn two_senders(engine: &Arc<dyn Engine>, seed: u64) -> FlowExperiment {
    let wanted = (8, 10, 256);
    let base = FlowTrial { parallelism: 2, ..FlowTrial::new(engine, seed) };
    let trial = saturated(base, wanted, SERVED, 2 * BUFFERS);
    let prediction =
        full_buffers::predict_bound(&channel(wanted), EXCLUSIVE, 2, bytes_per_s(SERVED));
    let case = "two senders, two receivers: a sender waits for its fullest channel";
    FlowExperiment::once("two-senders", trial, vec![bounded(case, prediction)])
}

/// A plan above what is served: the source falls behind, and what waits there is in no buffer.
fn overloaded(engine: &Arc<dyn Engine>, seed: u64) -> FlowExperiment {
    let wanted = (8, 10, 256);
    let trial = FlowTrial {
        rate: Rate::PerSecond(1.5 * SERVED),
        ..saturated(FlowTrial::new(engine, seed), wanted, SERVED, BUFFERS)
    };
    let prediction = full_buffers::predict(&channel(wanted), bytes_per_s(SERVED), false);
    let draft = FlowDraft {
        case: "overload: planned 1.5 times what is served, and timed from the plan".to_owned(),
        quantity: "mean latency from planned, ms",
        prediction,
        reading: mean_wait(),
        at: vec![ChartTag::Overload.parameter()],
    };
    FlowExperiment::once("overload", trial, vec![draft])
}

/// Checkpoints are this far apart, in ms: in no simple proportion to a buffer's time.
const CHECKPOINTS_MS: f64 = 331.7;

fn barriers(engine: &Arc<dyn Engine>, seed: u64, wanted: (u64, u64, u64)) -> FlowExperiment {
    let trial = saturated(FlowTrial::new(engine, seed), wanted, SERVED, 3 * BUFFERS);
    let trial = with_checkpoints(trial, CHECKPOINTS_MS);
    FlowExperiment::once(
        "barriers",
        trial,
        vec![travel(wanted, SERVED, CHECKPOINTS_MS, Reading::MeanCheckpoint)],
    )
}

pub(super) fn with_checkpoints(mut trial: FlowTrial, interval_ms: f64) -> FlowTrial {
    set(&mut trial, "guarantee", "at-least-once".into());
    set(&mut trial, "checkpoint_interval_ms", interval_ms.into());
    trial
}

pub(super) fn travel(
    wanted: (u64, u64, u64),
    served: f64,
    interval_ms: f64,
    reading: Reading,
) -> FlowDraft {
    let (floating, backlog, _) = wanted;
    FlowDraft {
        case: format!(
            "barriers through full buffers: {EXCLUSIVE}+{floating} credits, {backlog} at the sender"
        ),
        quantity: "mean time from trigger to end of a checkpoint, ms",
        prediction: barrier_travel::predict(&channel(wanted), bytes_per_s(served), interval_ms),
        reading,
        at: vec![ChartTag::Barrier.parameter()],
    }
}

pub(super) fn set(trial: &mut FlowTrial, name: &'static str, value: Value) {
    trial.settings.retain(|(known, _)| *known != name);
    trial.settings.push((name, value));
}
