//! The wall clock: tokio's threads and real time.

pub(crate) mod live_tasks;
pub(crate) mod monotonic;
pub(crate) mod timer_thread;

use std::fmt;
use std::io;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, Weak};

use dataflow::job::runtime::{CostKinds, Deadlock, Home, Role, Runtime, Task, Timer, Work};
use dataflow::job::storage::Storage;
use dataflow::record::time::ProcessingTime;

use crate::costs::account::{Account, Booked};
use crate::costs::table::CostTable;
use crate::faults::Faults;
use crate::faults::host::Host;
use crate::faults::killable::Killable;
use crate::lock::lock;
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

/// What work costs on the [`WallClock`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Prices {
    /// A modelled implementation.
    pub product: CostTable,
    /// Our own work: it takes this by itself.
    pub bare: CostTable,
}

impl Prices {
    /// Whether the implementation takes more for anything.
    fn are_any(&self) -> bool {
        self.product != self.product.lower(&self.bare)
    }
}

/// The granularity of bookings is so many times the lateness of the median timer.
const LATENESS_TIMES: u64 = 4;
/// Timers of which the median is taken.
const TIMERS: u64 = 41;
/// The shortest of them, and by how much each is longer than the one before, in nanoseconds.
const SHORTEST_TIMER: u64 = 50_000;
const TIMER_STEP: u64 = 5_000;

/// By how many nanoseconds the median timer is late, as who waits for it sees it.
fn timer_lateness(tokio: &tokio::runtime::Runtime, clock: Monotonic, timers: &TimerThread) -> u64 {
    let late = |number: u64| {
        let mut timer = timers.timer();
        let at = clock.now().after(SHORTEST_TIMER + number * TIMER_STEP);
        timer.arm(at);
        tokio.block_on(std::future::poll_fn(|context| timer.poll_due(context)));
        clock.now().since(at)
    };
    let mut late: Vec<u64> = (0..TIMERS).map(late).collect();
    late.sort_unstable();
    late[late.len() / 2]
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
    /// Absent when nothing has a price.
    account: Option<Mutex<Account>>,
    priced: CostKinds,
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
        Self::going_on(options, storage, ProcessingTime::ZERO, None)
    }

    /// The same, with the time that it is now: the clock of an earlier process goes on. With `prices`,
    /// work takes what a modelled implementation takes: what is beyond our own work is waited for, and
    /// not burnt, on as many modelled cores as there are worker threads.
    ///
    /// # Errors
    /// As [`WallClock::new`].
    pub fn going_on(
        options: WallOptions,
        storage: Arc<dyn Storage>,
        now: ProcessingTime,
        prices: Option<Prices>,
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
        let account = prices.filter(Prices::are_any).map(|Prices { product, bare }| {
            let granularity = LATENESS_TIMES * timer_lateness(&tokio, clock, &timers);
            let cores = u32::try_from(options.worker_threads).unwrap_or(u32::MAX);
            Account::real_time((product, bare), cores, granularity)
        });
        let priced = account.as_ref().map_or(CostKinds::NONE, Account::kinds);
        let mut account = account.map(Mutex::new);
        Ok(Arc::new_cyclic(|host: &Weak<Self>| {
            let faults = Faults::new(host.clone(), stream_seed(options.seed, "faults"));
            Self {
                options,
                clock,
                timers,
                live: Arc::default(),
                storage: WatchedStorage::new(storage, Arc::clone(&faults)),
                faults,
                account: account.take(),
                priced,
                handle: tokio.handle().clone(),
                tokio: Some(tokio),
            }
        }))
    }

    /// What it was made with.
    pub fn options(&self) -> &WallOptions {
        &self.options
    }

    /// What was booked so far, of the kinds of work that have a price.
    pub fn booked(&self) -> Vec<Booked> {
        self.account.as_ref().map_or_else(Vec::new, |account| lock(account).booked())
    }

    /// Nothing nearer than this is waited for, in nanoseconds: four times the lateness of the median
    /// timer when the clock was made. 0 without prices.
    pub fn granularity_nanos(&self) -> u64 {
        self.account.as_ref().map_or(0, |account| lock(account).granularity())
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

    fn priced(&self) -> CostKinds {
        self.priced
    }

    fn reserve(&self, home: Home, work: Work) -> Option<ProcessingTime> {
        lock(self.account.as_ref()?).book(home, self.clock.now(), &work)
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
