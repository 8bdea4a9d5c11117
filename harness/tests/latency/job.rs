//! A latency run from end to end, in virtual time or on the wall clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::job::runtime::CostKind;
use dataflow::{Engine, ProcessingTime, StopSignal};
use reports::schema::RunResult;
use runtime::{CostTable, Place, VirtualOptions, VirtualTime};
use serde_json::Value;
use streamgauge::Registry;
use streamgauge::internals::{
    Answer, Clock, Executor, Rate, Real, RunClock, RunIo, RunSpec, Silent,
};

/// What to run.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) workload: &'static str,
    pub(crate) set: Vec<(&'static str, Value)>,
    pub(crate) knobs: Vec<(&'static str, Value)>,
    pub(crate) events: u64,
    pub(crate) rate: f64,
    pub(crate) parallelism: u32,
    pub(crate) clock: Clock,
    pub(crate) costs: CostTable,
}

impl Job {
    pub(crate) fn new(engine: &str, workload: &'static str) -> Self {
        Self {
            engine: Registry::standard().engine(engine).expect("a known engine"),
            workload,
            set: Vec::new(),
            knobs: Vec::new(),
            events: 20_000,
            rate: 100_000.0,
            parallelism: 2,
            clock: Clock::Virtual,
            costs: CostTable::FREE
                .with(CostKind::Record, 50.0, Place::Core)
                .with(CostKind::Buffer, 2_000.0, Place::Core)
                .with(CostKind::Task, 20_000.0, Place::Core),
        }
    }

    pub(crate) fn set(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.set.push((name, value.into()));
        self
    }

    pub(crate) fn run(&self) -> RunResult {
        let workload = Registry::standard().workload(self.workload).expect("a known workload");
        let spec = RunSpec::of(Arc::clone(&self.engine), workload)
            .experiment("latency")
            .settings(owned(&self.set))
            .knobs(owned(&self.knobs))
            .seed(1)
            .rate(Rate::PerSecond(self.rate))
            .events(self.events)
            .parallelism(self.parallelism)
            .clock(self.clock)
            .resolve()
            .expect("sound settings and knobs");
        let run_clock = match self.clock {
            Clock::Wall => spec.run_clock().expect("a clock"),
            Clock::Virtual => RunClock::Virtual(VirtualTime::new(VirtualOptions {
                seed: 1,
                cores_per_node: self.parallelism,
                costs: self.costs,
                ..VirtualOptions::default()
            })),
        };
        let stop = StopSignal::default();
        let io = RunIo::new(Answer::Evaluated, &stop, &Silent).clock(&run_clock);
        let executed = Real.run(&spec, io);
        let result = executed.expect("the run comes to its end").result;
        assert_eq!(Some(&result.output.digest), result.output.expected_digest.as_ref());
        result
    }
}

fn owned(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// Milliseconds as a runtime counts them.
pub(crate) fn millis(count: f64) -> ProcessingTime {
    ProcessingTime((count * 1e6) as u64)
}
