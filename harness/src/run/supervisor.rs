//! Starts a job, and restarts it when its driver has died, as a cluster manager or a service
//! unit does for the real systems.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use dataflow::job::engine::{Job, Start};
use dataflow::job::recovery::restart_limit::RestartLimit;
use dataflow::job::runtime::{Home, Role, Runtime, sleep_until};
use dataflow::{Completion, Control, Engine, EngineError, Guarantee};

/// How a job is started again.
#[derive(Copy, Clone, Debug)]
pub(super) struct Supervision {
    /// How the first attempt starts.
    pub start: Start,
    /// What the job promises: without a promise it is not started again.
    pub guarantee: Guarantee,
    /// Time from the death of a driver to the next start, in nanoseconds.
    pub restart_nanos: u64,
}

/// Runs a job to its end under supervision. `job` makes it, once for every start; `completed` counts
/// its checkpoints or batches.
///
/// # Errors
/// What ended the last attempt; [`EngineError::Lost`] when its driver was killed.
pub(super) async fn supervise(
    engine: Arc<dyn Engine>,
    job: impl Fn(Start) -> Job + Send,
    completed: impl Fn() -> u64 + Send,
    runtime: Arc<dyn Runtime>,
    control: Control,
    how: Supervision,
) -> Result<Completion, EngineError> {
    let mut start = how.start;
    let (mut restarts, mut limit) = (0, None);
    loop {
        let place = Arc::new(ExitSlot::default());
        let job = job(start);
        let limit = limit.get_or_insert_with(|| RestartLimit::new(&job.settings));
        let running = engine.run(job, Arc::clone(&runtime), control.clone());
        let leaving = ExitGuard(Arc::clone(&place));
        let driver = async move {
            let outcome = running.await;
            leaving.0.lock().outcome = Some(outcome);
        };
        runtime.spawn_as(Home(0), Role::Driver, Box::pin(driver));
        let outcome = poll_fn(|context| place.poll_left(context)).await;
        let error = match outcome {
            Some(Ok(mut completion)) => {
                completion.restarts += restarts;
                return Ok(completion);
            }
            Some(Err(error)) => error,
            None => EngineError::Lost("driver".to_owned()),
        };
        if how.guarantee == Guarantee::None {
            return Err(error);
        }
        let error = limit.check(error, completed())?;
        if control.stop.is_requested() {
            return Err(error);
        }
        restarts += 1;
        let now = runtime.now();
        control.observer.restarting(now, &error.to_string());
        sleep_until(&*runtime, now.after(how.restart_nanos)).await;
        start = Start::Resume;
    }
}

/// Where a driver leaves its outcome, and tells that it has gone.
#[derive(Default)]
struct ExitSlot(Mutex<DriverExit>);

#[derive(Default)]
struct DriverExit {
    outcome: Option<Result<Completion, EngineError>>,
    gone: bool,
    waker: Option<Waker>,
}

impl ExitSlot {
    fn lock(&self) -> std::sync::MutexGuard<'_, DriverExit> {
        self.0.lock().expect("no holder fails")
    }

    /// Ready once the driver has gone: with its outcome, or without one if it was killed.
    fn poll_left(
        &self,
        context: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Completion, EngineError>>> {
        let mut left = self.lock();
        if left.gone {
            return Poll::Ready(left.outcome.take());
        }
        left.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Owned by the driver's task.
struct ExitGuard(Arc<ExitSlot>);

impl Drop for ExitGuard {
    fn drop(&mut self) {
        let mut left = self.0.lock();
        left.gone = true;
        let waker = left.waker.take();
        drop(left);
        waker.into_iter().for_each(Waker::wake);
    }
}
