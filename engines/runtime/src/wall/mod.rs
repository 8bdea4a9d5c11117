//! The wall clock: tokio's threads and real time.

pub(crate) mod live_tasks;
pub(crate) mod monotonic;
pub(crate) mod timer_thread;

use std::fmt;
use std::io;
use std::panic::resume_unwind;
use std::sync::{Arc, Weak};

use dataflow::job::runtime::{Deadlock, Home, Role, Runtime, Task, Timer, Work};
use dataflow::job::storage::Storage;
use dataflow::record::time::ProcessingTime;

use crate::faults::Faults;
use crate::faults::host::Host;
use crate::faults::killable::Killable;
use crate::random::stream_seed;
use crate::storage::memory::MemoryStorage;
use crate::storage::watched_storage::WatchedStorage;
use crate::wall::live_tasks::LiveTasks;
use crate::wall::monotonic::Monotonic;
use crate::wall::timer_thread::TimerThread;

/// The threads of a run on the [`WallClock`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct WallOptions {
    /// The seed of all random streams of the run.
    pub seed: u64,
    /// Threads that run tasks, shared by all of them. At least 1. The timer thread comes on top
    /// and sleeps most of the time.
    pub worker_threads: usize,
}

/// The runtime in real time.
///
/// Tasks run on the worker threads of a tokio runtime of their own. Timers never fire early, and
/// about a tenth of a millisecond late on an idle machine. Dropping the last handle ends all
/// threads, and is allowed anywhere, also inside a task.
///
/// ```
/// use dataflow::job::runtime::{Runtime, sleep_until};
/// use dataflow::record::time::ProcessingTime;
/// use runtime::{WallClock, WallOptions};
/// use std::sync::Arc;
///
/// let clock = WallClock::new(WallOptions { seed: 42, worker_threads: 2 })?;
/// let shared: Arc<dyn Runtime> = clock.clone();
/// let deadline = clock.now().after(200_000);
/// let main = Box::pin(async move { sleep_until(&*shared, deadline).await });
/// clock.block_on(main).expect("the wall clock knows no deadlock");
/// assert!(clock.now() >= deadline);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct WallClock {
    options: WallOptions,
    clock: Monotonic,
    timers: TimerThread,
    live: Arc<LiveTasks>,
    storage: Arc<dyn Storage>,
    faults: Arc<Faults>,
    handle: tokio::runtime::Handle,
    /// Present until the drop.
    tokio: Option<tokio::runtime::Runtime>,
}

impl WallClock {
    /// Starts the threads; time zero is now.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] with zero worker threads, and what the system reports when
    /// it refuses to start a thread.
    pub fn new(options: WallOptions) -> io::Result<Arc<Self>> {
        Self::with_storage(options, MemoryStorage::new())
    }

    /// The same with another storage than memory.
    ///
    /// # Errors
    /// As [`WallClock::new`].
    pub fn with_storage(options: WallOptions, storage: Arc<dyn Storage>) -> io::Result<Arc<Self>> {
        Self::going_on(options, storage, ProcessingTime::ZERO)
    }

    /// The same, with the time that it is now: the clock of an earlier process goes on.
    ///
    /// # Errors
    /// As [`WallClock::new`].
    pub fn going_on(
        options: WallOptions,
        storage: Arc<dyn Storage>,
        now: ProcessingTime,
    ) -> io::Result<Arc<Self>> {
        if options.worker_threads == 0 {
            let reason = "the wall clock needs at least one worker thread";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(options.worker_threads)
            .thread_name("streamgauge-worker")
            .build()?;
        let clock = Monotonic::start_at(now);
        let timers = TimerThread::start(clock)?;
        Ok(Arc::new_cyclic(|host: &Weak<Self>| {
            let faults = Faults::new(host.clone(), stream_seed(options.seed, "faults"));
            Self {
                options,
                clock,
                timers,
                live: Arc::default(),
                storage: WatchedStorage::new(storage, Arc::clone(&faults)),
                faults,
                handle: tokio.handle().clone(),
                tokio: Some(tokio),
            }
        }))
    }

    /// What it was made with.
    pub fn options(&self) -> &WallOptions {
        &self.options
    }

    /// What goes wrong in its runs.
    pub fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }
}

impl Runtime for WallClock {
    fn clock(&self) -> &'static str {
        "wall"
    }

    fn now(&self) -> ProcessingTime {
        self.clock.now()
    }

    fn timer(&self) -> Box<dyn Timer> {
        self.timers.timer()
    }

    /// Starts a task on any worker thread. What a killed task spawns is dropped.
    fn spawn_as(&self, home: Home, role: Role, task: Task) {
        if let Some(task) = Killable::admit(&self.faults, home, role, task) {
            self.live.start(&self.handle, task);
        }
    }

    fn deliver(&self, message: &'static str, action: Box<dyn FnOnce() + Send>) {
        self.faults.deliver(message, action);
    }

    /// Runs a task to its end on a worker thread while the calling thread waits, then drops what
    /// else is unfinished and waits until it is gone. Call it from outside the tasks: inside one it
    /// would hold up the worker that it waits for.
    ///
    /// # Errors
    /// None: from outside, the wall clock cannot tell waiting in vain from waiting.
    ///
    /// # Panics
    /// If any task panics, with the same payload, or if called while another call runs.
    fn block_on(&self, task: Task) -> Result<(), Deadlock> {
        self.live.run(&self.handle, Killable::immune(task)).map_err(|panic| resume_unwind(panic))
    }

    fn reserve(&self, _home: Home, _work: Work) -> Option<ProcessingTime> {
        None
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.storage)
    }

    fn random(&self, stream: &str) -> u64 {
        stream_seed(self.options.seed, stream)
    }

    fn tracing(&self) -> bool {
        false
    }

    fn trace(&self, _line: fmt::Arguments<'_>) {}
}

impl Host for WallClock {
    fn now(&self) -> ProcessingTime {
        self.clock.now()
    }

    fn timer(&self) -> Box<dyn Timer> {
        self.timers.timer()
    }

    fn delays_turns(&self) -> bool {
        true
    }

    fn start(&self, task: Task) {
        self.live.start(&self.handle, Killable::immune(task));
    }

    fn spawn_as(&self, home: Home, role: Role, task: Task) {
        Runtime::spawn_as(self, home, role, task);
    }

    fn trace(&self, _line: fmt::Arguments<'_>) {}
}

impl Drop for WallClock {
    fn drop(&mut self) {
        if let Some(tokio) = self.tokio.take() {
            // Unlike a plain drop it does not wait, which would panic inside a task.
            tokio.shutdown_background();
        }
    }
}

impl fmt::Debug for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WallClock")
            .field("now", &self.clock.now())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
