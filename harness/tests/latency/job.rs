//! A latency run from end to end, in virtual time or on the wall clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::{Engine, ProcessingTime, StopSignal};
use reports::schema::{Measures, RunResult};
use runtime::{Costs, VirtualOptions, VirtualTime};
use serde_json::Value;
use streamgauge::experiment::registry::{Registry, resolve_settings};
use streamgauge::run::clock::{Clock, RunClock, clock};
use streamgauge::run::execute::{Recovery, RunSpec, Surroundings, execute};
use streamgauge::terminal::progress::Progress;

/// What to run.
#[derive(Clone)]
pub struct Job {
    pub engine: Arc<dyn Engine>,
    pub workload: &'static str,
    pub set: Vec<(&'static str, Value)>,
    pub knobs: Vec<(&'static str, Value)>,
    pub events: u64,
    pub rate: f64,
    pub parallelism: u32,
    pub clock: Clock,
    pub costs: Costs,
}

impl Job {
    pub fn new(engine: &str, workload: &'static str) -> Self {
        Self {
            engine: Registry::standard().engine(engine).expect("a known engine"),
            workload,
            set: Vec::new(),
            knobs: Vec::new(),
            events: 20_000,
            rate: 100_000.0,
            parallelism: 2,
            clock: Clock::Virtual,
            costs: Costs::default(),
        }
    }

    pub fn set(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.set.push((name, value.into()));
        self
    }

    pub fn run(&self) -> RunResult {
        let workload = Registry::standard().workload(self.workload).expect("a known workload");
        let (own, shared) = (owned(&self.set), BTreeMap::new());
        let settings =
            resolve_settings(&*self.engine, &own, &shared, &*workload, self.parallelism, false)
                .expect("sound settings");
        let knobs = workload.resolve(&owned(&self.knobs), Some(self.rate)).expect("sound knobs");
        let events = workload.generate(&knobs, 1);
        let run_clock = match self.clock {
            Clock::Wall => clock(Clock::Wall, 1, self.parallelism, false).expect("a clock"),
            Clock::Virtual => RunClock::Virtual(VirtualTime::new(VirtualOptions {
                seed: 1,
                cores_per_node: self.parallelism,
                costs: self.costs,
                ..VirtualOptions::default()
            })),
        };
        let spec = RunSpec {
            experiment: "latency".to_owned(),
            variant: self.engine.name().to_owned(),
            workload,
            engine: Arc::clone(&self.engine),
            settings,
            knobs,
            seed: 1,
            rate: Some(self.rate),
            events: self.events,
            warm_up: 0,
            parallelism: self.parallelism,
            clock: self.clock,
            repeat: 0,
            measures: Measures::Latency,
            recovery: Recovery::default(),
            generator_per_s: None,
        };
        let (stop, progress) = (StopSignal::default(), Progress::new(0, true));
        let around = Surroundings::of(&*events, &stop, &progress, &run_clock);
        let executed = execute(&spec, around, &mut || events.expected(self.events));
        let result = executed.expect("the run comes to its end").result;
        assert_eq!(Some(&result.output.digest), result.output.expected_digest.as_ref());
        result
    }
}

fn owned(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Milliseconds as a runtime counts them.
pub fn millis(count: f64) -> ProcessingTime {
    ProcessingTime((count * 1e6) as u64)
}
