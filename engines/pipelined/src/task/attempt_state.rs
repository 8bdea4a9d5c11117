//! What all tasks of one attempt to run a job share: how it ends.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use dataflow::job::runtime::{Runtime, Task, sleep_until};
use dataflow::job::status::{Activity, Status, Watchdog};
use dataflow::{Completion, EngineError};

/// Why a subtask stops before its end: an error that the attempt knows of, or the attempt is over.
pub(crate) struct EarlyEnd;

/// How an attempt ends, as all its tasks see it.
pub(crate) struct AttemptState {
    cancelled: AtomicBool,
    end: Mutex<End>,
}

#[derive(Default)]
struct End {
    /// Subtasks that have not come to their end.
    running: usize,
    /// Subtasks that have not been dropped.
    alive: usize,
    completion: Completion,
    error: Option<EngineError>,
    waker: Option<Waker>,
    tasks: Vec<Waker>,
}

impl AttemptState {
    pub(crate) fn new(subtasks: usize) -> Arc<Self> {
        let end = End { running: subtasks, alive: 0, ..End::default() };
        Arc::new(Self { cancelled: AtomicBool::new(false), end: Mutex::new(end) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, End> {
        self.end.lock().expect("no holder fails")
    }

    /// Whether the attempt is over: its tasks are dropped.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Ends all tasks that run under [`until_cancelled`].
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        let tasks = std::mem::take(&mut self.lock().tasks);
        tasks.into_iter().for_each(Waker::wake);
    }

    /// A subtask has come to its end; `add` brings in what it has counted.
    pub(crate) fn ended(&self, add: impl FnOnce(&mut Completion)) {
        let mut end = self.lock();
        add(&mut end.completion);
        end.running -= 1;
        end.waker.take().into_iter().for_each(Waker::wake);
    }

    /// The attempt is over; the first error is the one that counts.
    pub(crate) fn fail(&self, error: EngineError) {
        let mut end = self.lock();
        end.error.get_or_insert(error);
        end.waker.take().into_iter().for_each(Waker::wake);
    }

    pub(crate) fn poll_end(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Completion, EngineError>> {
        let mut end = self.lock();
        if let Some(error) = end.error.take() {
            return Poll::Ready(Err(error));
        }
        if end.running == 0 {
            return Poll::Ready(Ok(std::mem::take(&mut end.completion)));
        }
        end.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Ready when every subtask has been dropped.
    pub(crate) fn poll_gone(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut end = self.lock();
        if end.alive == 0 {
            return Poll::Ready(());
        }
        end.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Owned by a subtask's task: tells when it is dropped, and fails the attempt when that comes
/// before its end.
pub(crate) struct Alive {
    state: Arc<AttemptState>,
    status: Arc<Status>,
}

impl Alive {
    pub(crate) fn new(state: &Arc<AttemptState>, status: &Arc<Status>) -> Self {
        state.lock().alive += 1;
        Self { state: Arc::clone(state), status: Arc::clone(status) }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        // A task that ended with an error has told it; one that was cancelled need not.
        if self.status.get() != Activity::Ended && !self.state.is_cancelled() {
            self.state.fail(EngineError::Lost(self.status.name().to_owned()));
        }
        let mut end = self.state.lock();
        end.alive -= 1;
        end.waker.take().into_iter().for_each(Waker::wake);
    }
}

/// Runs a task to its end, or drops it when the attempt is over.
pub(crate) async fn until_cancelled(state: Arc<AttemptState>, mut task: Task) {
    let mut registered = false;
    poll_fn(|context| {
        if !registered {
            registered = true;
            state.lock().tasks.push(context.waker().clone());
        }
        if state.is_cancelled() { Poll::Ready(()) } else { task.as_mut().poll(context) }
    })
    .await;
}

/// Ends the attempt when nothing moves for too long.
pub(crate) async fn watch(
    mut watchdog: Watchdog,
    state: Arc<AttemptState>,
    runtime: Arc<dyn Runtime>,
) {
    loop {
        sleep_until(&*runtime, watchdog.next_look(runtime.now())).await;
        if state.is_cancelled() || watchdog.all_ended() {
            return;
        }
        if let Err(error) = watchdog.look(runtime.now()) {
            return state.fail(error);
        }
    }
}
