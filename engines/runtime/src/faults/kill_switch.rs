//! Kill switches: how a task learns that a fault has struck it.

use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use crate::lock::lock;

/// The switch of one task, shared by the task and whoever strikes it.
///
/// Its state is one number, which a task reads by one relaxed load. Whoever sets it wakes the task
/// afterwards, so the task sees it in its next turn at the latest.
#[derive(Default)]
pub(crate) struct KillSwitch {
    state: AtomicU64,
    /// Left by the task in its first turn: a task keeps its waker for life.
    waker: Mutex<Option<Waker>>,
}

/// The state of a task that is to die. Any other state is the delay of a slow task, in nanoseconds.
const CONDEMNED: u64 = u64::MAX;

impl KillSwitch {
    pub(crate) fn is_condemned(&self) -> bool {
        self.state.load(Ordering::Relaxed) == CONDEMNED
    }

    /// The nanoseconds by which the task is slow; `None` when it is to die.
    pub(crate) fn slowness(&self) -> Option<u64> {
        Some(self.state.load(Ordering::Relaxed)).filter(|&state| state != CONDEMNED)
    }

    /// From now on the task gets no turn. [`KillSwitch::wake`] has to follow.
    pub(crate) fn condemn(&self) {
        self.state.store(CONDEMNED, Ordering::Relaxed);
    }

    /// The task is slow from its next turn on, unless it is to die.
    pub(crate) fn slow(&self, nanos: u64) {
        let slowed = |state| (state != CONDEMNED).then_some(nanos.min(CONDEMNED - 1));
        let _condemned = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, slowed);
    }

    /// Called in the task's first turn, before it looks at the state.
    pub(crate) fn register(&self, waker: &Waker) {
        let replaced = lock(&self.waker).replace(waker.clone());
        drop(replaced);
    }

    /// Gives the task a turn, in which it dies.
    pub(crate) fn wake(&self) {
        let waker = lock(&self.waker).clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A task's number, unique in the process. Later tasks have higher numbers.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TaskId(u64);

impl TaskId {
    /// The next one.
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// The task whose turn it is on this thread; `None` outside of tasks and in tasks that no fault
    /// strikes.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.get()
    }
}

thread_local! {
    static CURRENT: Cell<Option<TaskId>> = const { Cell::new(None) };
}

/// As long as this value lives, it is the task's turn on this thread.
pub(crate) struct Turn {
    interrupted: Option<TaskId>,
}

impl Turn {
    pub(crate) fn begin(task: Option<TaskId>) -> Self {
        Self { interrupted: CURRENT.replace(task) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        CURRENT.set(self.interrupted);
    }
}
