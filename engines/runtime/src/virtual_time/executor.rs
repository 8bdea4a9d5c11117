//! The one-thread executor under virtual time.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use crate::faults::killable::Killable;
use crate::lock::lock;

/// What is ready to run, first come, first served.
#[derive(Default)]
pub(crate) struct ReadyQueue {
    queue: Mutex<VecDeque<Ready>>,
    executing: AtomicBool,
}

enum Ready {
    New(Killable),
    Woken(usize),
}

impl ReadyQueue {
    /// Runs the task for the first time when its turn comes.
    pub(crate) fn start(&self, task: Killable) {
        self.push(Ready::New(task));
    }

    fn push(&self, ready: Ready) {
        lock(&self.queue).push_back(ready);
    }

    fn pop(&self) -> Option<Ready> {
        lock(&self.queue).pop_front()
    }
}

/// A task's address. At most one entry of the ready queue carries it.
struct Address {
    index: usize,
    /// Stands in the ready queue, or is done and must not get there any more.
    queued: AtomicBool,
    ready: Arc<ReadyQueue>,
}

impl Wake for Address {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.ready.push(Ready::Woken(self.index));
        }
    }
}

struct Live {
    task: Killable,
    address: Arc<Address>,
    waker: Waker,
}

/// The tasks of one `block_on`, owned by the thread that polls them: no lock is held meanwhile.
/// Dropping it drops every task, also those that have not had a turn.
pub(crate) struct Executor {
    ready: Arc<ReadyQueue>,
    tasks: Vec<Option<Live>>,
    free: Vec<usize>,
}

/// Why [`Executor::run_ready`] returned.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// The main task has ended.
    MainDone,
    /// Every task waits.
    AllWaiting,
}

const MAIN: usize = 0;

impl Executor {
    /// With the main task, whose turn comes after those of tasks started before. Panics if another
    /// executor is at work on the same queue.
    pub(crate) fn new(ready: Arc<ReadyQueue>, main: Killable) -> Self {
        let already = ready.executing.swap(true, Ordering::AcqRel);
        assert!(!already, "block_on is already running on this runtime");
        let mut executor = Self { ready, tasks: Vec::new(), free: Vec::new() };
        let main = executor.adopt(main);
        executor.ready.push(Ready::Woken(main));
        executor
    }

    /// Polls whatever is ready until the main task ends or nothing is ready any more.
    pub(crate) fn run_ready(&mut self) -> Pause {
        while let Some(next) = self.ready.pop() {
            let index = match next {
                Ready::New(task) => self.adopt(task),
                Ready::Woken(index) => index,
            };
            if self.poll(index) && index == MAIN {
                return Pause::MainDone;
            }
        }
        Pause::AllWaiting
    }

    /// How many tasks have not ended, the main task among them, once nothing is ready any more.
    pub(crate) fn waiting_tasks(&self) -> usize {
        self.tasks.len() - self.free.len()
    }

    /// Takes in a task that counts as queued.
    fn adopt(&mut self, task: Killable) -> usize {
        let index = self.free.pop().unwrap_or_else(|| {
            self.tasks.push(None);
            self.tasks.len() - 1
        });
        let queued = AtomicBool::new(true);
        let address = Arc::new(Address { index, queued, ready: Arc::clone(&self.ready) });
        let waker = Waker::from(Arc::clone(&address));
        self.tasks[index] = Some(Live { task, address, waker });
        index
    }

    /// Tells whether the task has ended.
    fn poll(&mut self, index: usize) -> bool {
        let Some(live) = &mut self.tasks[index] else {
            // It had been woken when it ended; only now can no turn of it be another task's.
            self.free.push(index);
            return false;
        };
        live.address.queued.store(false, Ordering::Release);
        if Pin::new(&mut live.task).poll(&mut Context::from_waker(&live.waker)).is_pending() {
            return false;
        }
        if !live.address.queued.swap(true, Ordering::AcqRel) {
            self.free.push(index);
        }
        drop(self.tasks[index].take());
        true
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        for live in self.tasks.iter().flatten() {
            live.address.queued.store(true, Ordering::Release);
        }
        self.tasks.clear();
        // What a dropped task starts is dropped as well.
        while let Some(ready) = self.ready.pop() {
            drop(ready);
        }
        self.ready.executing.store(false, Ordering::Release);
    }
}
