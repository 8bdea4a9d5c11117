//! Runs the tasks of a stage over slots, and waits for the last.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use dataflow::EngineError;
use dataflow::runtime::{Home, Role, Runtime, Timer};

use crate::status::{Activity, Status};
use crate::task::{self, TaskResult, TaskSpec};

/// Slots on which tasks run, a stage at a time: a stage begins when the one before it has ended.
pub(crate) struct Scheduler {
    slots: u32,
    runtime: Arc<dyn Runtime>,
    /// The watchdog's.
    timer: Box<dyn Timer>,
    stall_nanos: u64,
}

/// The tasks of a stage: waiting, and done.
struct StageRun {
    state: Mutex<StageState>,
}

struct StageState {
    waiting: VecDeque<TaskSpec>,
    unfinished: usize,
    results: Vec<TaskResult>,
    error: Option<EngineError>,
    driver: Option<Waker>,
}

impl Scheduler {
    pub(crate) fn new(slots: u32, runtime: Arc<dyn Runtime>, stall_nanos: u64) -> Self {
        let timer = runtime.timer();
        Self { slots, runtime, timer, stall_nanos }
    }

    /// Runs all tasks of a stage to their end. Results come in the order of partitions.
    pub(crate) async fn run_stage(
        &mut self,
        tasks: VecDeque<TaskSpec>,
    ) -> Result<Vec<TaskResult>, EngineError> {
        let count = tasks.len();
        let statuses: Vec<_> = tasks.iter().map(|spec| Arc::clone(&spec.status)).collect();
        let state = StageState {
            unfinished: count,
            waiting: tasks,
            results: Vec::with_capacity(count),
            error: None,
            driver: None,
        };
        let stage = Arc::new(StageRun { state: Mutex::new(state) });
        for slot in 0..self.slots.min(count as u32) {
            let slot_run = run_slot(Arc::clone(&stage), Home(slot), Arc::clone(&self.runtime));
            self.runtime.spawn_as(Home(slot), Role::Task, Box::pin(slot_run));
        }
        let mut results = self.wait(&stage, &statuses).await?;
        self.timer.disarm();
        results.sort_by_key(|result| result.partition.number);
        Ok(results)
    }

    /// Waits for the last task; ends the run when nothing moves for too long.
    async fn wait(
        &mut self,
        stage: &StageRun,
        statuses: &[Arc<Status>],
    ) -> Result<Vec<TaskResult>, EngineError> {
        let Self { runtime, timer, stall_nanos, .. } = self;
        let steps = || statuses.iter().map(|status| status.steps()).sum::<u64>();
        let mut seen = None;
        poll_fn(|context| {
            let mut state = stage.state.lock().expect("no task fails while it holds a stage");
            if let Some(error) = state.error.take() {
                return Poll::Ready(Err(error));
            }
            if state.unfinished == 0 {
                return Poll::Ready(Ok(std::mem::take(&mut state.results)));
            }
            state.driver = Some(context.waker().clone());
            drop(state);
            if seen.is_none() {
                seen = Some(steps());
                timer.arm(runtime.now().after(*stall_nanos));
            }
            while timer.poll_due(context).is_ready() {
                let steps = steps();
                let works = statuses.iter().any(|status| status.get() == Activity::Charged);
                if seen == Some(steps) && !works {
                    let waiting = statuses.iter().filter_map(|status| status.describe()).collect();
                    let millis = *stall_nanos / 1_000_000;
                    return Poll::Ready(Err(EngineError::Stalled { millis, waiting }));
                }
                seen = Some(steps);
                timer.arm(runtime.now().after(*stall_nanos));
            }
            Poll::Pending
        })
        .await
    }
}

/// One slot: takes the next task until none is left.
async fn run_slot(stage: Arc<StageRun>, home: Home, runtime: Arc<dyn Runtime>) {
    let mut done = None;
    loop {
        let next = {
            let mut state = stage.state.lock().expect("no task fails while it holds a stage");
            match done.take() {
                Some(Ok(result)) => state.finish(result),
                Some(Err(error)) => state.fail(error),
                None => {}
            }
            state.waiting.pop_front()
        };
        let Some(spec) = next else { return };
        done = Some(task::run(spec, home, Arc::clone(&runtime)).await);
    }
}

impl StageState {
    fn finish(&mut self, result: TaskResult) {
        self.results.push(result);
        self.unfinished -= 1;
        if self.unfinished == 0 {
            self.driver.take().into_iter().for_each(Waker::wake);
        }
    }

    fn fail(&mut self, error: EngineError) {
        self.waiting.clear();
        self.error.get_or_insert(error);
        self.driver.take().into_iter().for_each(Waker::wake);
    }
}
