//! Runs the tasks of a stage over slots, and waits for the last.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use dataflow::EngineError;
use dataflow::job::runtime::{Home, Runtime, Timer};
use dataflow::job::status::{Status, Watchdog};

use crate::slot::{LostTask, OnLoss, StageRun};
use crate::task::{TaskResult, TaskSpec};

/// Slots on which tasks run, a stage at a time: a stage begins when the one before it has ended.
pub(crate) struct Scheduler {
    slots: u32,
    runtime: Arc<dyn Runtime>,
    /// The watchdog's.
    timer: Box<dyn Timer>,
    stall_nanos: u64,
}

/// What has become of a stage's tasks.
#[derive(Default)]
pub(crate) struct Outcome {
    /// In the order of partitions.
    pub(crate) results: Vec<TaskResult>,
    pub(crate) lost: Vec<LostTask>,
    /// Whether the run was stopped while a task waited for events.
    pub(crate) stopped: bool,
}

/// The driver's hold on a stage: when the driver goes, its tasks go too.
struct StageGuard(Arc<StageRun>);

impl Drop for StageGuard {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Scheduler {
    pub(crate) fn new(slots: u32, runtime: Arc<dyn Runtime>, stall_nanos: u64) -> Self {
        let timer = runtime.timer();
        Self { slots, runtime, timer, stall_nanos }
    }

    /// Runs all tasks of a stage to their end.
    pub(crate) async fn run_stage(
        &mut self,
        tasks: VecDeque<TaskSpec>,
        on_loss: OnLoss,
    ) -> Result<Outcome, EngineError> {
        let count = tasks.len() as u32;
        let statuses: Vec<_> = tasks.iter().map(|spec| Arc::clone(&spec.status)).collect();
        let stage = StageGuard(StageRun::new(tasks, on_loss));
        for slot in 0..self.slots.min(count) {
            stage.0.start_slot(Home(slot), &self.runtime);
        }
        let mut outcome = self.wait(&stage.0, statuses).await?;
        self.timer.disarm();
        outcome.results.sort_by_key(|result| result.partition.number);
        Ok(outcome)
    }

    /// Waits for the last task; puts new slots in the place of those that vanished, and ends the
    /// run when nothing moves for too long.
    async fn wait(
        &mut self,
        stage: &Arc<StageRun>,
        statuses: Vec<Arc<Status>>,
    ) -> Result<Outcome, EngineError> {
        let Self { runtime, timer, stall_nanos, .. } = self;
        let mut watchdog = Watchdog::new(statuses, *stall_nanos, runtime.now());
        timer.arm(watchdog.next_look(runtime.now()));
        poll_fn(|context| {
            let mut state = stage.lock();
            if let Some(error) = state.error.take() {
                return Poll::Ready(Err(error));
            }
            if state.is_over() {
                let (results, lost) =
                    (std::mem::take(&mut state.results), std::mem::take(&mut state.lost));
                return Poll::Ready(Ok(Outcome { results, lost, stopped: state.stopped }));
            }
            state.driver = Some(context.waker().clone());
            let vacant = std::mem::take(&mut state.vacant);
            drop(state);
            vacant.into_iter().for_each(|home| stage.start_slot(home, runtime));
            while timer.poll_due(context).is_ready() {
                let now = runtime.now();
                watchdog.look(now)?;
                timer.arm(watchdog.next_look(now));
            }
            Poll::Pending
        })
        .await
    }
}
