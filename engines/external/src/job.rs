//! A job on a system: connected, run, and brought to its end.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use dataflow::job::engine::{Job, JobShape, Prepared, WorkloadIdentity};
use dataflow::job::runtime::Runtime;
use dataflow::{Completion, Control, EngineError, Guarantee, ProcessingTime, Start};
use serde_json::Value;

use crate::control::{Request, RunRequest};
use crate::killed::{Driver, ReadingTasks};
use crate::kind::EngineKind;
use crate::launch::Launch;
use crate::process::SystemProcess;
use crate::rows::JobRows;
use crate::run_state::{RunParts, RunState, Shows};
use crate::usage::{tree_nanos, usage_since};

/// How often what nobody tells is looked at, in nanoseconds.
const LOOK_NANOS: u64 = 20_000_000;

/// What a job keeps while its processes come and go.
#[derive(Clone, Default)]
pub(crate) struct JobStorage {
    /// The number of its folder.
    pub(crate) number: u64,
    pub(crate) rows: Arc<JobRows>,
}

/// A job whose sources are connected.
pub(crate) struct ConnectedJob {
    process: Arc<SystemProcess>,
    run: Arc<RunState>,
}

impl ConnectedJob {
    /// Asks a process for a run, and waits until its sources have connected.
    ///
    /// # Errors
    /// When the process refuses the run, fails, or does not start in time.
    pub(crate) async fn connect(
        kind: &EngineKind,
        (process, launch): (Arc<SystemProcess>, &Launch),
        storage: JobStorage,
        shape: &JobShape,
        runtime: &dyn Runtime,
        control: &Control,
    ) -> Result<Self, EngineError> {
        let run = process.begin(storage.rows);
        let deadline = runtime.now().after(launch.starts_within_nanos);
        let seconds = launch.starts_within_nanos / 1_000_000_000;
        let job = Self { process, run };
        while !job.process.is_ready() && !job.process.has_gone() {
            job.look(runtime, (deadline, seconds), |_| Poll::Pending).await?;
        }
        let folder = launch.folder.join(format!("job-{}", storage.number)).display().to_string();
        let request = request(kind, shape, job.run.number, folder);
        job.process.ask(&Request::Run(request));
        let sources = shape.parallelism;
        let mut connected = false;
        while !connected && !control.stop.is_requested() {
            job.look(runtime, (deadline, seconds), |context| {
                let poll = job.run.poll_connected(sources, context);
                connected = poll.is_ready();
                poll
            })
            .await?;
        }
        match job.run.take_end() {
            Some(Err(error)) => Err(error),
            _ => Ok(job),
        }
    }

    /// Waits for something, or for a moment.
    async fn look(
        &self,
        runtime: &dyn Runtime,
        (deadline, seconds): (ProcessingTime, u64),
        mut poll: impl FnMut(&mut std::task::Context<'_>) -> Poll<()>,
    ) -> Result<(), EngineError> {
        let now = runtime.now();
        if now >= deadline {
            self.process.kill();
            return Err(self
                .process
                .failed(&format!("its sources had not connected after {seconds} s")));
        }
        let mut timer = runtime.timer();
        timer.arm(now.after(LOOK_NANOS));
        poll_fn(|context| match poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => timer.poll_due(context),
        })
        .await;
        Ok(())
    }

    /// As a job holds it until it runs.
    pub(crate) fn prepared(self) -> Prepared {
        Prepared::new(vec![self.process.pid], self)
    }

    /// Runs to the end of the input, or until it is stopped and drained.
    ///
    /// # Errors
    /// What the process says, and when nothing moves any more.
    pub(crate) async fn run(
        self,
        kind: &'static EngineKind,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> Result<Completion, EngineError> {
        let Self { process, run } = self;
        let used = tree_nanos(process.pid);
        let (began, workload) = (runtime.now(), job.workload.name.clone());
        let timed = job.plan.sink.wants.stamps;
        let updates_show = if timed { kind.updates_show(&job.workload) } else { Shows::One };
        let observer = Arc::clone(&control.observer);
        observer.started(runtime.now());
        run.begin(RunParts {
            plan: job.plan,
            runtime: Arc::clone(&runtime),
            observer: Arc::clone(&observer),
            stop: control.stop.clone(),
            holds_rows: job.settings.name("guarantee") == Guarantee::ExactlyOnce.name(),
            updates_show,
        });
        let driver = Driver { process: Arc::clone(&process), run: Arc::clone(&run), ended: false };
        let tasks = ReadingTasks::start(&process, &runtime);
        let stall_nanos = job.settings.integer("stall_timeout_ms") * 1_000_000;
        let ended = watch(&run, &*runtime, stall_nanos).await;
        tasks.end();
        driver.end();
        let ended = match ended {
            Ok(()) => run.take_end().unwrap_or(Ok(())),
            Err(millis) => {
                process.kill();
                let title = process.system.title().to_owned();
                let waiting = vec![format!("{title}, which neither reads nor writes")];
                Err(EngineError::Stalled { millis, waiting })
            }
        };
        process.warm(kind.name, &workload, runtime.now().since(began));
        let tally = run.tally();
        if let Err(error) = ended {
            // What is ours has failed: the job is of no use any more.
            process.ask(&Request::Cancel);
            run.close();
            return Err(error);
        }
        // Of a job that has read and written nothing the end is now.
        let idle = tally.last_at == ProcessingTime::ZERO;
        observer.finished(if idle { runtime.now() } else { tally.last_at });
        let version = process.version().unwrap_or_default();
        Ok(Completion {
            records_in: tally.records_in,
            records_out: tally.records_out,
            interrupted: control.stop.is_requested(),
            counters: tally.counters,
            windows_unknown: !tally.tells_windows,
            restarts: tally.restarts,
            checkpoints: tally.checkpoints,
            usage: usage_since(process.pid, used),
            system: Some(format!("{} {version}", process.system.title())),
            ..Completion::default()
        })
    }
}

/// Waits for the end of a run.
///
/// # Errors
/// For how many milliseconds nothing has moved, when that is too long.
async fn watch(run: &RunState, runtime: &dyn Runtime, stall_nanos: u64) -> Result<(), u64> {
    let mut moves = run.tally().moves;
    let mut since = runtime.now();
    loop {
        let mut timer = runtime.timer();
        timer.arm(runtime.now().after(stall_nanos / 4));
        let ended = poll_fn(|context| {
            if run.poll_ended(context).is_ready() {
                return Poll::Ready(true);
            }
            timer.poll_due(context).map(|()| false)
        })
        .await;
        if ended {
            return Ok(());
        }
        let now = runtime.now();
        let tally = run.tally();
        if tally.moves != moves || !run.owes_something() {
            (moves, since) = (tally.moves, now);
        } else if now.since(since) >= stall_nanos {
            return Err(now.since(since) / 1_000_000);
        }
    }
}

fn request(kind: &EngineKind, shape: &JobShape, run: u32, folder: String) -> RunRequest {
    let WorkloadIdentity { name, knobs, .. } = &shape.workload;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let texts = |(name, value): (&String, &Value)| (name.clone(), text(value));
    let is_own = |name: &String| kind.settings.iter().any(|it| it.name == name);
    let values = shape.settings.values();
    RunRequest {
        run,
        engine: kind.name.to_owned(),
        workload: name.clone(),
        knobs: knobs.values().iter().map(texts).collect(),
        settings: values.iter().filter(|(name, _)| is_own(name)).map(texts).collect(),
        foreign: values.iter().filter(|(name, _)| !is_own(name)).map(texts).collect(),
        parallelism: shape.parallelism,
        splits: shape.splits,
        bound_ms: (shape.bound_nanos + 999_999) / 1_000_000,
        folder,
        resume: shape.start == Start::Resume,
    }
}
