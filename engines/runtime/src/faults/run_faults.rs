//! The faults of one run: planned, struck and remembered.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Poll, Waker};

use dataflow::job::runtime::{Home, Role, Timer};
use dataflow::record::time::ProcessingTime;

use crate::faults::fault::{Fate, Fault, Message, Operation, Strike, Trigger, When};
use crate::faults::host::Host;
use crate::faults::kill_switch::{KillSwitch, TaskId};
use crate::faults::live_targets::LiveTargets;
use crate::faults::plans::{OperationFault, Plans, StoragePlan};
use crate::lock::lock;
use crate::random::Draws;

/// The faults of one runtime: planned, struck and remembered.
///
/// Engines do not know it: a task that is killed is dropped, and whoever has to know notices that
/// what it owned is gone. Every choice is drawn from the random stream `faults` of the run's seed,
/// so in virtual time the same faults strike the same tasks at the same instants. Each strike is a
/// line of the trace, `fault kill subtask on home 2 (of 8 alive)`.
///
/// ```
/// use dataflow::job::runtime::{Home, Role, Runtime, sleep_until};
/// use dataflow::record::time::ProcessingTime;
/// use runtime::{Fault, Trigger, Victim, VirtualOptions, VirtualTime};
///
/// let time = VirtualTime::new(VirtualOptions::default());
/// time.faults().plan(Trigger::At(ProcessingTime(500)), Fault::Kill(Victim::Subtask));
/// time.spawn_as(Home(0), Role::Subtask, Box::pin(std::future::pending()));
/// let inner = time.clone();
/// time.block_on(Box::pin(async move { sleep_until(&*inner, ProcessingTime(1_000)).await }))?;
/// assert_eq!(time.faults().struck()[0].at, ProcessingTime(500));
/// assert_eq!(time.faults().struck()[0].what, "kill subtask on home 0 (of 1 alive)");
/// # Ok::<(), dataflow::job::runtime::Deadlock>(())
/// ```
pub struct Faults {
    host: Weak<dyn Host>,
    state: Mutex<State>,
    /// Whether any message is planned not to arrive as it should.
    messages_planned: AtomicBool,
    /// Whether any task was ever made slow.
    any_slow: AtomicBool,
    /// Whether any fault waits for its victim.
    any_waiting: AtomicBool,
    /// A process has died and not all of it is gone.
    dying: AtomicBool,
}

struct State {
    targets: LiveTargets,
    draws: Draws,
    plans: Plans,
    struck: Vec<Strike>,
    /// Wait for the first victim to be started.
    waiting: Vec<Fault>,
    crash_hooks: Vec<CrashHook>,
    awaiting_death: Vec<Waker>,
}

type CrashHook = Arc<dyn Fn() + Send + Sync>;

impl Faults {
    /// No fault is planned yet.
    pub(crate) fn new(host: Weak<dyn Host>, seed: u64) -> Arc<Self> {
        let state = State {
            targets: LiveTargets::default(),
            draws: Draws::new(seed),
            plans: Plans::default(),
            struck: Vec::new(),
            waiting: Vec::new(),
            crash_hooks: Vec::new(),
            awaiting_death: Vec::new(),
        };
        Arc::new(Self {
            host,
            state: Mutex::new(state),
            messages_planned: AtomicBool::new(false),
            any_slow: AtomicBool::new(false),
            any_waiting: AtomicBool::new(false),
            dying: AtomicBool::new(false),
        })
    }

    /// Plans a fault. One for an instant belongs to the `block_on` that is running or, before it,
    /// to the next: what has not struck when that returns strikes no more. Under virtual time its
    /// instant is one that the clock goes to.
    pub fn plan(self: &Arc<Self>, trigger: Trigger, fault: Fault) {
        match trigger {
            Trigger::At(at) => {
                let Some(host) = self.host.upgrade() else { return };
                let (mut timer, faults) = (host.timer(), Arc::clone(self));
                timer.arm(at);
                host.start(Box::pin(async move {
                    poll_fn(|context| timer.poll_due(context)).await;
                    faults.strike(fault);
                }));
            }
            Trigger::Storage { prefix, operation, nth, when } => {
                let plan = StoragePlan { prefix, operation, nth, when, fault };
                lock(&self.state).plans.at_storage(plan);
            }
        }
    }

    /// Plans that a control message does not arrive as it should.
    pub fn plan_message(&self, message: Message) {
        lock(&self.state).plans.message(message);
        self.messages_planned.store(true, Ordering::Release);
    }

    /// Strikes at once, from any thread and from inside any task, the victim among them. Tasks get
    /// no turn from now on; one that has its turn just now, on this thread or another, is dropped
    /// when the turn ends.
    pub fn strike(&self, fault: Fault) {
        self.strike_first(fault, None);
    }

    /// The same, but where nobody is there who lives for long it waits for the next victim that is
    /// in the middle of its work when its turn ends: tasks of [`Role::Task`] live for a moment
    /// only, and one that is alive now may have nothing left to do.
    pub fn strike_or_wait(&self, fault: Fault) {
        {
            let mut state = lock(&self.state);
            if !state.targets.has_lasting_victim(fault) {
                self.any_waiting.store(true, Ordering::Release);
                return state.waiting.push(fault);
            }
        }
        self.strike(fault);
    }

    /// A task's turn has ended before its work has: a fault that waits for one such strikes.
    #[inline]
    pub(crate) fn strike_waiting(&self, id: TaskId) {
        if self.any_waiting.load(Ordering::Relaxed) {
            self.look_for_waiting(id);
        }
    }

    #[cold]
    fn look_for_waiting(&self, id: TaskId) {
        let waiting: Vec<Fault> = {
            let mut state = lock(&self.state);
            let State { targets, waiting, .. } = &mut *state;
            let found = waiting.extract_if(.., |fault| targets.is_victim(id, *fault)).collect();
            self.any_waiting.store(!waiting.is_empty(), Ordering::Release);
            found
        };
        waiting.into_iter().for_each(|fault| self.strike_first(fault, Some(id)));
    }

    /// What has struck so far, in order.
    pub fn struck(&self) -> Vec<Strike> {
        lock(&self.state).struck.clone()
    }

    /// Has `hook` called whenever a process has died, after the last of its tasks is gone and
    /// before any storage operation that others begin meanwhile.
    pub fn on_crash(&self, hook: impl Fn() + Send + Sync + 'static) {
        lock(&self.state).crash_hooks.push(Arc::new(hook));
    }

    /// Ready when of every process that has died all tasks are gone and the crash hooks have run:
    /// when its successor may start.
    pub async fn settled(&self) {
        poll_fn(|context| {
            if !self.dying.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            let mut state = lock(&self.state);
            // Set under this lock.
            if !self.dying.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            state.awaiting_death.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn strike_first(&self, fault: Fault, first: Option<TaskId>) {
        let at = self.now();
        let choice = {
            let mut guard = lock(&self.state);
            let state = &mut *guard;
            let choice = state.targets.strike(fault, first, &mut state.draws);
            if state.targets.is_dying() {
                self.dying.store(true, Ordering::Release);
            }
            if matches!(fault, Fault::Slow { .. }) {
                self.any_slow.store(true, Ordering::Release);
            }
            state.struck.push(Strike { at, what: choice.what.clone() });
            choice
        };
        self.trace(&choice.what);
        choice.condemned.iter().for_each(|switch| switch.wake());
    }

    fn note(&self, what: String) {
        self.trace(&what);
        let at = self.now();
        lock(&self.state).struck.push(Strike { at, what });
    }

    fn trace(&self, what: &str) {
        if let Some(host) = self.host.upgrade() {
            host.trace(format_args!("fault {what}"));
        }
    }

    pub(crate) fn now(&self) -> ProcessingTime {
        self.host.upgrade().map_or(ProcessingTime::ZERO, |host| host.now())
    }

    /// A timer that delays the turns of a slow task; `None` where slowness delays no turns.
    pub(crate) fn turn_timer(&self) -> Option<Box<dyn Timer>> {
        self.host.upgrade().filter(|host| host.delays_turns()).map(|host| host.timer())
    }
}

/// Tasks.
impl Faults {
    /// Adds a new task to those that faults can strike. `None` when the task that starts it has
    /// been killed.
    pub(crate) fn register(&self, home: Home, role: Role) -> Option<(TaskId, Arc<KillSwitch>)> {
        let id = TaskId::next();
        let mut state = lock(&self.state);
        if TaskId::current().is_some_and(|parent| state.targets.is_condemned(parent)) {
            return None;
        }
        Some((id, state.targets.add(id, home, role)))
    }

    /// Removes a task that has ended: all that it owned has been dropped.
    pub(crate) fn gone(&self, id: TaskId) {
        let (switch, last, hooks) = {
            let mut state = lock(&self.state);
            let (switch, last) = state.targets.remove(id);
            (switch, last, if last { state.crash_hooks.clone() } else { Vec::new() })
        };
        drop(switch);
        if last {
            hooks.iter().for_each(|hook| hook());
            self.settle();
        }
    }

    fn settle(&self) {
        let wakers = {
            let mut state = lock(&self.state);
            // Another process may have died while the hooks were running.
            if state.targets.is_dying() {
                return;
            }
            self.dying.store(false, Ordering::Release);
            std::mem::take(&mut state.awaiting_death)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// By how many nanoseconds the task is slow whose turn it is.
    pub(crate) fn slowness(&self) -> u64 {
        if !self.any_slow.load(Ordering::Relaxed) {
            return 0;
        }
        TaskId::current().map_or(0, |id| lock(&self.state).targets.slowness(id))
    }

    /// Whether the task whose turn it is has been killed.
    pub(crate) fn is_killed(&self) -> bool {
        TaskId::current().is_some_and(|id| lock(&self.state).targets.is_condemned(id))
    }
}

/// Messages and storage operations.
impl Faults {
    /// Delivers a message, unless it is one that is lost or late.
    pub(crate) fn deliver(self: &Arc<Self>, name: &str, action: Box<dyn FnOnce() + Send>) {
        if !self.messages_planned.load(Ordering::Acquire) {
            return action();
        }
        let fate = lock(&self.state).plans.fate_of(name);
        match fate {
            None => action(),
            Some((nth, Fate::Lost)) => {
                self.note(format!("lose message {nth} `{name}`"));
                drop(action);
            }
            Some((nth, Fate::Late(nanos))) => {
                self.note(format!("delay message {nth} `{name}` by {nanos} ns"));
                let Some(host) = self.host.upgrade() else { return };
                let mut timer = host.timer();
                timer.arm(host.now().after(nanos));
                let late = Box::pin(async move {
                    poll_fn(|context| timer.poll_due(context)).await;
                    action();
                });
                host.spawn_as(Home::default(), Role::Service, late);
            }
        }
    }

    /// Counts a storage operation on these files. What it brings about is struck by
    /// [`Faults::strike_around`].
    pub(crate) fn count_operation(
        &self,
        operation: Operation,
        names: &[String],
    ) -> Vec<OperationFault> {
        lock(&self.state).plans.count_operation(operation, names)
    }

    /// Strikes those of `faults` that belong on this side of an operation, first of all whoever
    /// performs it.
    pub(crate) fn strike_around(&self, when: When, faults: &[OperationFault]) {
        for at in faults.iter().filter(|at| at.when == when) {
            self.strike_first(at.fault, TaskId::current());
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("struck", &self.struck()).finish_non_exhaustive()
    }
}
