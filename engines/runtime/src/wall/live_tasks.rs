//! The wall clock's tasks: which are alive, which one panicked, and how all are ended.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::faults::killable::Killable;
use crate::lock::lock;

/// What a task panicked with.
pub(crate) type Panic = Box<dyn Any + Send>;

/// All tasks that have been started and not yet dropped.
#[derive(Default)]
pub(crate) struct LiveTasks {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Without a handle while the task is being started.
    tasks: HashMap<u64, Option<AbortHandle>>,
    started: u64,
    main: Option<u64>,
    /// The main task has ended: the others are being dropped and none is started.
    closing: bool,
    /// The first one since the last `run`.
    panic: Option<Panic>,
}

impl LiveTasks {
    /// Starts a task on tokio; drops it instead while the others are being dropped.
    pub(crate) fn start(self: &Arc<Self>, tokio: &Handle, task: Killable) {
        let id = {
            let mut state = lock(&self.state);
            if state.closing {
                drop(state);
                return drop(task);
            }
            state.register()
        };
        self.launch(tokio, id, task);
    }

    /// Runs a task until it ends or any task panics, then drops all others and waits until they
    /// are gone, so that nothing of one run lasts into the next. Panics if called while it runs.
    pub(crate) fn run(self: &Arc<Self>, tokio: &Handle, task: Killable) -> Result<(), Panic> {
        let main = {
            let mut state = lock(&self.state);
            assert!(state.main.is_none(), "block_on is already running on this runtime");
            let main = state.register();
            state.main = Some(main);
            main
        };
        self.launch(tokio, main, task);
        self.wait_while(|state| state.panic.is_none() && state.tasks.contains_key(&main));
        for task in self.close() {
            task.abort();
        }
        self.wait_while(|state| !state.tasks.is_empty());
        let mut state = lock(&self.state);
        state.main = None;
        state.closing = false;
        state.panic.take().map_or(Ok(()), Err)
    }

    fn launch(self: &Arc<Self>, tokio: &Handle, id: u64, task: Killable) {
        let guarded = GuardedTask { id, task: Some(task), live: Arc::clone(self) };
        let handle = tokio.spawn(guarded).abort_handle();
        let mut state = lock(&self.state);
        let closing = state.closing;
        // No longer there if the task has ended meanwhile.
        if let Some(place) = state.tasks.get_mut(&id) {
            *place = Some(handle.clone());
        }
        drop(state);
        if closing {
            handle.abort();
        }
    }

    fn close(&self) -> Vec<AbortHandle> {
        let mut state = lock(&self.state);
        state.closing = true;
        state.tasks.values().flatten().cloned().collect()
    }

    fn wait_while(&self, condition: impl Fn(&State) -> bool) {
        let state = lock(&self.state);
        let waited = self.changed.wait_while(state, |state| condition(state));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn ended(&self, id: u64) {
        let mut state = lock(&self.state);
        let handle = state.tasks.remove(&id);
        let awaited = state.main == Some(id) || (state.closing && state.tasks.is_empty());
        drop(state);
        if awaited {
            self.changed.notify_all();
        }
        drop(handle);
    }

    fn panicked(&self, panic: Panic) {
        let mut state = lock(&self.state);
        if state.panic.is_none() {
            state.panic = Some(panic);
        }
        drop(state);
        self.changed.notify_all();
    }
}

impl State {
    fn register(&mut self) -> u64 {
        self.started += 1;
        self.tasks.insert(self.started, None);
        self.started
    }
}

/// A task that reports its panic, and its end once it is dropped.
struct GuardedTask {
    id: u64,
    task: Option<Killable>,
    live: Arc<LiveTasks>,
}

impl Future for GuardedTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(task) = &mut self.task else { return Poll::Ready(()) };
        match catch_unwind(AssertUnwindSafe(|| Pin::new(task).poll(context))) {
            Ok(progress) => progress,
            Err(panic) => {
                self.live.panicked(panic);
                Poll::Ready(())
            }
        }
    }
}

impl Drop for GuardedTask {
    fn drop(&mut self) {
        let task = self.task.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(task))) {
            self.live.panicked(panic);
        }
        self.live.ended(self.id);
    }
}
