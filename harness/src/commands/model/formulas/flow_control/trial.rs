//! One run of an experiment of flow control.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::Settings;
use dataflow::job::source::SourceError;
use dataflow::operator::lateness::LateNotes;
use dataflow::{Engine, Plan, Stream};
use reports::schema::{Measures, RunResult};
use runtime::{CostTable, MemoryStorage, VirtualOptions, VirtualTime};
use serde_json::Value;
use workloads::queries::KeyedCount;
use workloads::registry::{AnyEvents, EachLine, Expected, Replay};
use workloads::schedule::arrival::Schedule;
use workloads::spec::Workload;

use super::eager_source::EagerSource;
use super::receivers::slowed;
use crate::error::{Error, Result};
use crate::quantity::Rate;
use crate::run::answer::{Answer, is_wrong};
use crate::run::clock::{Clock, RunClock};
use crate::run::executor::Runner;
use crate::run::fault::FaultSpec;
use crate::run::spec::{Recovery, RunSpec};

/// Bytes of a record of the jobs here in a buffer: key, payload and stamps.
pub(super) const RECORD_BYTES: u64 = 32;

/// Events per second of event time where there is no planned rate.
const EVENT_RATE: f64 = 1e6;

/// What is run: events of few keys, counted by key, with receivers of a given speed behind.
#[derive(Clone)]
pub(super) struct FlowTrial {
    pub(super) engine: Arc<dyn Engine>,
    /// What is set, of the engine.
    pub(super) settings: Vec<(&'static str, Value)>,
    /// And of the workload.
    pub(super) knobs: Vec<(&'static str, Value)>,
    /// Planned events per second; at `max` there are always more, stamped when read.
    pub(super) rate: Rate,
    /// Records per second that each subtask's sink takes; any number if empty.
    pub(super) receivers: Vec<f64>,
    pub(super) events: u64,
    /// Events at the start that are not timed.
    pub(super) warm_up: u64,
    pub(super) parallelism: u32,
    pub(super) clock: Clock,
    /// What work costs in virtual time.
    pub(super) costs: CostTable,
    pub(super) seed: u64,
    pub(super) faults: Vec<FaultSpec>,
}

impl FlowTrial {
    /// On virtual time, where nothing costs anything but what is asked for.
    pub(super) fn new(engine: &Arc<dyn Engine>, seed: u64) -> Self {
        Self {
            engine: Arc::clone(engine),
            settings: Vec::new(),
            knobs: Vec::new(),
            rate: Rate::Max,
            receivers: Vec::new(),
            events: 0,
            warm_up: 0,
            parallelism: 1,
            clock: Clock::Virtual,
            costs: CostTable::FREE,
            seed,
            faults: Vec::new(),
        }
    }

    /// Runs it.
    ///
    /// # Errors
    /// When the engine refuses the settings or fails, and when the answer is wrong.
    pub(super) fn run(&self, runner: &mut Runner<'_>) -> Result<RunResult> {
        let workload = workloads::registry::register(KeyedCount);
        // Engines are set as at a planned rate, whatever the source does.
        let tuned_for = Rate::PerSecond(self.rate.per_second().unwrap_or(EVENT_RATE));
        let spec = RunSpec::of(Arc::clone(&self.engine), workload)
            .experiment("flow-control")
            .settings(named(&self.settings))
            .knobs(named(&self.knobs))
            .seed(self.seed)
            .rate(self.rate)
            .tuned_for(tuned_for)
            .measures(Measures::Latency)
            .events(self.events)
            .warm_up(self.warm_up)
            .parallelism(self.parallelism)
            .clock(self.clock)
            .recovery(Recovery { faults: self.faults.clone(), ..Recovery::default() })
            .resolve()?;
        let run_clock = self.run_clock(&spec)?;
        let events = FlowEvents {
            generated: spec.generate(),
            knobs: spec.knobs().clone(),
            trial: self.clone(),
            runtime: run_clock.runtime(),
        };
        let mut quiet = runner.quiet();
        let with_answer = Answer::Evaluated;
        let executed =
            quiet.run_with(&spec, with_answer, |io| io.events(&events).clock(&run_clock))?;
        let result = executed.result;
        if is_wrong(&result) {
            let job = format!("{} over {} events", result.engine, self.events);
            return Err(Error::Run(format!("a wrong answer of {job}")));
        }
        Ok(result)
    }

    fn run_clock(&self, spec: &RunSpec) -> Result<RunClock> {
        match self.clock {
            Clock::Wall => spec.run_clock(),
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
    trial: FlowTrial,
    runtime: Arc<dyn Runtime>,
}

impl AnyEvents for FlowEvents {
    fn replay(&self) -> Replay {
        self.generated.replay()
    }

    fn plan(&self, schedule: Schedule, sink: SinkSlot) -> Plan {
        let sink = slowed(sink, &self.trial.receivers, &self.runtime);
        if !self.trial.rate.is_max() {
            return self.generated.plan(schedule, sink);
        }
        let events = Arc::new(KeyedCount.events(&self.knobs, self.trial.seed));
        let splits = self.knobs.integer("splits") as u32;
        let source = EagerSource::new(events, schedule, splits);
        let stream = Stream::from_source(Arc::new(source), KeyedCount.bound_nanos(&self.knobs));
        KeyedCount.plan(&self.knobs, stream, sink)
    }

    fn expected_with(
        &self,
        count: u64,
        late: &LateNotes,
    ) -> std::result::Result<Expected, SourceError> {
        self.generated.expected_with(count, late)
    }

    fn each_line(&self, count: u64, each: &mut EachLine<'_>) {
        self.generated.each_line(count, each);
    }
}
