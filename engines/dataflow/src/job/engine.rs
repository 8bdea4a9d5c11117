//! An engine: runs a plan under one model.

use std::sync::Arc;

use crate::job::observer::Observer;
use crate::job::plan::Plan;
use crate::job::runtime::Runtime;
use crate::job::settings::{Setting, Settings};

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

    /// Runs a job to the end of its input, or until it is stopped and drained.
    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>>;
}

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct Job {
    /// The plan.
    pub plan: Plan,
    /// Subtasks per stage, 1 or more.
    pub parallelism: u32,
    /// The engine's settings, resolved.
    pub settings: Settings,
    /// Whether what the storage holds of this job is taken up.
    pub start: Start,
}

/// Where a job begins.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the first event, without state; the storage must hold nothing of the job.
    #[default]
    Fresh,
    /// Where the last completed checkpoint or batch in the storage left it; as `Fresh` when there
    /// is none.
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
