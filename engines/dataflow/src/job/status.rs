//! What every subtask or task of a job is doing, and the watchdog that ends a run in which nothing
//! moves.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use crate::job::error::EngineError;
use crate::job::runtime::{Runtime, sleep_until};
use crate::job::settings::Setting;
use crate::record::time::ProcessingTime;

/// The setting of an engine for the time after which a run in which nothing moves is a stall.
pub const STALL_TIMEOUT: Setting = Setting::integer(
    "stall_timeout_ms",
    (100, 3_600_000),
    10_000,
    "the run ends with an error when nothing moves for this long, in ms",
);

/// What a subtask or task does, or waits for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It works, or waits for its turn on a thread.
    Working,
    /// It waits for the time that its work takes under virtual time.
    Charged,
    /// A task: it waits for a slot.
    Slot,
    /// It waits for a buffer.
    Input,
    /// It waits for room on this channel of this outgoing edge.
    Channel {
        /// The edge's place among those of its stage.
        edge: usize,
        /// The channel's number.
        channel: usize,
    },
    /// It waits for room in the sink.
    Sink,
    /// A source: it waits for its next event.
    NextEvent,
    /// It waits for its state to be durable.
    Storage,
    /// It has come to its end.
    Ended,
}

impl Activity {
    /// Whether the clock alone ends the wait: however long it takes, it is no stall.
    const fn goes_on(self) -> bool {
        matches!(self, Self::NextEvent | Self::Charged)
    }
}

/// A subtask or task as the watchdog sees it.
#[derive(Debug)]
pub struct Status {
    name: String,
    /// Names of its outgoing edges.
    edges: Vec<String>,
    /// Counts every step.
    steps: AtomicU64,
    activity: Mutex<Activity>,
}

impl Status {
    /// Of `stage/subtask`, with the names of its outgoing edges, as far as it can wait for them.
    pub fn new(name: String, edges: Vec<String>, activity: Activity) -> Arc<Self> {
        let activity = Mutex::new(activity);
        Arc::new(Self { name, edges, steps: AtomicU64::new(0), activity })
    }

    /// `stage/subtask`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One more step is done. A look that finds nothing does not count, or idle subtasks would
    /// hide a stall.
    #[inline]
    pub fn step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Called when the task is about to wait, and when it goes on.
    pub fn set(&self, activity: Activity) {
        *self.activity.lock().expect("no holder fails") = activity;
    }

    /// What it does.
    pub fn get(&self) -> Activity {
        *self.activity.lock().expect("no holder fails")
    }

    /// What it waits for, unless it has ended.
    fn describe(&self) -> Option<String> {
        let what = match self.get() {
            Activity::Ended => return None,
            Activity::Working | Activity::Charged => "is in the middle of a step".to_owned(),
            Activity::Slot => "waits for a slot".to_owned(),
            Activity::Input => "waits for input".to_owned(),
            Activity::NextEvent => "waits for its next event".to_owned(),
            Activity::Sink => "waits for room in the sink".to_owned(),
            Activity::Storage => "waits for its state to be durable".to_owned(),
            Activity::Channel { edge, channel } => {
                format!("waits for credit on `{}`, channel {channel}", self.edges[edge])
            }
        };
        Some(format!("{} {what}", self.name))
    }
}

/// Ends a run when for a while no task has made a step, and none waits for something that the clock
/// alone brings. A plain struct: whoever owns it brings the clock.
#[derive(Debug)]
pub struct Watchdog {
    statuses: Vec<Arc<Status>>,
    timeout_nanos: u64,
    /// Steps of all tasks together.
    steps: u64,
    /// When their number last changed.
    since: ProcessingTime,
}

/// Looks within a timeout: how late a stall is noticed at most, as a share of the timeout.
const LOOKS_PER_TIMEOUT: u64 = 10;

impl Watchdog {
    /// Over these tasks, from `now` on.
    pub fn new(statuses: Vec<Arc<Status>>, timeout_nanos: u64, now: ProcessingTime) -> Self {
        let steps = steps_of(&statuses);
        Self { statuses, timeout_nanos, steps, since: now }
    }

    /// When to look next.
    pub fn next_look(&self, now: ProcessingTime) -> ProcessingTime {
        now.after((self.timeout_nanos / LOOKS_PER_TIMEOUT).max(1))
    }

    /// Whether every task has come to its end.
    pub fn all_ended(&self) -> bool {
        self.statuses.iter().all(|status| status.get() == Activity::Ended)
    }

    /// Looks at all tasks.
    ///
    /// # Errors
    /// [`EngineError::Stalled`], which names whoever waits, when nothing has moved for too long.
    pub fn look(&mut self, now: ProcessingTime) -> Result<(), EngineError> {
        let steps = steps_of(&self.statuses);
        if steps != self.steps || self.statuses.iter().any(|it| it.get().goes_on()) {
            (self.steps, self.since) = (steps, now);
        } else if now.since(self.since) >= self.timeout_nanos {
            return Err(stalled(&self.statuses, self.timeout_nanos));
        }
        Ok(())
    }
}

fn steps_of(statuses: &[Arc<Status>]) -> u64 {
    statuses.iter().map(|it| it.steps.load(Ordering::Relaxed)).sum()
}

fn stalled(statuses: &[Arc<Status>], timeout_nanos: u64) -> EngineError {
    let waiting = statuses.iter().filter_map(|status| status.describe()).collect();
    EngineError::Stalled { millis: timeout_nanos / 1_000_000, waiting }
}

/// Waits for a task's sink for `timeout_nanos` at most, for an engine or a moment without a
/// watchdog.
///
/// # Errors
/// What `poll` returns, and [`EngineError::Stalled`] when it takes too long.
pub async fn wait_for_sink<E: Into<EngineError>>(
    status: &Arc<Status>,
    runtime: &dyn Runtime,
    timeout_nanos: u64,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<Result<(), E>>,
) -> Result<(), EngineError> {
    let mut timeout = pin!(sleep_until(runtime, runtime.now().after(timeout_nanos)));
    let ready = poll_fn(|context| match poll(context) {
        Poll::Ready(ready) => Poll::Ready(Some(ready)),
        Poll::Pending => timeout.as_mut().poll(context).map(|()| None),
    });
    match ready.await {
        Some(ready) => ready.map_err(Into::into),
        None => {
            status.set(Activity::Sink);
            Err(stalled(std::slice::from_ref(status), timeout_nanos))
        }
    }
}
