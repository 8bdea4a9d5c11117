//! Strikes the faults of a run: on tasks, on control messages, around storage operations.

pub(crate) mod abandoned;
pub(crate) mod fault;
pub(crate) mod kill_switch;
pub(crate) mod killable;
pub(crate) mod live_targets;

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Poll, Waker};

use dataflow::job::runtime::{Home, Role, Task, Timer};
use dataflow::record::time::ProcessingTime;

use crate::faults::fault::{Fate, Fault, Message, Operation, Struck, Trigger, When};
use crate::faults::kill_switch::TaskId;
use crate::faults::killable::{Killable, Membership};
use crate::faults::live_targets::Roster;
use crate::lock::lock;
use crate::random::Draws;

/// What faults need of the runtime that they belong to.
pub(crate) trait Host: Send + Sync {
    fn now(&self) -> ProcessingTime;
    fn timer(&self) -> Box<dyn Timer>;
    /// Whether a slow task is one whose turns begin late.
    fn delays_turns(&self) -> bool;
    /// Starts a task, beside whatever is running.
    fn start(&self, task: Killable);
    fn trace(&self, line: fmt::Arguments<'_>);
}

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
    roster: Roster,
    draws: Draws,
    at_storage: Vec<Planned<AtStorage>>,
    messages: Vec<Planned<Message>>,
    struck: Vec<Struck>,
    /// Wait for the first victim to be started.
    waiting: Vec<Fault>,
    crash_hooks: Vec<CrashHook>,
    awaiting_death: Vec<Waker>,
}

type CrashHook = Arc<dyn Fn() + Send + Sync>;

struct AtStorage {
    prefix: String,
    operation: Operation,
    nth: u64,
    when: When,
    fault: Fault,
}

/// What is to come once and counts until then.
struct Planned<T> {
    what: T,
    seen: u64,
}

impl Faults {
    /// None planned.
    pub(crate) fn new(host: Weak<dyn Host>, seed: u64) -> Arc<Self> {
        let state = State {
            roster: Roster::default(),
            draws: Draws::new(seed),
            at_storage: Vec::new(),
            messages: Vec::new(),
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
                host.start(Killable::immune(Box::pin(async move {
                    poll_fn(|context| timer.poll_due(context)).await;
                    faults.strike(fault);
                })));
            }
            Trigger::Storage { prefix, operation, nth, when } => {
                let what = AtStorage { prefix, operation, nth, when, fault };
                lock(&self.state).at_storage.push(Planned { what, seen: 0 });
            }
        }
    }

    /// Plans that a control message does not arrive as it should.
    pub fn plan_message(&self, message: Message) {
        lock(&self.state).messages.push(Planned { what: message, seen: 0 });
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
            if !state.roster.has_lasting_victim(fault) {
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
            let State { roster, waiting, .. } = &mut *state;
            let found = waiting.extract_if(.., |fault| roster.is_victim(id, *fault)).collect();
            self.any_waiting.store(!waiting.is_empty(), Ordering::Release);
            found
        };
        waiting.into_iter().for_each(|fault| self.strike_first(fault, Some(id)));
    }

    /// What has struck so far, in order.
    pub fn struck(&self) -> Vec<Struck> {
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
            let choice = state.roster.strike(fault, first, &mut state.draws);
            if state.roster.is_dying() {
                self.dying.store(true, Ordering::Release);
            }
            if matches!(fault, Fault::Slow { .. }) {
                self.any_slow.store(true, Ordering::Release);
            }
            state.struck.push(Struck { at, what: choice.what.clone() });
            choice
        };
        self.trace(&choice.what);
        choice.condemned.iter().for_each(|mark| mark.wake());
    }

    fn note(&self, what: String) {
        self.trace(&what);
        let at = self.now();
        lock(&self.state).struck.push(Struck { at, what });
    }

    fn trace(&self, what: &str) {
        if let Some(host) = self.host.upgrade() {
            host.trace(format_args!("fault {what}"));
        }
    }

    pub(crate) fn now(&self) -> ProcessingTime {
        self.host.upgrade().map_or(ProcessingTime::ZERO, |host| host.now())
    }

    /// A timer by which a slow task puts its turns off; `None` where it does not.
    pub(crate) fn turn_timer(&self) -> Option<Box<dyn Timer>> {
        self.host.upgrade().filter(|host| host.delays_turns()).map(|host| host.timer())
    }
}

/// Tasks.
impl Faults {
    /// Takes a task in among those that are struck. `None`, and it is dropped, when whoever starts
    /// it has been killed.
    pub(crate) fn admit(self: &Arc<Self>, home: Home, role: Role, task: Task) -> Option<Killable> {
        let id = TaskId::next();
        let mark = {
            let mut state = lock(&self.state);
            if TaskId::current().is_some_and(|parent| state.roster.is_condemned(parent)) {
                None
            } else {
                Some(state.roster.add(id, home, role))
            }
        };
        mark.map(|mark| Killable::new(task, Membership::new(id, mark, Arc::clone(self))))
    }

    /// A task's end: all that it owned has been dropped.
    pub(crate) fn gone(&self, id: TaskId) {
        let (mark, last, hooks) = {
            let mut state = lock(&self.state);
            let (mark, last) = state.roster.remove(id);
            (mark, last, if last { state.crash_hooks.clone() } else { Vec::new() })
        };
        drop(mark);
        if last {
            hooks.iter().for_each(|hook| hook());
            self.settle();
        }
    }

    fn settle(&self) {
        let wakers = {
            let mut state = lock(&self.state);
            // Another process may have died while the hooks were running.
            if state.roster.is_dying() {
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
        TaskId::current().map_or(0, |id| lock(&self.state).roster.slowness(id))
    }

    /// Whether the task whose turn it is has been killed.
    pub(crate) fn is_killed(&self) -> bool {
        TaskId::current().is_some_and(|id| lock(&self.state).roster.is_condemned(id))
    }
}

/// Messages and storage operations.
impl Faults {
    /// Delivers a message, unless it is one that is lost or late.
    pub(crate) fn deliver(self: &Arc<Self>, name: &str, action: Box<dyn FnOnce() + Send>) {
        if !self.messages_planned.load(Ordering::Acquire) {
            return action();
        }
        match self.fate_of(name) {
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
                if let Some(task) = self.admit(Home::default(), Role::Service, late) {
                    host.start(task);
                }
            }
        }
    }

    /// Of several plans for one message the first counts.
    fn fate_of(&self, name: &str) -> Option<(u64, Fate)> {
        let mut state = lock(&self.state);
        let of_this_name = state.messages.iter_mut().filter(|planned| planned.what.name == name);
        let mut found = None;
        for planned in of_this_name {
            planned.seen += 1;
            if planned.seen == planned.what.nth && found.is_none() {
                found = Some((planned.what.nth, planned.what.fate));
            }
        }
        state.messages.retain(|planned| planned.seen < planned.what.nth);
        found
    }

    /// Counts a storage operation on these files. What it brings about is struck by
    /// [`Faults::strike_around`].
    pub(crate) fn count_operation(
        &self,
        operation: Operation,
        names: &[String],
    ) -> Vec<AtOperation> {
        let mut found = Vec::new();
        lock(&self.state).at_storage.retain_mut(|planned| {
            let AtStorage { prefix, operation: wanted, nth, when, fault } = &planned.what;
            let named = names.iter().any(|name| name.starts_with(prefix.as_str()));
            if operation != *wanted || !named {
                return true;
            }
            planned.seen += 1;
            if planned.seen < *nth {
                return true;
            }
            found.push(AtOperation { when: *when, fault: *fault });
            false
        });
        found
    }

    /// Strikes those of `faults` that belong on this side of an operation, first of all whoever
    /// performs it.
    pub(crate) fn strike_around(&self, when: When, faults: &[AtOperation]) {
        for at in faults.iter().filter(|at| at.when == when) {
            self.strike_first(at.fault, TaskId::current());
        }
    }
}

/// A fault that an operation brings about.
pub(crate) struct AtOperation {
    when: When,
    fault: Fault,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("struck", &self.struck()).finish_non_exhaustive()
    }
}
