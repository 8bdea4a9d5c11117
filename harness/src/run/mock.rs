//! Runs that are modelled: nothing runs and no time goes by. For tests of what is done with runs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use reports::schema::{MachineLoad, RunResult};

use crate::error::Result;
use crate::quantity::Rate;
use crate::run::answer::Answer;
use crate::run::audience::Audience;
use crate::run::executor::{Executed, Executor};
use crate::run::io::RunIo;
use crate::run::spec::RunSpec;
use crate::run::validity::{Evidence, why_invalid};

/// How a run goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    /// Events per second that the engine can take. Of a plan that asks for more, the rest is left.
    pub(crate) capacity_per_s: f64,
    /// Median latency, in nanoseconds.
    pub(crate) p50_ns: u64,
    /// 99th percentile of latency, in nanoseconds.
    pub(crate) p99_ns: u64,
    /// Whether the answer is the evaluator's.
    pub(crate) right: bool,
    /// Windows closed before the end of the input, if there are windows.
    pub(crate) windows_closed: Option<u64>,
    /// What the machine did to it, if it was disturbed.
    pub(crate) disturbed_because: Option<&'static str>,
    /// Whether the user stops the run while it is on.
    pub(crate) stopped: bool,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            capacity_per_s: 1e6,
            p50_ns: 1_000_000,
            p99_ns: 5_000_000,
            right: true,
            windows_closed: None,
            disturbed_because: None,
            stopped: false,
        }
    }
}

/// A run that was made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MadeRun {
    pub(crate) experiment: String,
    pub(crate) variant: String,
    pub(crate) repeat: u32,
    pub(crate) rate: Rate,
    pub(crate) events: u64,
}

/// Makes runs as a model says.
pub(crate) struct Mock<F> {
    model: F,
    /// Every run, in the order in which they were made.
    pub(crate) made: Vec<MadeRun>,
    clock: Rc<Cell<Duration>>,
}

impl<F: FnMut(&RunSpec, usize) -> Result<Model>> Mock<F> {
    /// `model` is asked for every run, with how many there were before.
    pub(crate) fn new(model: F) -> Self {
        Self { model, made: Vec::new(), clock: Rc::default() }
    }

    /// Listens to runs of this executor, whose time is the only time that goes by.
    pub(crate) fn listener(&self) -> Listener {
        Listener { clock: Rc::clone(&self.clock), ..Listener::default() }
    }
}

impl<F: FnMut(&RunSpec, usize) -> Result<Model>> Executor for Mock<F> {
    fn run(&mut self, spec: &RunSpec, io: RunIo<'_>) -> Result<Executed> {
        let model = (self.model)(spec, self.made.len())?;
        self.made.push(MadeRun {
            experiment: spec.experiment.clone(),
            variant: spec.variant.clone(),
            repeat: spec.repeat,
            rate: spec.rate,
            events: spec.events,
        });
        if model.stopped {
            io.stop.request();
        }
        let checked = !matches!(io.answer, Answer::Unchecked) && !model.stopped;
        let result = result(spec, &model, checked);
        self.clock.set(self.clock.get() + Duration::from_nanos(result.elapsed_ns));
        Ok(Executed { result, latency: None, failure: None, progress: None })
    }

    /// Twice what any test asks for.
    fn generator_per_s(&mut self, _: &RunSpec) -> Result<Option<f64>> {
        Ok(Some(1e12))
    }
}

fn result(spec: &RunSpec, model: &Model, checked: bool) -> RunResult {
    let taken_per_s = match spec.rate {
        Rate::Max => model.capacity_per_s,
        Rate::PerSecond(rate) => rate.min(model.capacity_per_s),
    };
    let left = spec.rate.per_second().map_or(0.0, |rate| 1.0 - taken_per_s / rate);
    let mut result = RunResult {
        experiment: spec.experiment.clone(),
        workload: spec.workload.name().to_owned(),
        engine: spec.engine.name().to_owned(),
        variant: spec.variant.clone(),
        measures: spec.measures,
        settings: spec.settings().values().clone(),
        knobs: spec.knobs().values().clone(),
        seed: spec.seed,
        rate: spec.rate.per_second(),
        events: spec.events,
        warm_up_events: spec.warm_up,
        parallelism: spec.parallelism,
        clock: spec.clock.name().to_owned(),
        guarantee: spec.guarantee().name().to_owned(),
        repeat: spec.repeat,
        interrupted: model.stopped,
        records_in: if model.stopped { spec.events / 2 } else { spec.events },
        elapsed_ns: (spec.events as f64 / taken_per_s * 1e9) as u64,
        throughput_per_s: taken_per_s,
        backlog_at_end: left,
        windows_closed: model.windows_closed,
        piloted: spec.piloted.clone(),
        generator_per_s: spec.generator_per_s,
        machine: model.disturbed_because.map(|because| MachineLoad {
            disturbed_because: Some(because.to_owned()),
            ..MachineLoad::default()
        }),
        ..RunResult::default()
    };
    if !spec.rate.is_max() {
        let latency = &mut result.latency_ns.from_planned;
        (latency.p50, latency.p99) = (Some(model.p50_ns), Some(model.p99_ns));
    }
    result.output.digest = if model.right { "right" } else { "wrong" }.to_owned();
    result.output.expected_digest = checked.then(|| "right".to_owned());
    result.invalid_because = {
        let right = checked.then_some(model.right);
        why_invalid(&result, Evidence { right, for_figures: true })
    };
    result.valid = result.invalid_because.is_empty();
    result
}

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct Listener {
    clock: Rc<Cell<Duration>>,
    pub(crate) notes: RefCell<Vec<String>>,
    pub(crate) steps: Cell<u64>,
    pub(crate) skipped: Cell<u64>,
}

impl Audience for Listener {
    fn step(&self) {
        self.steps.set(self.steps.get() + 1);
    }
    fn skip(&self, runs: u64) {
        self.skipped.set(self.skipped.get() + runs);
    }
    fn note(&self, line: &str) {
        self.notes.borrow_mut().push(line.to_owned());
    }
    fn elapsed(&self) -> Duration {
        self.clock.get()
    }
}
