//! One run behind cases of flow control.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::Settings;
use dataflow::{Digest, Engine, Plan, StopSignal, Stream};
use reports::schema::{Measures, RunResult};
use runtime::{Costs, MemoryStorage, VirtualOptions, VirtualTime};
use serde_json::Value;
use workloads::queries::KeyedCount;
use workloads::registry::{AnyEvents, AnyWorkload};
use workloads::schedule::arrival::Schedule;
use workloads::spec::Workload;

use super::eager_source::EagerSource;
use super::receivers::slowed;
use crate::error::{Error, Result};
use crate::run::clock::{Clock, RunClock, clock};
use crate::run::execute::{Recovery, RunSpec, Surroundings, execute};
use crate::run::fault::FaultSpec;
use crate::terminal::progress::Progress;

/// Bytes of a record of the jobs here in a buffer: key, payload and stamps.
pub(super) const RECORD_BYTES: u64 = 32;

/// What is run: events of few keys, counted by key, with receivers of a given speed behind.
#[derive(Clone)]
pub(super) struct Trial {
    pub(super) engine: Arc<dyn Engine>,
    /// What is set, of the engine.
    pub(super) settings: Vec<(&'static str, Value)>,
    /// And of the workload.
    pub(super) knobs: Vec<(&'static str, Value)>,
    /// Planned events per second; `None`: always more, stamped when read.
    pub(super) rate: Option<f64>,
    /// Records per second that each subtask's sink takes; none: any number.
    pub(super) receivers: Vec<f64>,
    pub(super) events: u64,
    /// Events at the start that are not timed.
    pub(super) warm_up: u64,
    pub(super) parallelism: u32,
    pub(super) clock: Clock,
    /// What work costs in virtual time.
    pub(super) costs: Costs,
    pub(super) seed: u64,
    pub(super) faults: Vec<FaultSpec>,
}

impl Trial {
    /// On virtual time, where nothing costs anything but what is asked for.
    pub(super) fn new(engine: &Arc<dyn Engine>, seed: u64) -> Self {
        Self {
            engine: Arc::clone(engine),
            settings: Vec::new(),
            knobs: Vec::new(),
            rate: None,
            receivers: Vec::new(),
            events: 0,
            warm_up: 0,
            parallelism: 1,
            clock: Clock::Virtual,
            costs: Costs::FREE,
            seed,
            faults: Vec::new(),
        }
    }

    /// Runs it.
    ///
    /// # Errors
    /// When the engine refuses the settings or fails, and when the answer is wrong.
    pub(super) fn run(&self, stop: &StopSignal) -> Result<RunResult> {
        let workload = workloads::registry::register(KeyedCount);
        let knobs = workload.resolve(&named(&self.knobs), self.rate).map_err(Error::input)?;
        let settings = named(&self.settings);
        let (name, own) = (self.engine.name(), self.engine.settings());
        let settings = Settings::resolve(name, own, &settings, false).map_err(Error::input)?;
        self.engine.check(&settings, self.parallelism).map_err(Error::Input)?;
        let spec = RunSpec {
            experiment: "flow-control".to_owned(),
            workload: Arc::clone(&workload) as Arc<dyn AnyWorkload>,
            engine: Arc::clone(&self.engine),
            variant: name.to_owned(),
            settings,
            knobs: knobs.clone(),
            seed: self.seed,
            rate: self.rate,
            events: self.events,
            warm_up: self.warm_up,
            parallelism: self.parallelism,
            clock: self.clock,
            repeat: 0,
            measures: Measures::Latency,
            recovery: Recovery { faults: self.faults.clone(), ..Recovery::default() },
            generator_per_s: None,
        };
        let run_clock = self.run_clock()?;
        let events = FlowEvents {
            generated: workload.generate(&knobs, self.seed),
            knobs,
            trial: self.clone(),
            runtime: run_clock.runtime(),
        };
        let progress = Progress::new(1, true);
        let around = Surroundings::of(&events, stop, &progress, &run_clock);
        let result = execute(&spec, around, &mut || events.expected(self.events))?.result;
        if result.output.expected_digest.as_ref().is_some_and(|it| *it != result.output.digest) {
            let job = format!("{} over {} events", result.engine, self.events);
            return Err(Error::Run(format!("a wrong answer of {job}")));
        }
        Ok(result)
    }

    fn run_clock(&self) -> Result<RunClock> {
        match self.clock {
            Clock::Wall => clock(Clock::Wall, self.seed, self.parallelism, false),
            Clock::Virtual => {
                let options = VirtualOptions {
                    seed: self.seed,
                    nodes: 1,
                    cores_per_node: self.parallelism,
                    costs: self.costs,
                    tracing: false,
                };
                Ok(RunClock::Virtual(VirtualTime::with_storage(options, MemoryStorage::new())))
            }
        }
    }
}

fn named(given: &[(&'static str, Value)]) -> BTreeMap<String, Value> {
    given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// The generated events of a trial, in front of its receivers.
struct FlowEvents {
    generated: Box<dyn AnyEvents>,
    knobs: Settings,
    trial: Trial,
    runtime: Arc<dyn Runtime>,
}

impl AnyEvents for FlowEvents {
    fn count(&self) -> Option<u64> {
        self.generated.count()
    }

    fn plan(&self, schedule: Schedule, sink: SinkSlot) -> Plan {
        let sink = slowed(sink, &self.trial.receivers, &self.runtime);
        if self.trial.rate.is_some() {
            return self.generated.plan(schedule, sink);
        }
        let events = Arc::new(KeyedCount.events(&self.knobs, self.trial.seed));
        let splits = self.knobs.integer("splits") as u32;
        let source = EagerSource::new(events, schedule, splits);
        let stream = Stream::from_source(Arc::new(source), KeyedCount.bound_nanos(&self.knobs));
        KeyedCount.plan(&self.knobs, stream, sink)
    }

    fn expected(&self, count: u64) -> Digest {
        self.generated.expected(count)
    }

    fn sample(&self, count: u64) -> String {
        self.generated.sample(count)
    }
}
