//! What every subtask is doing, and the watchdog that ends a run in which nothing moves.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use dataflow::runtime::{Runtime, sleep_until};
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

/// What all tasks of a job share: how it ends.
pub(crate) struct JobState {
    cancelled: AtomicBool,
    end: Mutex<End>,
}

struct End {
    running: usize,
    completion: Completion,
    error: Option<EngineError>,
    waker: Option<Waker>,
}

impl JobState {
    pub(crate) fn new(subtasks: usize) -> Arc<Self> {
        let completion = Completion::default();
        let end = End { running: subtasks, completion, error: None, waker: None };
        Arc::new(Self { cancelled: AtomicBool::new(false), end: Mutex::new(end) })
    }

    /// Whether an error has ended the job: sources stop reading.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// A subtask has come to its end; `add` brings in what it has counted.
    pub(crate) fn ended(&self, add: impl FnOnce(&mut Completion)) {
        let mut end = self.end.lock().expect("no holder fails");
        add(&mut end.completion);
        end.running -= 1;
        end.waker.take().into_iter().for_each(Waker::wake);
    }

    /// The job is over; the first error is the one that counts.
    pub(crate) fn fail(&self, error: EngineError) {
        self.cancelled.store(true, Ordering::Relaxed);
        let mut end = self.end.lock().expect("no holder fails");
        end.error.get_or_insert(error);
        end.waker.take().into_iter().for_each(Waker::wake);
    }

    pub(crate) fn poll_end(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Completion, EngineError>> {
        let mut end = self.end.lock().expect("no holder fails");
        if let Some(error) = end.error.take() {
            return Poll::Ready(Err(error));
        }
        if end.running == 0 {
            return Poll::Ready(Ok(std::mem::take(&mut end.completion)));
        }
        end.waker = Some(context.waker().clone());
        Poll::Pending
    }
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
        if statuses.iter().all(|status| status.get() == Activity::Ended) {
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
