//! A slow and a fast receiver side by side, under both models: flow control balances nothing.

use reports::formulas::Reading;
use reports::formulas::flow_control::slowest_receiver::{predict, predict_load};
use reports::schema::ChartTag;

use super::experiment::{FlowDraft, FlowExperiment, MICRO_BATCH, PIPELINED, rate};
use super::trial::{FlowTrial, RECORD_BYTES};
use crate::commands::model::formulas::case_runner::CaseRunner;
use crate::error::Result;

/// What the two receivers take, in records per second.
pub(super) const SPEEDS: [[f64; 2]; 2] = [[5_000.0, 20_000.0], [10_000.0, 10_000.0]];
const SECONDS: f64 = 20.0;

pub(super) fn experiments(runner: &CaseRunner<'_>) -> Result<Vec<FlowExperiment>> {
    let engines = [runner.registry.engine(PIPELINED)?, runner.registry.engine(MICRO_BATCH)?];
    let mut experiments = Vec::new();
    for speeds in SPEEDS {
        for engine in &engines {
            let trial = trial(FlowTrial::new(engine, runner.seed), speeds, SECONDS);
            let mut drafts = vec![pace(speeds, rate())];
            if speeds[0] != speeds[1] {
                drafts.push(load(speeds));
            }
            experiments.push(FlowExperiment::once("receivers", trial, drafts));
        }
    }
    Ok(experiments)
}

/// Half of many keys go to each receiver, and there is always more to read.
pub(super) fn trial(base: FlowTrial, speeds: [f64; 2], seconds: f64) -> FlowTrial {
    let records = 256_u64;
    let settings = if base.engine.name() == PIPELINED {
        vec![
            ("placement", "splitmix".into()),
            ("buffer_bytes", (records * RECORD_BYTES).into()),
            ("buffer_timeout_ms", (-1).into()),
        ]
    } else {
        // A batch of a tenth of the run: the faster receiver waits for the slower in each.
        let batch = (2.0 * speeds[0] * seconds / 10.0) as u64;
        vec![
            ("placement", "splitmix".into()),
            ("batch_interval_ms", 0.into()),
            ("max_offsets_per_trigger", batch.into()),
        ]
    };
    FlowTrial {
        parallelism: 2,
        settings,
        knobs: vec![("splits", 2.into()), ("keys", 1_000_000.into())],
        receivers: speeds.to_vec(),
        events: (2.0 * speeds[0] * seconds) as u64,
        ..base
    }
}

pub(super) fn pace(speeds: [f64; 2], reading: Reading) -> FlowDraft {
    FlowDraft {
        case: format!(
            "receivers of {} and {} records/s, half of the keys each",
            speeds[0], speeds[1]
        ),
        quantity: "records per second",
        prediction: predict(&speeds.map(|speed| (speed, 0.5))),
        reading,
        at: vec![
            ChartTag::Receivers.parameter(),
            ("slow", speeds[0].into()),
            ("fast", speeds[1].into()),
        ],
    }
}

fn load(speeds: [f64; 2]) -> FlowDraft {
    FlowDraft {
        case: format!(
            "receivers of {} and {} records/s: who gets the records",
            speeds[0], speeds[1]
        ),
        quantity: "largest over mean load",
        prediction: predict_load(),
        reading: Reading::MaxOverMean,
        at: vec![ChartTag::Load.parameter()],
    }
}
