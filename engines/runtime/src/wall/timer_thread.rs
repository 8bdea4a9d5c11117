//! The wall clock's timers.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::Waker;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use dataflow::job::runtime::Timer;
use dataflow::record::time::ProcessingTime;

use crate::lock::lock;
use crate::timers::queued_timer::{QueuedTimer, TimerHost};
use crate::timers::timer_queue::TimerQueue;
use crate::wall::monotonic::Monotonic;

/// A thread that sleeps until the earliest timer and wakes who waits for it.
///
/// Tokio's own timers tick once a millisecond and are polled late by busy workers; this thread is
/// late by what the operating system takes to wake it, about a tenth of a millisecond. Dropping it
/// ends the thread; timers that are left fire no more.
pub(crate) struct TimerThread {
    shared: Arc<SharedQueue>,
    thread: Option<JoinHandle<()>>,
}

impl TimerThread {
    /// Starts the thread; an error if the system refuses to.
    pub(crate) fn start(clock: Monotonic) -> io::Result<Self> {
        let state = Mutex::default();
        let shared = Arc::new(SharedQueue { clock, state, changed: Condvar::new() });
        let thread = {
            let shared = Arc::clone(&shared);
            let builder = thread::Builder::new().name("streamgauge-timer".to_owned());
            builder.spawn(move || shared.run())?
        };
        Ok(Self { shared, thread: Some(thread) })
    }

    /// A new, disarmed timer.
    pub(crate) fn timer(&self) -> Box<dyn Timer> {
        Box::new(QueuedTimer::new(Arc::clone(&self.shared)))
    }
}

impl Drop for TimerThread {
    fn drop(&mut self) {
        lock(&self.shared.state).stopped = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take()
            // Waking a task may drop the last handle to the runtime, on this very thread.
            && thread.thread().id() != thread::current().id()
        {
            let _ended = thread.join();
        }
    }
}

struct SharedQueue {
    clock: Monotonic,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: TimerQueue,
    stopped: bool,
}

impl SharedQueue {
    fn run(&self) {
        let mut due: Vec<Waker> = Vec::new();
        let mut state = lock(&self.state);
        while !state.stopped {
            let now = self.clock.now();
            while let Some((_, waker)) = state.queue.pop(now) {
                due.push(waker);
            }
            if !due.is_empty() {
                drop(state);
                due.drain(..).for_each(Waker::wake);
                state = lock(&self.state);
                continue;
            }
            state = match state.queue.earliest() {
                Some(at) => {
                    let pause = Duration::from_nanos(at.since(now));
                    let woken = self.changed.wait_timeout(state, pause);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl TimerHost for SharedQueue {
    fn now(&self) -> ProcessingTime {
        self.clock.now()
    }

    fn with_queue<R>(&self, act: impl FnOnce(&mut TimerQueue) -> R) -> R {
        act(&mut lock(&self.state).queue)
    }

    fn earliest_changed(&self) {
        self.changed.notify_one();
    }
}
