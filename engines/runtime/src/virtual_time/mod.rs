//! Virtual time: a clock that jumps, so that a simulated hour takes as long as its events.

pub(crate) mod executor;

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use dataflow::job::runtime::{
    CostKind, CostKinds, Deadlock, Home, Role, Runtime, Task, Timer, Work,
};
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
use crate::timers::queued_timer::{QueuedTimer, TimerHost};
use crate::timers::timer_queue::TimerQueue;
use crate::virtual_time::executor::{Executor, Pause, ReadyQueue};

/// The modelled machines of a run under [`VirtualTime`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct VirtualOptions {
    /// The seed of all random streams of the run.
    pub seed: u64,
    /// Nodes; a task's home is taken modulo this. At least 1.
    pub nodes: u32,
    /// Cores of each node. At least 1.
    pub cores_per_node: u32,
    /// What work costs.
    pub costs: CostTable,
    /// Whether the trace is kept. It grows in memory until [`VirtualTime::take_trace`].
    pub tracing: bool,
}

impl Default for VirtualOptions {
    /// Seed 0, one node of one core, on which everything is free, no trace.
    fn default() -> Self {
        let costs = CostTable::FREE;
        Self { seed: 0, nodes: 1, cores_per_node: 1, costs, tracing: false }
    }
}

/// The runtime under virtual time, all on the thread that calls
/// [`block_on`](Runtime::block_on).
///
/// Tasks run in the order in which they were started or woken. Only when all of them wait does the
/// clock move, straight to the earliest timer; timers of one instant fire in the order in which
/// tasks began to wait for them, and what one sets off is over before the next fires. A disarmed,
/// re-armed or dropped timer, and one that nobody waits for, moves nothing; a timer armed for
/// [`ProcessingTime::MAX`] never fires. While any task keeps yielding the clock stands still, so a
/// loop must not wait for time by yielding.
///
/// Computing takes no time by itself: a task tells its [`Work`] to [`reserve`](Runtime::reserve)
/// and sleeps until the instant it gets.
///
/// So nothing depends on the machine, unless a task looks past the runtime: it must not wait for
/// other threads or read other clocks.
///
/// ```
/// use dataflow::job::runtime::{CostKind, Home, Runtime, Work, sleep_until};
/// use dataflow::record::time::ProcessingTime;
/// use runtime::{CostTable, Place, VirtualOptions, VirtualTime};
/// use std::sync::Arc;
///
/// let costs = CostTable::FREE.with(CostKind::Record, 50.0, Place::Core);
/// let time = VirtualTime::new(VirtualOptions { costs, ..VirtualOptions::default() });
/// let shared: Arc<dyn Runtime> = time.clone();
/// time.block_on(Box::pin(async move {
///     sleep_until(&*shared, ProcessingTime::from_millis(3_600_000)).await;
///     let work = Work { records: 1_000, ..Work::default() };
///     let done = shared.reserve(Home(0), work).expect("virtual time books work");
///     sleep_until(&*shared, done).await;
/// }))?;
/// assert_eq!(time.now(), ProcessingTime(3_600_000_050_000));
/// # Ok::<(), dataflow::job::runtime::Deadlock>(())
/// ```
pub struct VirtualTime {
    options: VirtualOptions,
    clock: Arc<VirtualClock>,
    ready: Arc<ReadyQueue>,
    account: Mutex<Account>,
    storage: Arc<dyn Storage>,
    faults: Arc<Faults>,
    trace: Mutex<String>,
}

impl VirtualTime {
    /// At time zero, with all cores free.
    ///
    /// # Panics
    /// With zero nodes or zero cores per node.
    pub fn new(options: VirtualOptions) -> Arc<Self> {
        Self::with_storage(options, MemoryStorage::new())
    }

    /// The same with another storage than memory.
    ///
    /// # Panics
    /// As [`VirtualTime::new`].
    pub fn with_storage(options: VirtualOptions, storage: Arc<dyn Storage>) -> Arc<Self> {
        let VirtualOptions { costs, nodes, cores_per_node, .. } = options;
        let account = Mutex::new(Account::virtual_time(costs, nodes, cores_per_node));
        Arc::new_cyclic(|host: &Weak<Self>| {
            let faults = Faults::new(host.clone(), stream_seed(options.seed, "faults"));
            Self {
                options,
                clock: Arc::default(),
                ready: Arc::default(),
                account,
                storage: WatchedStorage::new(storage, Arc::clone(&faults)),
                faults,
                trace: Mutex::default(),
            }
        })
    }

    /// What it was made with.
    pub fn options(&self) -> &VirtualOptions {
        &self.options
    }

    /// What goes wrong in its runs.
    pub fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }

    /// What was booked so far, of the kinds of work that have a price.
    pub fn booked(&self) -> Vec<Booked> {
        lock(&self.account).booked()
    }

    /// Takes the trace so far, one line `<nanoseconds> <text>` per call of
    /// [`trace`](Runtime::trace), each ended by a line feed. Empty if nothing is traced.
    pub fn take_trace(&self) -> String {
        std::mem::take(&mut lock(&self.trace))
    }
}

impl Runtime for VirtualTime {
    fn clock(&self) -> &'static str {
        "virtual"
    }

    fn now(&self) -> ProcessingTime {
        self.clock.now()
    }

    fn timer(&self) -> Box<dyn Timer> {
        Box::new(QueuedTimer::new(Arc::clone(&self.clock)))
    }

    /// Starts a task: its first turn comes after the turns of whatever is ready now. `home` has no
    /// say in that; it matters to [`reserve`](Runtime::reserve) and to faults alone. What a killed
    /// task spawns is dropped.
    fn spawn_as(&self, home: Home, role: Role, task: Task) {
        if let Some(task) = Killable::admit(&self.faults, home, role, task) {
            self.ready.start(task);
        }
    }

    fn deliver(&self, message: &'static str, action: Box<dyn FnOnce() + Send>) {
        self.faults.deliver(message, action);
    }

    /// Runs a task to its end on the calling thread, and whatever was spawned before it or beside
    /// it. What is left unfinished when it returns is dropped; the clock keeps its time.
    ///
    /// # Errors
    /// [`Deadlock`] when every task waits and no task waits for a timer. It counts all unfinished
    /// tasks, the given one among them.
    ///
    /// # Panics
    /// If a task panics, or if called while another call runs.
    fn block_on(&self, task: Task) -> Result<(), Deadlock> {
        let mut executor = Executor::new(Arc::clone(&self.ready), Killable::immune(task));
        while executor.run_ready() == Pause::AllWaiting {
            if !self.clock.jump() {
                return Err(Deadlock { waiting_tasks: executor.waiting_tasks() });
            }
        }
        Ok(())
    }

    /// Those with a price, and records: whatever they cost, tasks take turns.
    fn priced(&self) -> CostKinds {
        self.options.costs.kinds().with(CostKind::Record)
    }

    fn reserve(&self, home: Home, work: Work) -> Option<ProcessingTime> {
        let done = lock(&self.account).book(home, self.clock.now(), &work)?;
        Some(done.after(self.faults.slowness()))
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.storage)
    }

    fn random(&self, stream: &str) -> u64 {
        stream_seed(self.options.seed, stream)
    }

    fn tracing(&self) -> bool {
        self.options.tracing
    }

    fn trace(&self, line: fmt::Arguments<'_>) {
        if self.options.tracing {
            let now = self.clock.now();
            writeln!(lock(&self.trace), "{} {line}", now.0).expect("a string takes all text");
        }
    }
}

impl Host for VirtualTime {
    fn now(&self) -> ProcessingTime {
        self.clock.now()
    }

    fn timer(&self) -> Box<dyn Timer> {
        Runtime::timer(self)
    }

    fn delays_turns(&self) -> bool {
        false
    }

    fn start(&self, task: Task) {
        self.ready.start(Killable::immune(task));
    }

    fn spawn_as(&self, home: Home, role: Role, task: Task) {
        Runtime::spawn_as(self, home, role, task);
    }

    fn trace(&self, line: fmt::Arguments<'_>) {
        Runtime::trace(self, line);
    }
}

impl fmt::Debug for VirtualTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualTime")
            .field("now", &self.clock.now())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct VirtualClock {
    now_ns: AtomicU64,
    timers: Mutex<TimerQueue>,
}

impl VirtualClock {
    /// Moves to the earliest timer and wakes the task that waits for it. False without a timer.
    fn jump(&self) -> bool {
        const LAST: ProcessingTime = ProcessingTime(ProcessingTime::MAX.0 - 1);
        let popped = self.with_queue(|queue| {
            let earliest = queue.earliest().filter(|at| *at <= LAST)?;
            queue.pop(earliest)
        });
        let Some((at, waker)) = popped else { return false };
        self.now_ns.fetch_max(at.0, Ordering::Relaxed);
        waker.wake();
        true
    }
}

impl TimerHost for VirtualClock {
    fn now(&self) -> ProcessingTime {
        ProcessingTime(self.now_ns.load(Ordering::Relaxed))
    }

    fn with_queue<R>(&self, act: impl FnOnce(&mut TimerQueue) -> R) -> R {
        act(&mut lock(&self.timers))
    }

    fn earliest_changed(&self) {}
}
