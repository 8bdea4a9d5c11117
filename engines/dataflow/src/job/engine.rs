//! An engine: runs a plan under one model.
//!
//! An engine owes:
//! - a [`StageRunner`](crate::stage::StageRunner) per subtask, from [`Plan::runner`] or
//!   [`Plan::runner_from`], opened with `(plan.sink.open)(subtask)` where the stage writes to the
//!   sink; the loop stands there;
//! - the work of every turn to [`Runtime::reserve`] before the hand-over;
//! - [`Progress`](crate::Progress) that never goes back, and at the end of the input
//!   [`EventTime::MAX`](crate::EventTime::MAX), a flush, and `poll_finish` until it is ready;
//! - to the [`Observer`]: `started`, `backlog`, `read` and `finished`, by which progress, the timed
//!   span and the validity of a run are known; and [`note_oversleep`] after a source's timer;
//! - an end when [`Control::stop`] is requested, also while it waits for events: it reads no more, drains,
//!   and ends;
//! - [`Completion::add_subtask`] for every subtask;
//! - a declared setting `guarantee`, which every result names.
//!
//! `harness/examples/own_engine.rs` is an engine from scratch.
//!
//! [`note_oversleep`]: crate::job::source::note_oversleep

use std::any::Any;
use std::sync::{Arc, Mutex};

use crate::job::observer::Observer;
use crate::job::plan::Plan;
use crate::job::runtime::Runtime;
use crate::job::settings::{Setting, Settings};
use crate::record::change::ResultKind;
use crate::record::content_hash::ContentHash;

pub use crate::future::BoxFuture;
pub use crate::job::completion::{Completion, ExchangeCounts};
pub use crate::job::error::EngineError;
pub use crate::job::guarantee::{GUARANTEES, Guarantee};
pub use crate::job::stop::StopSignal;

/// Runs jobs under one model.
pub trait Engine: Send + Sync {
    /// As results name it.
    fn name(&self) -> &'static str;

    /// One sentence for `list engines`.
    fn describe(&self) -> &'static str;

    /// The system that it runs on, where it is not one of ours: `Apache Flink`.
    fn system(&self) -> Option<&'static str> {
        None
    }

    /// Whether a result that changes has a row for each change: some systems put out one for each key
    /// and batch.
    fn emits_each_change(&self) -> bool {
        true
    }

    /// What can be set.
    fn settings(&self) -> &'static [Setting];

    /// Looks for settings that do not go together, each being sound by itself.
    ///
    /// # Errors
    /// What does not go together, and what to do.
    fn check(&self, settings: &Settings, parallelism: u32) -> Result<(), String> {
        let _ = (settings, parallelism);
        Ok(())
    }

    /// What a run of a plan is made of before the first event comes. By default a subtask for each
    /// stage and unit of parallelism, and no channels.
    fn footprint(&self, plan: &Plan, parallelism: u32, settings: &Settings) -> Footprint {
        let _ = settings;
        Footprint { subtasks: plan.stages.len() as u64 * u64::from(parallelism), channels: 0 }
    }

    /// On which clocks it runs, as [`Runtime::clock`] names them.
    fn clocks(&self) -> &'static [&'static str] {
        &["wall", "virtual"]
    }

    /// Whether it can run a workload. An engine that runs plans can run each.
    ///
    /// # Errors
    /// Why it cannot, and what it can.
    fn knows(&self, workload: &WorkloadIdentity) -> Result<(), String> {
        let _ = workload;
        Ok(())
    }

    /// How the keys begin of settings that it hands on to a system under their own names: such a key
    /// is no setting of the engine, and the system says whether it has it.
    fn foreign_keys(&self) -> &'static [&'static str] {
        &[]
    }

    /// For how many nanoseconds a workload is to run before its figures count, as a compiler is still
    /// at work in the process that runs it. Every run of it makes that less.
    fn cold_nanos(&self, workload: &WorkloadIdentity) -> u64 {
        let _ = workload;
        0
    }

    /// Makes ready what a job needs before its first event may be planned: a system that takes
    /// seconds to start, whose sources must be connected. What it returns goes into
    /// [`Job::prepared`]. An engine whose start takes no time has nothing to prepare.
    ///
    /// # Errors
    /// When the job cannot be started.
    fn prepare(
        &self,
        shape: JobShape,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Prepared, EngineError>> {
        let _ = (shape, runtime, control);
        Box::pin(std::future::ready(Ok(Prepared::default())))
    }

    /// Runs a job to the end of its input, or until it is stopped and drained.
    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>>;
}

/// How many of the parts that a run takes memory for, whatever its events are.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Subtasks, or partitions of stages.
    pub subtasks: u64,
    /// Channels between them that are held for the whole run.
    pub channels: u64,
}

/// What a plan is made of, for engines that cannot run plans.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkloadIdentity {
    /// The workload's name.
    pub name: String,
    /// Its knobs.
    pub knobs: Settings,
    /// The seed of its events.
    pub seed: u64,
    /// What its result means.
    pub result: ResultKind,
}

/// What is known of a job before its plan is made.
#[derive(Clone, Debug)]
pub struct JobShape {
    /// What it computes.
    pub workload: WorkloadIdentity,
    /// Splits of its source.
    pub splits: u32,
    /// Longest delay among its events, in nanoseconds of event time.
    pub bound_nanos: i64,
    /// Subtasks per stage, 1 or more.
    pub parallelism: u32,
    /// The engine's settings, resolved.
    pub settings: Settings,
    /// Whether what is stored of this job is taken up.
    pub start: Start,
}

/// What an engine has made ready for a job.
#[derive(Debug, Default)]
pub struct Prepared {
    /// The processes that are part of it.
    pub processes: Vec<u32>,
    state: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Prepared {
    /// With processes, and what only the engine knows.
    pub fn new<T: Send + 'static>(processes: Vec<u32>, state: T) -> Self {
        Self { processes, state: Mutex::new(Some(Box::new(state))) }
    }

    /// What the engine has put there, once.
    pub fn take<T: 'static>(&self) -> Option<Box<T>> {
        let state = self.state.lock().expect("no holder fails").take()?;
        state.downcast().ok()
    }
}

/// What to run, and how.
#[derive(Debug)]
pub struct Job {
    /// What the plan is made of.
    pub workload: WorkloadIdentity,
    /// The plan.
    pub plan: Plan,
    /// Subtasks per stage, 1 or more.
    pub parallelism: u32,
    /// The engine's settings, resolved.
    pub settings: Settings,
    /// Whether what the storage holds of this job is taken up.
    pub start: Start,
    /// By what the job is known: what was stored under another is refused.
    pub identity: ContentHash,
    /// What [`Engine::prepare`] has made ready for it; nothing in a job that starts again.
    pub prepared: Prepared,
}

impl Job {
    /// One that begins at the first event, without a name to be taken up by.
    pub fn fresh(plan: Plan, parallelism: u32, settings: Settings) -> Self {
        Self {
            workload: WorkloadIdentity::default(),
            plan,
            parallelism,
            settings,
            start: Start::Fresh,
            identity: ContentHash::default(),
            prepared: Prepared::default(),
        }
    }
}

/// Where a job begins.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the first event, without state; the storage must hold nothing of the job.
    #[default]
    Fresh,
    /// Where the last completed checkpoint or batch in the storage left it; as `Fresh` if the
    /// storage holds nothing of the job.
    Resume,
}

/// How to stop a job, and who listens.
#[derive(Clone)]
pub struct Control {
    /// Stops it.
    pub stop: StopSignal,
    /// Listens.
    pub observer: Arc<dyn Observer>,
}
