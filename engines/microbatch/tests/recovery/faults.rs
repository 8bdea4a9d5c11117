//! What goes wrong: an operation that never returns or fails, and a task that vanishes.

use dataflow::exchange::failure::FailureKind;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use dataflow::ProcessingTime;
use dataflow::job::runtime::{CostKinds, Deadlock, Home, Role, Runtime, Task, Timer, Work};
use dataflow::job::storage::{Storage, StorageError, Stored};
use runtime::{MemoryStorage, VirtualTime};

/// What becomes of one durable operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has no effect and never returns.
    Before,
    /// It has its effect and never returns.
    After,
    /// It has no effect and fails, if it is the put of a state version.
    FailedPut,
}

/// Counts durable operations of an attempt, and lets one of them go wrong.
#[derive(Default)]
pub(crate) struct Tripwire {
    pub(crate) at: Option<(u64, Fault)>,
    count: AtomicU64,
    state: Mutex<Tripped>,
}

#[derive(Default)]
struct Tripped {
    is: bool,
    waker: Option<Waker>,
}

impl Tripwire {
    pub(crate) fn new(at: Option<(u64, Fault)>) -> Arc<Self> {
        Arc::new(Self { at, ..Self::default() })
    }

    /// Whether puts of state versions are all that is counted.
    pub(crate) fn fails_puts(&self) -> bool {
        matches!(self.at, Some((_, Fault::FailedPut)))
    }

    /// Operations so far.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Counts an operation; tells what becomes of it.
    pub(crate) fn pass(&self) -> Option<Fault> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let (_, fault) = self.at.filter(|(at, _)| *at == number)?;
        if fault != Fault::FailedPut {
            let mut state = self.state.lock().unwrap();
            state.is = true;
            state.waker.take().into_iter().for_each(Waker::wake);
        }
        Some(fault)
    }

    /// Ready once the run is to be dropped.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<()> {
        let mut state = self.state.lock().unwrap();
        state.waker = Some(waker.clone());
        if state.is { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Does an operation, unless it goes wrong.
    pub(crate) fn guard<T: Send + 'static>(&self, operation: impl FnOnce() -> T) -> Option<T> {
        let passed = if self.fails_puts() { None } else { self.pass() };
        match passed {
            Some(Fault::Before) => None,
            Some(Fault::After) => {
                operation();
                None
            }
            Some(Fault::FailedPut) | None => Some(operation()),
        }
    }
}

/// Memory behind a tripwire.
pub(crate) struct FaultyStorage {
    pub(crate) files: Arc<MemoryStorage>,
    pub(crate) wire: Arc<Tripwire>,
}

impl FaultyStorage {
    fn guarded<T: Send + 'static>(&self, operation: impl FnOnce() -> Stored<T>) -> Stored<T> {
        // The memory does what it is asked for at once, so the future need not be polled.
        match self.wire.guard(operation) {
            Some(stored) => stored,
            None => Box::pin(std::future::pending()),
        }
    }
}

impl Storage for FaultyStorage {
    fn locate(&self, name: &str) -> String {
        self.files.locate(name)
    }
    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        let counts = self.wire.fails_puts() && name.contains("/state/");
        if counts && self.wire.pass() == Some(Fault::FailedPut) {
            let error = StorageError {
                operation: "write",
                file: name.to_owned(),
                cause: "no space left".to_owned(),
                kind: FailureKind::Transient,
            };
            return Box::pin(std::future::ready(Err(error)));
        }
        self.guarded(|| self.files.put(name, bytes))
    }
    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.guarded(|| self.files.append(name, bytes))
    }
    fn sync(&self, name: &str) -> Stored<()> {
        self.guarded(|| self.files.sync(name))
    }
    fn rename(&self, from: &str, to: &str) -> Stored<()> {
        self.guarded(|| self.files.rename(from, to))
    }
    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>> {
        self.files.read(name)
    }
    fn lengths(&self, prefix: &str) -> Stored<Vec<(String, u64)>> {
        self.files.lengths(prefix)
    }
    fn remove(&self, name: &str) -> Stored<()> {
        self.guarded(|| self.files.remove(name))
    }
}

/// Virtual time in which a task of the engine vanishes at a chosen turn.
pub(crate) struct FaultyRuntime {
    pub(crate) time: Arc<VirtualTime>,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) strikes: Arc<Strikes>,
}

/// Turns of tasks, counted over all of them, and those at which the task is dropped.
pub(crate) struct Strikes {
    pub(crate) turns: AtomicU64,
    pub(crate) at: Box<WhetherStruck>,
}

/// By the turn over all slots, and by the slot's own.
type WhetherStruck = dyn Fn(u64, u64) -> bool + Send + Sync;

impl Strikes {
    pub(crate) fn at(at: impl Fn(u64, u64) -> bool + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { turns: AtomicU64::new(0), at: Box::new(at) })
    }
}

impl Runtime for FaultyRuntime {
    fn clock(&self) -> &'static str {
        self.time.clock()
    }
    fn now(&self) -> ProcessingTime {
        self.time.now()
    }
    fn timer(&self) -> Box<dyn Timer> {
        self.time.timer()
    }
    fn spawn_as(&self, home: Home, role: Role, task: Task) {
        if role != Role::Task {
            return self.time.spawn_as(home, role, task);
        }
        let strikes = Arc::clone(&self.strikes);
        let (mut task, mut own_turn) = (Some(task), 0);
        let struck = std::future::poll_fn(move |context| {
            let turn = strikes.turns.fetch_add(1, Ordering::Relaxed);
            if (strikes.at)(turn, own_turn) {
                task = None;
            }
            own_turn += 1;
            task.as_mut().map_or(Poll::Ready(()), |task| task.as_mut().poll(context))
        });
        self.time.spawn_as(home, role, Box::pin(struck));
    }
    fn storage(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.storage)
    }
    fn block_on(&self, task: Task) -> Result<(), Deadlock> {
        self.time.block_on(task)
    }
    fn priced(&self) -> CostKinds {
        self.time.priced()
    }
    fn reserve(&self, home: Home, work: Work) -> Option<ProcessingTime> {
        self.time.reserve(home, work)
    }
    fn random(&self, stream: &str) -> u64 {
        self.time.random(stream)
    }
    fn tracing(&self) -> bool {
        self.time.tracing()
    }
    fn trace(&self, line: fmt::Arguments<'_>) {
        self.time.trace(line);
    }
}
