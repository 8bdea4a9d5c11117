//! What every subtask is doing, and the watchdog that ends a run in which nothing moves.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use dataflow::job::runtime::{Runtime, Task, sleep_until};
use dataflow::{Completion, EngineError};

/// What a subtask waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    Working,
    /// For the time that its work takes under virtual time.
    Charged,
    /// For a buffer on its input gate.
    Input,
    /// For room on this channel of this outgoing edge, or in the sink (`None`).
    Room(Option<(usize, usize)>),
    /// A source: for its next event.
    NextEvent,
    Ended,
}

/// A subtask as the watchdog sees it.
pub(crate) struct Status {
    /// `stage/subtask`.
    pub(crate) name: String,
    /// Names of its outgoing edges.
    pub(crate) edges: Vec<String>,
    /// Counts every step.
    moved: AtomicU64,
    activity: Mutex<Activity>,
}

impl Status {
    pub(crate) fn new(name: String, edges: Vec<String>) -> Arc<Self> {
        let activity = Mutex::new(Activity::Working);
        Arc::new(Self { name, edges, moved: AtomicU64::new(0), activity })
    }

    /// One more step is done.
    #[inline]
    pub(crate) fn step(&self) {
        self.moved.fetch_add(1, Ordering::Relaxed);
    }

    /// Called when the subtask is about to suspend, and when it goes on.
    pub(crate) fn set(&self, activity: Activity) {
        *self.activity.lock().expect("no holder fails") = activity;
    }

    fn get(&self) -> Activity {
        self.activity.lock().expect("no holder fails").clone()
    }

    fn describe(&self) -> Option<String> {
        let what = match self.get() {
            Activity::Ended => return None,
            Activity::Working | Activity::Charged => "is in the middle of a step".to_owned(),
            Activity::Input => "waits for input".to_owned(),
            Activity::NextEvent => "waits for its next event".to_owned(),
            Activity::Room(None) => "waits for room in the sink".to_owned(),
            Activity::Room(Some((edge, channel))) => {
                format!("waits for credit on `{}`, channel {channel}", self.edges[edge])
            }
        };
        Some(format!("{} {what}", self.name))
    }
}

/// What all tasks of one attempt to run a job share: how it ends.
pub(crate) struct JobState {
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

impl JobState {
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
    state: Arc<JobState>,
    status: Arc<Status>,
}

impl Alive {
    pub(crate) fn new(state: &Arc<JobState>, status: &Arc<Status>) -> Self {
        state.lock().alive += 1;
        Self { state: Arc::clone(state), status: Arc::clone(status) }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        // A task that ended with an error has told it; one that was cancelled need not.
        if self.status.get() != Activity::Ended && !self.state.is_cancelled() {
            self.state.fail(EngineError::Lost(self.status.name.clone()));
        }
        let mut end = self.state.lock();
        end.alive -= 1;
        end.waker.take().into_iter().for_each(Waker::wake);
    }
}

/// Runs a task to its end, or drops it when the attempt is over.
pub(crate) async fn until_cancelled(state: Arc<JobState>, mut task: Task) {
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

/// Ends the job when for `timeout_nanos` no subtask has made a step, none works and no source waits
/// for an event: whoever waits is named.
pub(crate) async fn watch(
    statuses: Vec<Arc<Status>>,
    state: Arc<JobState>,
    runtime: Arc<dyn Runtime>,
    timeout_nanos: u64,
) {
    let look_every = (timeout_nanos / 10).max(1);
    let steps = || statuses.iter().map(|it| it.moved.load(Ordering::Relaxed)).sum::<u64>();
    let mut last = (steps(), runtime.now());
    loop {
        sleep_until(&*runtime, runtime.now().after(look_every)).await;
        let (now, steps) = (runtime.now(), steps());
        if state.is_cancelled() || statuses.iter().all(|it| it.get() == Activity::Ended) {
            return;
        }
        let goes_on = |activity| matches!(activity, Activity::NextEvent | Activity::Charged);
        if steps != last.0 || statuses.iter().any(|status| goes_on(status.get())) {
            last = (steps, now);
        } else if now.since(last.1) >= timeout_nanos {
            let waiting = statuses.iter().filter_map(|status| status.describe()).collect();
            let millis = timeout_nanos / 1_000_000;
            state.fail(EngineError::Stalled { millis, waiting });
            return;
        }
    }
}
