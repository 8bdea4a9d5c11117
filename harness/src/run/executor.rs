//! Who makes runs. Whatever is done with runs (repeating, comparing, stopping, searching) is
//! written against this, so that it is tested without running anything.

use dataflow::{EngineError, StopSignal};
use reports::schema::RunResult;

use crate::error::Result;
use crate::measure::latency::Recorder;
use crate::measure::machine::progress::Progress;
use crate::run::answer::Answer;
use crate::run::audience::{Audience, Silent};
use crate::run::io::RunIo;
use crate::run::spec::RunSpec;

/// A run that is over.
#[derive(Debug)]
pub struct Executed {
    /// What was measured, as results hold it.
    pub result: RunResult,
    /// The latencies themselves, where they were recorded.
    pub latency: Option<Recorder>,
    /// What ended the run, if that is no error: see [`Recovery::keeps_failed`].
    ///
    /// [`Recovery::keeps_failed`]: crate::run::spec::Recovery::keeps_failed
    pub failure: Option<EngineError>,
    /// How far the run had come when, where the system tells.
    pub(crate) progress: Option<Progress>,
}

/// Makes runs.
pub trait Executor {
    /// Makes a run, checks its answer, and says what was measured.
    ///
    /// # Errors
    /// When the engine refuses the job, cannot read its input or fails, and when nothing moves any
    /// more.
    fn run(&mut self, spec: &RunSpec, io: RunIo<'_>) -> Result<Executed>;

    /// Events per second that the generator of a run makes on one core when nobody does anything
    /// with them; `None` if that is too little to be measured.
    ///
    /// # Errors
    /// When an event cannot be read.
    fn generator_per_s(&mut self, spec: &RunSpec) -> Result<Option<f64>>;
}

/// An executor, with who may stop its runs and who is told of them.
pub struct Runner<'a> {
    executor: &'a mut dyn Executor,
    /// Whether the user wants to stop.
    pub(crate) stop: &'a StopSignal,
    /// Is told how runs go.
    pub(crate) audience: &'a dyn Audience,
}

impl<'a> Runner<'a> {
    /// Makes runs on this executor.
    pub fn new(
        executor: &'a mut dyn Executor,
        stop: &'a StopSignal,
        audience: &'a dyn Audience,
    ) -> Self {
        Self { executor, stop, audience }
    }

    /// The same, and nobody is told.
    pub(crate) fn quiet(&mut self) -> Runner<'_> {
        Runner { executor: &mut *self.executor, stop: self.stop, audience: &Silent }
    }

    /// Makes a run over generated events that writes its rows nowhere.
    ///
    /// # Errors
    /// As [`Executor::run`].
    pub fn run(&mut self, spec: &RunSpec, answer: Answer<'_>) -> Result<Executed> {
        let io = RunIo::new(answer, self.stop, self.audience);
        self.executor.run(spec, io)
    }

    /// Makes a run with an input or output of its own.
    ///
    /// # Errors
    /// As [`Executor::run`].
    pub(crate) fn run_with<'b>(
        &'b mut self,
        spec: &RunSpec,
        answer: Answer<'b>,
        with: impl FnOnce(RunIo<'b>) -> RunIo<'b>,
    ) -> Result<Executed> {
        let io = with(RunIo::new(answer, self.stop, self.audience));
        self.executor.run(spec, io)
    }

    /// As [`Executor::generator_per_s`].
    ///
    /// # Errors
    /// When an event cannot be read.
    pub(crate) fn generator_per_s(&mut self, spec: &RunSpec) -> Result<Option<f64>> {
        self.executor.generator_per_s(spec)
    }

    /// Whether the user wants to stop.
    pub(crate) fn is_to_stop(&self) -> bool {
        self.stop.is_requested()
    }
}
