//! Where time, tasks and randomness come from: the trait that engines meet.
//!
//! Two implementations live in the `runtime` crate: the wall clock on tokio and virtual time.
//! Engines hold an `Arc<dyn Runtime>` and are not generic over it: measured, the virtual calls
//! cost nothing, because there is at most one per buffer.
//!
//! The order of every engine is: process, charge, hand over. Charging is [`Runtime::reserve`] and
//! then waiting for the instant that it returns. On the wall clock real time has passed by itself: only
//! what a modelled implementation takes beyond that is waited for. In virtual time one thread runs all
//! tasks and the clock jumps from timer to timer: the same seed gives the same run to the byte.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::job::link::{Link, LinkSpec, SerialLink};
use crate::job::storage::Storage;
use crate::record::time::ProcessingTime;

pub use crate::stage::{CostKind, CostKinds, Work};

/// What a runtime runs.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Which node a task lives on. Nodes exist in virtual time, where each has its own cores; the wall
/// clock has one.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Home(pub u32);

/// What a task is in its engine: by this the runtime chooses whom a fault strikes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Pipelined: a subtask. It lives as long as its job.
    Subtask,
    /// Micro-batch: a slot of an executor while it runs tasks.
    Task,
    /// The one that decides: a driver, or a job's master with its checkpoint coordinator. With it
    /// goes its whole job.
    Driver,
    /// Anything else: never struck.
    Service,
}

/// One timer, owned by one task and re-armed over and over.
pub trait Timer: Send {
    /// Fires at `at`, in place of whatever it was armed for.
    fn arm(&mut self, at: ProcessingTime);
    /// Fires no more until armed again.
    fn disarm(&mut self);
    /// Ready once when the armed instant has come (and the timer is then disarmed); otherwise
    /// pending, and the task is woken when it comes. Pending without a wake-up when disarmed.
    fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<()>;
    /// How late it fired when it last did, in nanoseconds: what the system took to notice that the
    /// instant had come. That tasks then had to wait for their turn is not part of it.
    fn late_nanos(&self) -> u64;
}

/// Time, tasks and randomness.
pub trait Runtime: Send + Sync {
    /// `wall` or `virtual`, as results name it.
    fn clock(&self) -> &'static str;
    /// Nanoseconds since the runtime started.
    fn now(&self) -> ProcessingTime;
    /// A new, disarmed timer.
    fn timer(&self) -> Box<dyn Timer>;
    /// Starts a task. It may be dropped at any time before its end, by a fault: whoever has to
    /// know notices the drop of what the task owns.
    fn spawn_as(&self, home: Home, role: Role, task: Task);
    /// Starts a task that no fault strikes.
    fn spawn(&self, home: Home, task: Task) {
        self.spawn_as(home, Role::Service, task);
    }
    /// Delivers a control message by running it: at once, unless a fault makes it late or loses
    /// it. `message` names its kind, such as `trigger checkpoint`.
    fn deliver(&self, message: &'static str, action: Box<dyn FnOnce() + Send>) {
        let _ = message;
        action();
    }
    /// A link over which buffers travel, on either clock: it tells when they arrive, and whoever
    /// carries them waits until then.
    fn link(&self, spec: LinkSpec) -> Box<dyn Link> {
        Box::new(SerialLink::new(spec))
    }
    /// Where what must survive is kept.
    fn storage(&self) -> Arc<dyn Storage>;
    /// Runs a task to its end on the calling thread, and whatever was spawned beside it.
    ///
    /// # Errors
    /// [`Deadlock`] when, under virtual time, nothing can ever run again.
    fn block_on(&self, task: Task) -> Result<(), Deadlock>;
    /// Which kinds of work have a price in this run. What has none need not be counted; without any
    /// nothing is ever waited for.
    fn priced(&self) -> CostKinds;
    /// Books `work` by its prices, first on the one driver, then on the earliest free core of `home`,
    /// and tells when it will be done: the caller sleeps until then and only afterwards hands its
    /// output over. `None` when that need not be waited for: nothing has a price, or on the wall clock
    /// the instant is too near for its timers.
    fn reserve(&self, home: Home, work: Work) -> Option<ProcessingTime>;
    /// The seed of the random stream called `stream`: fixed by the run's seed and the name, so
    /// that a new stream moves no other.
    fn random(&self, stream: &str) -> u64;
    /// Whether [`Runtime::trace`] keeps anything; ask before formatting.
    fn tracing(&self) -> bool;
    /// Adds a line to the trace, stamped with the current time.
    fn trace(&self, line: fmt::Arguments<'_>);
}

/// Under virtual time no timer is left and tasks are still waiting.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Deadlock {
    /// Tasks that wait for something that cannot come.
    pub waiting_tasks: usize,
}

/// Sleeps until `at` on a timer of its own.
pub async fn sleep_until(runtime: &dyn Runtime, at: ProcessingTime) {
    let mut timer = runtime.timer();
    timer.arm(at);
    std::future::poll_fn(|context| timer.poll_due(context)).await;
}

/// Gives other tasks a turn: every engine loop does so after each buffer.
pub async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
