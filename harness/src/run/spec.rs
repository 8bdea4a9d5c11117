//! What to run: one description, and one way to make it.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::job::engine::{Start, WorkloadIdentity};
use dataflow::job::settings::Settings;
use dataflow::job::storage::Storage;
use dataflow::record::content_hash::ContentHash;
use dataflow::{Engine, Guarantee, ProcessingTime};
use reports::schema::{DuetSide, Measures};
use serde_json::{Value, json};
use workloads::registry::{AnyEvents, AnyWorkload};

use crate::analysis::diff::configuration::Configuration;
use crate::error::{Error, Result};
use crate::profiles::RunPrices;
use crate::quantity::Rate;
use crate::registry::{EngineSpec, Registry, resolve_settings};
use crate::run::clock::{Clock, FREE, RunClock, clock_with, in_memory};
use crate::run::fault::FaultSpec;
use crate::run::topic_input::TopicInput;

/// What to run. Made by a `RunDraft`, which resolves settings and knobs.
///
/// ```
/// use streamgauge::Registry;
/// use streamgauge::internals::{Clock, Rate, RunSpec};
/// let draft = RunSpec::new(&Registry::standard(), "pipelined", "keyed-count").unwrap();
/// let draft = draft.rate(Rate::PerSecond(50_000.0)).events(10_000).seed(7).clock(Clock::Virtual);
/// let spec = draft.resolve().unwrap();
/// assert_eq!((spec.variant.as_str(), spec.events), ("pipelined", 10_000));
/// ```
#[derive(Clone)]
pub struct RunSpec {
    /// The experiment it belongs to; the workload's name unless another is given.
    pub experiment: String,
    /// The workload.
    pub workload: Arc<dyn AnyWorkload>,
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// As tables and charts name it: the engine with the settings that set it apart.
    pub variant: String,
    settings: Settings,
    knobs: Settings,
    /// What its work costs; `None` for a system in a process of its own.
    pub(crate) prices: Option<Arc<RunPrices>>,
    /// Seed of everything drawn at random.
    pub seed: u64,
    /// Planned events per second, or as fast as they are taken.
    pub rate: Rate,
    /// How many events; `u64::MAX` if only the input knows.
    pub events: u64,
    /// Warm-up: these first events count for the answer, not for latency or throughput.
    pub warm_up: u64,
    /// Subtasks per stage.
    pub parallelism: u32,
    /// Which clock.
    pub clock: Clock,
    /// Which repeat, from 0.
    pub repeat: u32,
    /// Whether latency is recorded.
    pub measures: Measures,
    /// Where the run begins, what fails in it, and where it stops.
    pub recovery: Recovery,
    /// Events per second that the generator makes by itself, if somebody has measured it.
    pub generator_per_s: Option<f64>,
    /// Which of `rate`, `events` and `warm_up_events` pilots have chosen.
    pub piloted: Vec<String>,
    /// What runs on another core meanwhile, if something is to.
    pub duet: Option<DuetSide>,
    /// The topic that is read, in the place of generated events.
    pub(crate) topic: Option<Arc<TopicInput>>,
}

/// Where a run begins, what fails in it, and where it stops.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    /// Whether what the storage holds of the job is taken up.
    pub start: Start,
    /// By what its checkpoints know the job.
    pub identity: ContentHash,
    /// The job is stopped once this many events have been read.
    pub stop_after: Option<u64>,
    /// What goes wrong.
    pub faults: Vec<FaultSpec>,
    /// Whether another process may go on with the job: its times must fit then too.
    pub outlives_process: bool,
    /// Whether a failure that ends the run still gives a result of what was measured until then.
    /// The result is invalid, has read what its sources had read, and its last failure is the one
    /// that ended it. Otherwise such a failure is an error.
    pub keeps_failed: bool,
}

impl RunSpec {
    /// A run of an engine, with settings of its own if need be (`pipelined,buffer_timeout_ms=0`),
    /// on a workload.
    ///
    /// # Errors
    /// If there is no engine or workload of that name.
    #[allow(clippy::new_ret_no_self, reason = "a run is described before it can be resolved")]
    pub fn new(registry: &Registry, engine: &str, workload: &str) -> Result<RunDraft> {
        let spec = EngineSpec::parse(engine)?;
        let (engine, workload) = (registry.engine(&spec.name)?, registry.workload(workload)?);
        let variant = spec.to_string();
        Ok(Self::of(engine, workload).variant(variant).settings(spec.settings))
    }

    /// A run of an engine on a workload that are at hand.
    pub fn of(engine: Arc<dyn Engine>, workload: Arc<dyn AnyWorkload>) -> RunDraft {
        let none = Settings::default;
        let spec = Self {
            experiment: workload.name().to_owned(),
            variant: engine.name().to_owned(),
            workload,
            engine,
            settings: none(),
            knobs: none(),
            prices: None,
            seed: 0,
            rate: Rate::Max,
            events: 0,
            warm_up: 0,
            parallelism: 1,
            clock: Clock::Wall,
            repeat: 0,
            measures: Measures::Throughput,
            recovery: Recovery::default(),
            generator_per_s: None,
            piloted: Vec::new(),
            duet: None,
            topic: None,
        };
        RunDraft {
            spec,
            own: BTreeMap::new(),
            shared: BTreeMap::new(),
            knobs: BTreeMap::new(),
            tuned_for: None,
            measures: None,
        }
    }

    /// The engine's settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The workload's knobs.
    pub const fn knobs(&self) -> &Settings {
        &self.knobs
    }

    /// What it computes, for engines that cannot run plans.
    pub(crate) fn identity(&self) -> WorkloadIdentity {
        WorkloadIdentity {
            name: self.workload.name().to_owned(),
            knobs: self.knobs.clone(),
            seed: self.seed,
            result: self.workload.result(),
        }
    }

    /// Whether the engine can run the workload, on this clock.
    ///
    /// # Errors
    /// Why it cannot, and what it can.
    pub(crate) fn check_engine(&self) -> Result<()> {
        self.engine.knows(&self.identity()).map_err(Error::Input)?;
        if let Some(system) = self.engine.system() {
            let other = self.recovery.faults.iter().find(|fault| !fault.strikes_systems());
            if let Some(fault) = other {
                return Err(Error::Input(format!(
                    "`{fault}` cannot strike {system}: its tasks and workers are threads of one process \
                     that is not ours; kill:subtask, kill:task and kill:driver can"
                )));
            }
        }
        let clocks = self.engine.clocks();
        if clocks.contains(&self.clock.name()) {
            return Ok(());
        }
        Err(Error::Input(format!(
            "engine {} runs on the {} clock only",
            self.engine.name(),
            clocks.join(" or the ")
        )))
    }

    /// What the run promises.
    pub fn guarantee(&self) -> Guarantee {
        Guarantee::named(self.settings.name("guarantee"))
    }

    /// Whether rows are committed here: a real system holds its rows back by itself.
    pub(crate) fn commits_here(&self) -> bool {
        self.guarantee() == Guarantee::ExactlyOnce && self.engine.system().is_none()
    }

    /// Its events, as the workload generates them.
    pub fn generate(&self) -> Box<dyn AnyEvents> {
        self.workload.generate(&self.knobs, self.seed)
    }

    /// Its events, from where they come: a topic is fetched from now on.
    ///
    /// # Errors
    /// When a topic cannot be read.
    pub(crate) fn open_events(&self, clock: &RunClock) -> Result<Box<dyn AnyEvents>> {
        match &self.topic {
            Some(topic) => topic.events((&*self.workload, &self.knobs), clock),
            None => Ok(self.generate()),
        }
    }

    /// A clock for it, with nothing in storage.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub fn run_clock(&self) -> Result<RunClock> {
        self.run_clock_with(false, in_memory())
    }

    /// The same with a storage, and on the wall clock with a time that it goes on from.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub(crate) fn run_clock_with(
        &self,
        tracing: bool,
        from: (Arc<dyn Storage>, ProcessingTime),
    ) -> Result<RunClock> {
        let prices = self.prices.as_ref().map_or(FREE, |it| it.prices);
        // Repeats that are simulated differ in all that is drawn but the events.
        let repeat = if self.clock == Clock::Virtual { u64::from(self.repeat) } else { 0 };
        let seed = self.seed.wrapping_add(repeat);
        clock_with(self.clock, seed, self.parallelism, (tracing, prices), from)
    }

    /// Everything that decides its figures, by name.
    pub(crate) fn configuration(&self) -> Configuration {
        Configuration::new(
            [
                ("workload", json!(self.workload.name())),
                ("rate", json!(self.rate.per_second())),
                // Of a topic the offsets say it, of which not each holds an event.
                ("events", json!(self.topic.is_none().then_some(self.events))),
                ("warm_up_events", json!(self.warm_up)),
                ("parallelism", json!(self.parallelism)),
                ("guarantee", json!(self.settings.name("guarantee"))),
                ("clock", json!(self.clock.name())),
                ("duet", json!(self.duet.is_some())),
                ("input", json!(self.topic.as_ref().map(|topic| topic.described()))),
            ],
            self.knobs.values(),
            self.settings.values(),
        )
    }
}

/// A run that is being described: whatever is left out has a default. [`RunDraft::resolve`] checks
/// settings and knobs and makes the [`RunSpec`].
///
/// The defaults are: seed 0, as fast as events are taken, no warm-up, one subtask per stage, the
/// wall clock, no failures; latency is recorded at a planned rate and not at `max`.
#[derive(Clone)]
pub struct RunDraft {
    spec: RunSpec,
    own: BTreeMap<String, Value>,
    shared: BTreeMap<String, Value>,
    knobs: BTreeMap<String, Value>,
    tuned_for: Option<Rate>,
    measures: Option<Measures>,
}

impl RunDraft {
    /// The experiment it belongs to.
    #[must_use]
    pub fn experiment(mut self, name: impl Into<String>) -> Self {
        self.spec.experiment = name.into();
        self
    }

    /// As tables and charts name it.
    #[must_use]
    pub fn variant(mut self, name: impl Into<String>) -> Self {
        self.spec.variant = name.into();
        self
    }

    /// Settings of this engine; it must have them.
    #[must_use]
    pub fn settings(mut self, own: BTreeMap<String, Value>) -> Self {
        self.own = own;
        self
    }

    /// Settings given to all engines of an experiment; those that this engine lacks are left out.
    #[must_use]
    pub fn shared_settings(mut self, shared: BTreeMap<String, Value>) -> Self {
        self.shared = shared;
        self
    }

    /// Knobs of the workload.
    #[must_use]
    pub fn knobs(mut self, knobs: BTreeMap<String, Value>) -> Self {
        self.knobs = knobs;
        self
    }

    /// Planned events per second, or as fast as they are taken.
    #[must_use]
    pub const fn rate(mut self, rate: Rate) -> Self {
        self.spec.rate = rate;
        self
    }

    /// Defaults of settings and knobs depend on the rate; they are to be those of another one. For
    /// the same events at another speed, and for inputs that set the pace.
    #[must_use]
    pub const fn tuned_for(mut self, rate: Rate) -> Self {
        self.tuned_for = Some(rate);
        self
    }

    /// How many events.
    #[must_use]
    pub const fn events(mut self, events: u64) -> Self {
        self.spec.events = events;
        self
    }

    /// Events at the start that are not timed.
    #[must_use]
    pub const fn warm_up(mut self, events: u64) -> Self {
        self.spec.warm_up = events;
        self
    }

    /// Seed of everything drawn at random.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.spec.seed = seed;
        self
    }

    /// Subtasks per stage.
    #[must_use]
    pub const fn parallelism(mut self, subtasks: u32) -> Self {
        self.spec.parallelism = subtasks;
        self
    }

    /// The topic that is read, if any.
    #[must_use]
    pub(crate) fn topic(mut self, topic: Option<Arc<TopicInput>>) -> Self {
        self.spec.topic = topic;
        self
    }

    /// Which clock.
    #[must_use]
    pub const fn clock(mut self, clock: Clock) -> Self {
        self.spec.clock = clock;
        self
    }

    /// Which repeat, from 0.
    #[must_use]
    pub const fn repeat(mut self, repeat: u32) -> Self {
        self.spec.repeat = repeat;
        self
    }

    /// Whether latency is recorded.
    #[must_use]
    pub const fn measures(mut self, measures: Measures) -> Self {
        self.measures = Some(measures);
        self
    }

    /// Where it begins, what fails in it, and where it stops.
    #[must_use]
    pub fn recovery(mut self, recovery: Recovery) -> Self {
        self.spec.recovery = recovery;
        self
    }

    /// Events per second that the generator makes by itself.
    #[must_use]
    pub const fn generator_per_s(mut self, rate: Option<f64>) -> Self {
        self.spec.generator_per_s = rate;
        self
    }

    /// Which of `rate`, `events` and `warm_up_events` pilots have chosen.
    #[must_use]
    pub(crate) fn piloted(mut self, names: Vec<String>) -> Self {
        self.spec.piloted = names;
        self
    }

    /// Resolves settings and knobs.
    ///
    /// # Errors
    /// If one is unknown, has an invalid value, or does not go together with another.
    pub fn resolve(self) -> Result<RunSpec> {
        let mut spec = self.spec;
        let rate = self.tuned_for.unwrap_or(spec.rate);
        let (engine, workload) = (&*spec.engine, &*spec.workload);
        spec.settings = resolve_settings(
            engine,
            &self.own,
            &self.shared,
            workload,
            spec.parallelism,
            rate.is_max(),
        )?;
        spec.knobs = workload.resolve(&self.knobs, rate.per_second()).map_err(Error::input)?;
        if spec.engine.system().is_none() {
            spec.prices = Some(Arc::new(RunPrices::of(&spec.settings, &spec.knobs)?));
        }
        spec.check_engine()?;
        spec.measures = self.measures.unwrap_or(match spec.rate {
            Rate::Max => Measures::Throughput,
            Rate::PerSecond(_) => Measures::Latency,
        });
        Ok(spec)
    }
}
