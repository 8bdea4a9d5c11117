//! One slot of an executor: takes the next task of a stage until none is left.
//!
//! A slot may vanish at any time with the task that it holds. What it owns tells so when it is
//! dropped.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use dataflow::job::runtime::{Home, Role, Runtime};
use dataflow::job::status::{Activity, Status};
use dataflow::{EngineError, ProcessingTime};

use crate::task::{self, TaskFailure, TaskResult, TaskSpec};

/// What becomes of a stage when one of its tasks is lost.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum OnLoss {
    /// It ends with an error.
    Fail,
    /// The other tasks run: their results are good.
    RunOthers,
    /// Tasks that have not begun do not: everything will be computed again.
    DropWaiting,
}

/// A task that vanished, or failed in a way that another attempt may not.
#[derive(Debug)]
pub(crate) struct LostTask {
    pub(crate) partition: u32,
    /// `stage/partition`.
    pub(crate) name: String,
    pub(crate) at: ProcessingTime,
    /// Events that it had read.
    pub(crate) read: u64,
    /// What it failed with; `None` when it vanished.
    pub(crate) error: Option<EngineError>,
}

impl LostTask {
    /// What ends the run if the task is not tried again.
    pub(crate) fn into_error(self) -> EngineError {
        self.error.unwrap_or(EngineError::Lost(self.name))
    }

    /// For whoever watches.
    pub(crate) fn cause(&self) -> String {
        match &self.error {
            Some(error) => format!("task {} failed: {error}", self.name),
            None => format!("task {} was lost", self.name),
        }
    }
}

/// The tasks of a stage: waiting, done and lost.
pub(crate) struct StageRun {
    state: Mutex<StageState>,
    /// Nobody waits for the stage any more.
    abandoned: AtomicBool,
}

/// What the driver and the slots of a stage share.
pub(crate) struct StageState {
    waiting: VecDeque<TaskSpec>,
    unfinished: usize,
    on_loss: OnLoss,
    pub(crate) results: Vec<TaskResult>,
    pub(crate) lost: Vec<LostTask>,
    pub(crate) error: Option<EngineError>,
    /// Whether the run was stopped while a task waited for events.
    pub(crate) stopped: bool,
    /// Homes of slots that vanished while tasks waited.
    pub(crate) vacant: Vec<Home>,
    pub(crate) driver: Option<Waker>,
}

impl StageRun {
    pub(crate) fn new(tasks: VecDeque<TaskSpec>, on_loss: OnLoss) -> Arc<Self> {
        let count = tasks.len();
        let state = StageState {
            waiting: tasks,
            unfinished: count,
            on_loss,
            results: Vec::with_capacity(count),
            lost: Vec::new(),
            error: None,
            stopped: false,
            vacant: Vec::new(),
            driver: None,
        };
        Arc::new(Self { state: Mutex::new(state), abandoned: AtomicBool::new(false) })
    }

    /// Also after a task has panicked: it held no lock then.
    pub(crate) fn lock(&self) -> MutexGuard<'_, StageState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tasks that still run end at their next turn.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
        self.lock().waiting.clear();
    }

    /// Starts a slot.
    pub(crate) fn start_slot(self: &Arc<Self>, home: Home, runtime: &Arc<dyn Runtime>) {
        let slot = Slot { stage: Arc::clone(self), home, runtime: Arc::clone(runtime), held: None };
        runtime.spawn_as(home, Role::Task, Box::pin(slot.run()));
    }
}

impl StageState {
    /// Whether every task has ended, one way or the other.
    pub(crate) const fn is_over(&self) -> bool {
        self.unfinished == 0
    }

    fn finish(&mut self, result: TaskResult) {
        self.results.push(result);
        self.end_one();
    }

    fn lose(&mut self, lost: LostTask) {
        match self.on_loss {
            OnLoss::Fail => return self.fail(lost.into_error()),
            OnLoss::RunOthers => {}
            OnLoss::DropWaiting => self.drop_waiting(),
        }
        self.lost.push(lost);
        self.end_one();
    }

    fn stop(&mut self) {
        self.stopped = true;
        self.drop_waiting();
        self.end_one();
    }

    /// Tasks that have not begun will not.
    fn drop_waiting(&mut self) {
        self.unfinished -= self.waiting.len();
        self.waiting.clear();
    }

    fn fail(&mut self, error: EngineError) {
        self.waiting.clear();
        self.error.get_or_insert(error);
        self.wake_driver();
    }

    fn end_one(&mut self) {
        self.unfinished -= 1;
        if self.unfinished == 0 {
            self.wake_driver();
        }
    }

    fn wake_driver(&mut self) {
        self.driver.take().into_iter().for_each(Waker::wake);
    }
}

/// A slot; dropping it with a task reports the task as lost.
struct Slot {
    stage: Arc<StageRun>,
    home: Home,
    runtime: Arc<dyn Runtime>,
    held: Option<HeldTask>,
}

/// The task that a slot runs.
struct HeldTask {
    partition: u32,
    status: Arc<Status>,
    read: Arc<AtomicU64>,
}

impl HeldTask {
    fn lost(self, at: ProcessingTime, error: Option<EngineError>) -> LostTask {
        self.status.set(Activity::Ended);
        let name = self.status.name().to_owned();
        let read = self.read.load(Ordering::Relaxed);
        LostTask { partition: self.partition, name, at, read, error }
    }
}

impl Slot {
    async fn run(mut self) {
        loop {
            let next = self.stage.lock().waiting.pop_front();
            let Some(spec) = next else { return };
            self.held = Some(HeldTask {
                partition: spec.partition.number,
                status: Arc::clone(&spec.status),
                read: Arc::clone(&spec.read),
            });
            let ended = {
                let mut running = pin!(task::run(spec, self.home, Arc::clone(&self.runtime)));
                let abandoned = &self.stage.abandoned;
                poll_fn(|context| {
                    if abandoned.load(Ordering::Relaxed) {
                        return Poll::Ready(None);
                    }
                    running.as_mut().poll(context).map(Some)
                })
                .await
            };
            let held = self.held.take();
            let mut state = self.stage.lock();
            match (ended, held) {
                (Some(Ok(result)), _) => state.finish(result),
                (Some(Err(TaskFailure::Final(error))), _) => state.fail(error),
                (Some(Err(TaskFailure::Stopped)), _) => state.stop(),
                (Some(Err(TaskFailure::MayPass(error))), Some(held)) => {
                    let lost = held.lost(self.runtime.now(), Some(error));
                    state.lose(lost);
                }
                (Some(Err(TaskFailure::MayPass(_))) | None, _) => return,
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.stage.lock();
        let held = self.held.take();
        let vanished = held.is_some() || !state.waiting.is_empty();
        if let Some(held) = held {
            state.lose(held.lost(self.runtime.now(), None));
        }
        if vanished && !state.waiting.is_empty() {
            state.vacant.push(self.home);
            state.wake_driver();
        }
    }
}
