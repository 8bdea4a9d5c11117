//! What lives from batch to batch: a stage's instance for one partition, with both of its ends.

use std::sync::Arc;
use std::task::Context;

use dataflow::job::plan::{Layout, StageId};
use dataflow::job::runtime::Runtime;
use dataflow::job::source::BatchReader;
use dataflow::job::status::{Activity, Status, wait_for_sink};
use dataflow::stage::{Marks, StageRunner};
use dataflow::{Batch, EngineError, Plan};

use crate::state_store::Chain;

/// One partition of a stage. It moves into a task and back.
pub(crate) struct Partition {
    pub(crate) runner: StageRunner,
    pub(crate) reader: Option<(Box<dyn BatchReader>, Batch)>,
    pub(crate) stage_name: String,
    pub(crate) stage_number: usize,
    pub(crate) number: u32,
    /// The state versions that this instance has written.
    pub(crate) chain: Chain,
}

impl Partition {
    /// One without state.
    pub(crate) fn fresh(plan: &Plan, stage: StageId, number: u32, layout: &Layout) -> Self {
        Self::of(plan, stage, number, plan.runner(stage, layout, Marks::Ignore))
    }

    /// Around a runner, with its ends still closed.
    pub(crate) fn of(plan: &Plan, stage: StageId, number: u32, runner: StageRunner) -> Self {
        Self {
            runner,
            reader: None,
            stage_name: plan.stages[stage.0].name.clone(),
            stage_number: stage.0,
            number,
            chain: Chain::default(),
        }
    }

    /// Opens its reader and its sink, as far as its stage has them.
    pub(crate) fn open(&mut self, plan: &Plan, runtime: &Arc<dyn Runtime>) {
        let spec = &plan.stages[self.stage_number];
        self.reader = spec.reads_source.then(|| {
            let reader = plan.source.reader();
            let batch = reader.batch();
            (reader, batch)
        });
        let clock = Arc::clone(runtime);
        let sink = spec.writes_sink.then(|| (plan.sink.open)(self.number));
        self.runner.open(sink, runtime.priced(), move || clock.now());
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
        stall_nanos: u64,
    ) -> Result<(), EngineError> {
        let status = Status::new(self.name(), Vec::new(), Activity::Sink);
        let poll = |context: &mut Context<'_>| self.runner.poll_finish(context);
        wait_for_sink(&status, runtime, stall_nanos, poll).await
    }
}
