//! What a burst leaves behind, under both models.

use std::sync::Arc;

use dataflow::Engine;
use reports::formulas::Reading;
use reports::formulas::flow_control::backlog::Burst;
use reports::schema::ChartTag;

use super::experiment::{FlowDraft, FlowExperiment, MICRO_BATCH, PIPELINED, longest_wait};
use super::trial::FlowTrial;
use crate::commands::model::formulas::case_runner::CaseRunner;
use crate::error::Result;
use crate::quantity::Rate;

/// A load that is constant but for a burst in its middle.
#[derive(Copy, Clone)]
pub(super) struct Load {
    /// Events per second on average.
    pub(super) mean_per_s: f64,
    /// The burst's rate over the mean.
    pub(super) peak: f64,
    /// The burst's share of the time.
    pub(super) duty: f64,
    pub(super) seconds: f64,
    pub(super) served_per_s: f64,
    /// Records that a batch takes at most: small beside the backlog, as results of one are seen
    /// together.
    pub(super) batch: u64,
}

const LOAD: Load = Load {
    mean_per_s: 5_000.0,
    peak: 5.0,
    duty: 1.0 / 30.0,
    seconds: 30.0,
    served_per_s: 6_200.0,
    batch: 200,
};
/// The burst is over when no latency is above this, in ms.
const GONE_MS: u64 = 100;

impl Load {
    pub(super) fn burst(&self) -> Burst {
        let rest = (1.0 - self.peak * self.duty) / (1.0 - self.duty);
        Burst {
            peak_per_s: self.peak * self.mean_per_s,
            length_s: self.duty * self.seconds,
            after_per_s: rest * self.mean_per_s,
            served_per_s: self.served_per_s,
        }
    }

    /// When the burst ends, in ms.
    fn burst_end_ms(&self) -> f64 {
        self.seconds * (1.0 + self.duty) / 2.0 * 1e3
    }

    pub(super) fn trial(&self, base: FlowTrial) -> FlowTrial {
        let settings = if base.engine.name() == PIPELINED {
            vec![("buffer_bytes", 2_048.into()), ("buffer_timeout_ms", 5.into())]
        } else {
            vec![("batch_interval_ms", 10.into()), ("max_offsets_per_trigger", self.batch.into())]
        };
        FlowTrial {
            rate: Rate::PerSecond(self.mean_per_s),
            settings,
            knobs: vec![
                ("splits", 1.into()),
                ("load_shape", "burst".into()),
                ("load_peak", self.peak.into()),
                ("load_duty", self.duty.into()),
                ("load_period_s", self.seconds.into()),
            ],
            receivers: vec![self.served_per_s],
            events: (self.mean_per_s * self.seconds) as u64,
            ..base
        }
    }
}

pub(super) fn experiments(runner: &CaseRunner<'_>) -> Result<Vec<FlowExperiment>> {
    let engines = [runner.registry.engine(PIPELINED)?, runner.registry.engine(MICRO_BATCH)?];
    Ok(engines.iter().map(|engine| experiment(engine, runner.seed)).collect())
}

fn experiment(engine: &Arc<dyn Engine>, seed: u64) -> FlowExperiment {
    let burst = LOAD.burst();
    let drain = FlowDraft {
        case: "burst: backlog over spare capacity".to_owned(),
        quantity: "time from the burst's end until nothing waits, ms",
        prediction: burst.predict_drain(),
        reading: Reading::DrainedAfter { from_ms: LOAD.burst_end_ms(), latency_ms: GONE_MS as f64 },
        at: vec![ChartTag::Drain.parameter()],
    };
    FlowExperiment::once(
        "burst",
        LOAD.trial(FlowTrial::new(engine, seed)),
        vec![wait(&LOAD, longest_wait()), drain],
    )
}

pub(super) fn wait(load: &Load, reading: Reading) -> FlowDraft {
    let burst = load.burst();
    FlowDraft {
        case: format!(
            "burst: {:.0} events left behind, {} served/s",
            burst.backlog(),
            load.served_per_s
        ),
        quantity: "longest wait, ms",
        prediction: burst.predict_wait(),
        reading,
        at: vec![ChartTag::Backlog.parameter(), ("backlog", burst.backlog().into())],
    }
}
