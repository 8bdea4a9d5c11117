//! Faults that strike a job on a system: they take tasks of ours, and the process loses what these
//! stand for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dataflow::job::runtime::{Home, Role, Runtime, sleep_until};

use crate::control::Request;
use crate::process::SystemProcess;
use crate::run_state::RunState;

/// Between two turns of a task that stands for others, in nanoseconds.
const TURN_NANOS: u64 = 10_000_000;

/// Owned by the task that is the job's driver: with it goes the process.
pub(crate) struct Driver {
    pub(crate) process: Arc<SystemProcess>,
    pub(crate) run: Arc<RunState>,
    pub(crate) ended: bool,
}

impl Driver {
    /// The job has ended by itself.
    pub(crate) fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.ended {
            self.process.kill();
            self.run.close();
        }
    }
}

/// Tasks that stand for those of the system which read events.
pub(crate) struct ReadingTasks(Arc<AtomicBool>);

impl ReadingTasks {
    /// One to be struck as a subtask and one as a task: models call them by one name each.
    pub(crate) fn start(process: &Arc<SystemProcess>, runtime: &Arc<dyn Runtime>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        for role in [Role::Subtask, Role::Task] {
            let task = ReadingTask { process: Arc::clone(process), over: Arc::clone(&over) };
            let clock = Arc::clone(runtime);
            let lives = async move {
                let _task = task;
                loop {
                    // A task of a batch is struck when it has had a turn.
                    sleep_until(&*clock, clock.now().after(TURN_NANOS)).await;
                }
            };
            runtime.spawn_as(Home(0), role, Box::pin(lives));
        }
        Self(over)
    }

    /// The job has ended: what is dropped from now on was not struck.
    pub(crate) fn end(self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct ReadingTask {
    process: Arc<SystemProcess>,
    over: Arc<AtomicBool>,
}

impl Drop for ReadingTask {
    fn drop(&mut self) {
        if !self.over.load(Ordering::SeqCst) {
            self.process.ask(&Request::FailTask);
        }
    }
}
