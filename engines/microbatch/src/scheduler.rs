//! Runs the tasks of a stage over slots, and waits for the last.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use dataflow::EngineError;
use dataflow::runtime::{Home, Runtime, Timer};

use crate::task::{self, TaskResult, TaskSpec};

/// Slots on which tasks run, a stage at a time: a stage begins when the one before it has ended.
pub(crate) struct Scheduler {
    slots: u32,
    runtime: Arc<dyn Runtime>,
    /// Steps done by all tasks, for the watchdog.
    steps: Arc<AtomicU64>,
    timer: Box<dyn Timer>,
    stall_nanos: u64,
}

/// The tasks of a stage: waiting, and done.
struct StageRun {
    state: Mutex<StageState>,
}

struct StageState {
    waiting: VecDeque<TaskSpec>,
    unfinished: Vec<String>,
    results: Vec<TaskResult>,
    error: Option<EngineError>,
    driver: Option<Waker>,
}

impl Scheduler {
    pub(crate) fn new(slots: u32, runtime: Arc<dyn Runtime>, stall_nanos: u64) -> Self {
        let timer = runtime.timer();
        Self { slots, runtime, steps: Arc::new(AtomicU64::new(0)), timer, stall_nanos }
    }

    /// Runs all tasks of a stage to their end. Results come in the order of partitions.
    pub(crate) async fn run_stage(
        &mut self,
        tasks: VecDeque<TaskSpec>,
    ) -> Result<Vec<TaskResult>, EngineError> {
        let count = tasks.len();
        let name = |spec: &TaskSpec| format!("{}/{}", spec.partition.stage_name, spec.partition.number);
        let state = StageState {
            unfinished: tasks.iter().map(name).collect(),
            waiting: tasks,
            results: Vec::with_capacity(count),
            error: None,
            driver: None,
        };
        let stage = Arc::new(StageRun { state: Mutex::new(state) });
        for slot in 0..self.slots.min(count as u32) {
            let slot_run =
                run_slot(Arc::clone(&stage), Home(slot), Arc::clone(&self.runtime), Arc::clone(&self.steps));
            self.runtime.spawn(Home(slot), Box::pin(slot_run));
        }
        let mut results = self.wait(&stage, count).await?;
        results.sort_by_key(|result| result.partition.number);
        Ok(results)
    }

    /// Waits for the last task; ends the run when nothing moves for too long.
    async fn wait(&mut self, stage: &StageRun, count: usize) -> Result<Vec<TaskResult>, EngineError> {
        let Self { runtime, steps, timer, stall_nanos, .. } = self;
        let mut seen = None;
        poll_fn(|context| {
            let mut state = stage.state.lock().expect("no task fails while it holds a stage");
            if let Some(error) = state.error.take() {
                return Poll::Ready(Err(error));
            }
            if state.results.len() == count {
                return Poll::Ready(Ok(std::mem::take(&mut state.results)));
            }
            state.driver = Some(context.waker().clone());
            drop(state);
            if seen.is_none() {
                seen = Some(steps.load(Ordering::Relaxed));
                timer.arm(runtime.now().after(*stall_nanos));
            }
            while timer.poll_due(context).is_ready() {
                let now = steps.load(Ordering::Relaxed);
                if seen == Some(now) {
                    let state = stage.state.lock().expect("no task fails while it holds a stage");
                    let waiting = state.unfinished.iter().map(|it| format!("task {it} does not end"));
                    let seconds = *stall_nanos / 1_000_000_000;
                    return Poll::Ready(Err(EngineError::Stalled { seconds, waiting: waiting.collect() }));
                }
                seen = Some(now);
                timer.arm(runtime.now().after(*stall_nanos));
            }
            Poll::Pending
        })
        .await
    }
}

/// One slot: takes the next task until none is left.
async fn run_slot(
    stage: Arc<StageRun>,
    home: Home,
    runtime: Arc<dyn Runtime>,
    steps: Arc<AtomicU64>,
) {
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
        done = Some(task::run(spec, home, Arc::clone(&runtime), Arc::clone(&steps)).await);
    }
}

impl StageState {
    fn finish(&mut self, result: TaskResult) {
        let name = format!("{}/{}", result.partition.stage_name, result.partition.number);
        self.unfinished.retain(|unfinished| *unfinished != name);
        self.results.push(result);
        if self.unfinished.is_empty() {
            self.driver.take().into_iter().for_each(Waker::wake);
        }
    }

    fn fail(&mut self, error: EngineError) {
        self.waiting.clear();
        self.error.get_or_insert(error);
        self.driver.take().into_iter().for_each(Waker::wake);
    }
}
