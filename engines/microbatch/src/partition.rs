//! What lives from batch to batch: a stage's instance for one partition, with both of its ends.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use dataflow::exchange::sink::Sink;
use dataflow::job::plan::{Layout, StageId};
use dataflow::job::runtime::{Runtime, Timer};
use dataflow::job::source::BatchReader;
use dataflow::stage::Stage;
use dataflow::{Batch, EngineError, Outbox, Plan};

use crate::state_store::Chain;

/// One partition of a stage. It moves into a task and back.
pub(crate) struct Partition {
    pub(crate) stage: Box<dyn Stage>,
    pub(crate) outbox: Outbox,
    pub(crate) sink: Option<Box<dyn Sink>>,
    pub(crate) reader: Option<(Box<dyn BatchReader>, Batch)>,
    pub(crate) stage_name: String,
    pub(crate) stage_number: usize,
    pub(crate) number: u32,
    pub(crate) records_out: u64,
    /// The state versions that this instance has written.
    pub(crate) chain: Chain,
}

impl Partition {
    /// One without state.
    pub(crate) fn fresh(plan: &Plan, stage: StageId, number: u32, layout: &Layout) -> Self {
        Self::of(plan, stage, number, plan.instantiate(stage, layout))
    }

    /// Around an instance, with its ends still closed.
    pub(crate) fn of(
        plan: &Plan,
        stage: StageId,
        number: u32,
        (instance, outbox): (Box<dyn Stage>, Outbox),
    ) -> Self {
        Self {
            stage: instance,
            outbox,
            sink: None,
            reader: None,
            stage_name: plan.stages[stage.0].name.clone(),
            stage_number: stage.0,
            number,
            records_out: 0,
            chain: Chain::default(),
        }
    }

    /// Opens its reader and its sink, as far as its stage has them, and begins to keep trails.
    pub(crate) fn open(&mut self, plan: &Plan, runtime: &Arc<dyn Runtime>) {
        let clock = Arc::clone(runtime);
        self.outbox.start_trails(move || clock.now());
        let spec = &plan.stages[self.stage_number];
        self.reader = spec.reads_source.then(|| {
            let reader = plan.source.reader();
            let batch = reader.batch();
            (reader, batch)
        });
        self.sink = spec.writes_sink.then(|| (plan.sink.open)(self.number));
    }

    /// `stage/partition`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.stage_name, self.number)
    }

    /// Waits until everything that the sink took is where it belongs. A sink that takes longer
    /// than `stall_nanos` ends the run.
    pub(crate) async fn finish_sink(
        &mut self,
        runtime: &dyn Runtime,
        timer: &mut dyn Timer,
        stall_nanos: u64,
    ) -> Result<(), EngineError> {
        let Some(sink) = &mut self.sink else { return Ok(()) };
        timer.arm(runtime.now().after(stall_nanos));
        let finished = poll_fn(|context| match sink.poll_finish(context) {
            Poll::Ready(finished) => Poll::Ready(Some(finished)),
            Poll::Pending => timer.poll_due(context).map(|()| None),
        });
        if let Some(finished) = finished.await {
            return Ok(finished?);
        }
        let waiting = vec![format!("{} waits for room in the sink", self.name())];
        Err(EngineError::Stalled { millis: stall_nanos / 1_000_000, waiting })
    }
}
