//! Runs a batch through the stages until nothing of it is lost: lost partitions are made anew, and their
//! tasks are tried again.

use std::ops::Range;
use std::sync::Arc;

use dataflow::job::observer::Observer;
use dataflow::job::plan::StageId;
use dataflow::job::runtime::Runtime;
use dataflow::{EngineError, ProcessingTime};

use crate::batch_log::BatchSpec;
use crate::recovery::Recovery;
use crate::retry::TaskFailures;
use crate::slot::LostTask;
use crate::stages::{BatchOutcome, Pass, Stages};

/// The stages of a job, and what brings lost partitions of them back.
pub(crate) struct BatchRunner {
    pub(crate) stages: Stages,
    /// Absent without a guarantee.
    pub(crate) recovery: Option<Recovery>,
    max_task_failures: u64,
    runtime: Arc<dyn Runtime>,
    observer: Arc<dyn Observer>,
    /// How often lost tasks were tried again.
    pub(crate) restarts: u64,
    /// Events that had been read by then.
    pub(crate) replayed: u64,
}

impl BatchRunner {
    /// Without a guarantee yet.
    pub(crate) fn new(
        stages: Stages,
        max_task_failures: u64,
        runtime: Arc<dyn Runtime>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let (recovery, restarts, replayed) = (None, 0, 0);
        Self { stages, recovery, max_task_failures, runtime, observer, restarts, replayed }
    }

    /// Runs a batch, whose plan was paid for in the time `planned`, all but its commit. `None` if the run
    /// was stopped while it waited for events: the partitions are as the last committed batch has left
    /// them then.
    pub(crate) async fn run(
        &mut self,
        spec: &BatchSpec,
        started: ProcessingTime,
        planned: Option<Range<ProcessingTime>>,
    ) -> Result<Option<BatchOutcome>, EngineError> {
        let durable = self.recovery.as_ref().map(|recovery| recovery.durable(spec.batch));
        let mut failures = TaskFailures::new(self.max_task_failures);
        loop {
            match self.stages.run(spec, (started, planned.clone()), durable.as_ref()).await? {
                Pass::Complete(outcome) => return Ok(Some(outcome)),
                Pass::Lost { stage, lost, read } => {
                    self.retry(stage, lost, &mut failures).await?;
                    self.replayed += read;
                }
                Pass::Stopped => {
                    self.rebuild_all().await?;
                    return Ok(None);
                }
            }
        }
    }

    /// Makes lost tasks' partitions anew from the state that the batch has opened. A task of the
    /// source's stage is tried again alone. One behind it has lost its input with it, as its
    /// blocks were taken: then the batch begins again at its first stage.
    async fn retry(
        &mut self,
        stage: StageId,
        lost: Vec<LostTask>,
        failures: &mut TaskFailures,
    ) -> Result<(), EngineError> {
        let failed_at = lost.iter().map(|task| task.at).min().unwrap_or(self.runtime.now());
        let mut numbers: Vec<u32> = lost.iter().map(|task| task.partition).collect();
        numbers.sort_unstable();
        let cause = failures.note(stage.0, lost)?;
        self.observer.restarting(failed_at, &cause);
        if self.stages.plan.stages[stage.0].reads_source {
            self.rebuild(stage, &numbers).await?;
        } else {
            self.rebuild_all().await?;
        }
        self.restarts += 1;
        self.observer.restarted(self.runtime.now());
        Ok(())
    }

    /// Makes all partitions anew from what the last committed batch has left.
    async fn rebuild_all(&mut self) -> Result<(), EngineError> {
        self.stages.clear();
        for stage in self.stages.ids() {
            let numbers: Vec<u32> = (0..self.stages.layout.parallelism[stage.0]).collect();
            self.rebuild(stage, &numbers).await?;
        }
        Ok(())
    }

    /// Makes partitions of a stage anew from what the last committed batch has left.
    async fn rebuild(&mut self, stage: StageId, numbers: &[u32]) -> Result<(), EngineError> {
        let Self { stages, recovery, .. } = self;
        let recovery = recovery.as_ref().expect("without a guarantee a lost task ends the run");
        let (rebuilt, _) = recovery.rebuild(&stages.plan, &stages.layout, stage, numbers).await?;
        stages.replace(stage, rebuilt);
        Ok(())
    }
}
