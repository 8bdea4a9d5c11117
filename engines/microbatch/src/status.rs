//! What every task is doing, for the watchdog that ends a run in which nothing moves.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What a task does or waits for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    /// For a slot.
    Slot,
    Working,
    /// For the time that its work takes under virtual time.
    Charged,
    /// For room in the sink.
    Sink,
    /// For its state to be durable.
    Storage,
    Ended,
}

/// A task as the watchdog sees it.
pub(crate) struct Status {
    /// `stage/partition`.
    name: String,
    /// Counts every step.
    moved: AtomicU64,
    activity: Mutex<Activity>,
}

impl Status {
    pub(crate) fn new(name: String) -> Arc<Self> {
        Arc::new(Self { name, moved: AtomicU64::new(0), activity: Mutex::new(Activity::Slot) })
    }

    /// `stage/partition`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// One more step is done.
    pub(crate) fn step(&self) {
        self.moved.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn steps(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, activity: Activity) {
        *self.activity.lock().expect("no holder fails") = activity;
    }

    pub(crate) fn get(&self) -> Activity {
        *self.activity.lock().expect("no holder fails")
    }

    /// What the task waits for, unless it has ended.
    pub(crate) fn describe(&self) -> Option<String> {
        let what = match self.get() {
            Activity::Ended => return None,
            Activity::Slot => "waits for a slot",
            Activity::Working | Activity::Charged => "is in the middle of a step",
            Activity::Sink => "waits for room in the sink",
            Activity::Storage => "waits for its state to be durable",
        };
        Some(format!("{} {what}", self.name))
    }
}
