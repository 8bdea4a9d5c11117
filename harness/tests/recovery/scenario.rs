//! A job on an engine, with something that goes wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::job::engine::Start;
use dataflow::job::runtime::CostKind;
use dataflow::job::storage::Storage;
use dataflow::{ProcessingTime, StopSignal};
use reports::schema::RunResult;
use runtime::{
    CostTable, Fault, FaultyStorage, MemoryStorage, Place, Prices, StorageCounts, StorageFaults,
    Strike, Trigger,
};
use serde_json::Value;
use streamgauge::Registry;
use streamgauge::internals::{
    Answer, Clock, Executor, FaultSpec, Rate, Real, Recovery, RowWriter, RunClock, RunIo, RunSpec,
    Silent, clock_with,
};

/// What to run.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) registry: fn() -> Registry,
    pub(crate) engine: &'static str,
    pub(crate) workload: String,
    pub(crate) guarantee: &'static str,
    pub(crate) set: Vec<(&'static str, Value)>,
    pub(crate) knobs: Vec<(&'static str, Value)>,
    pub(crate) events: u64,
    pub(crate) rate: f64,
    pub(crate) parallelism: u32,
    pub(crate) seed: u64,
    pub(crate) clock: Clock,
    pub(crate) start: Start,
    pub(crate) stop_after: Option<u64>,
    pub(crate) faults: Vec<FaultSpec>,
    /// Faults by their trigger.
    pub(crate) triggers: Vec<(Trigger, Fault)>,
    /// Takes the rows as they are written, unless they are committed.
    pub(crate) rows: Option<RowWriter>,
}

impl Scenario {
    /// A second of events in virtual time, with some twenty checkpoints or batches.
    pub(crate) fn new(engine: &'static str, workload: &str, guarantee: &'static str) -> Self {
        let set = match engine {
            "pipelined" => vec![
                ("checkpoint_interval_ms", 50.0.into()),
                ("restart_delay_ms", 10.0.into()),
                ("buffer_timeout_ms", 5.0.into()),
                ("watermark_interval_ms", 5.into()),
            ],
            _ => vec![("batch_interval_ms", 50.0.into())],
        };
        Self {
            registry: Registry::standard,
            engine,
            workload: workload.to_owned(),
            guarantee,
            set,
            knobs: Vec::new(),
            events: 10_000,
            rate: 10_000.0,
            parallelism: 2,
            seed: 1,
            clock: Clock::Virtual,
            start: Start::Fresh,
            stop_after: None,
            faults: Vec::new(),
            triggers: Vec::new(),
            rows: None,
        }
    }

    pub(crate) fn run(&self) -> Ran {
        self.run_on(MemoryStorage::new(), None).expect("the run comes to its end")
    }

    /// Runs on a storage that fails, and says what it did.
    pub(crate) fn run_failing(
        &self,
        faults: StorageFaults,
    ) -> (Result<Ran, String>, StorageCounts) {
        let storage = FaultyStorage::new(faults);
        let attached = Arc::clone(&storage);
        let attach = move |clock: &RunClock| attached.attach(&clock.runtime(), clock.faults());
        let ran = self.run_attached(Arc::clone(&storage) as _, None, &attach);
        (ran, storage.counts())
    }

    /// Runs on a storage, which may hold something already, and into a folder, if there is one.
    pub(crate) fn run_on(
        &self,
        storage: Arc<dyn Storage>,
        folder: Option<&Arc<dyn Storage>>,
    ) -> Result<Ran, String> {
        self.run_attached(storage, folder, &|_| ())
    }

    fn run_attached(
        &self,
        storage: Arc<dyn Storage>,
        folder: Option<&Arc<dyn Storage>>,
        attach: &dyn Fn(&RunClock),
    ) -> Result<Ran, String> {
        let mut own: BTreeMap<String, Value> = owned(&self.set);
        own.insert("guarantee".to_owned(), self.guarantee.into());
        let spec = RunSpec::new(&(self.registry)(), self.engine, &self.workload)
            .expect("a known engine and workload")
            .experiment("recovery")
            .settings(own)
            .knobs(owned(&self.knobs))
            .seed(self.seed)
            .rate(Rate::PerSecond(self.rate))
            .events(self.events)
            .parallelism(self.parallelism)
            .clock(self.clock)
            .recovery(Recovery {
                start: self.start,
                stop_after: self.stop_after,
                faults: self.faults.clone(),
                ..Recovery::default()
            })
            .resolve()
            .map_err(|error| error.to_string())?;
        let from = (storage, ProcessingTime::ZERO);
        let run_clock =
            clock_with(self.clock, self.seed, self.parallelism, (false, prices()), from)
                .expect("a clock");
        attach(&run_clock);
        for (trigger, fault) in &self.triggers {
            run_clock.faults().plan(trigger.clone(), *fault);
        }
        let stop = StopSignal::default();
        let io = RunIo::new(Answer::Evaluated, &stop, &Silent).clock(&run_clock);
        let executed = Real.run(&spec, io.rows(self.rows.as_ref()).folder(folder));
        let result = executed.map(|it| it.result);
        let struck = run_clock.faults().struck();
        match result {
            Ok(result) => Ok(Ran { result, struck }),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn owned(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// What came of it.
pub(crate) struct Ran {
    pub(crate) result: RunResult,
    pub(crate) struck: Vec<Strike>,
}

impl Ran {
    /// Whether the output is the evaluator's.
    pub(crate) fn is_right(&self) -> bool {
        Some(&self.result.output.digest) == self.result.output.expected_digest.as_ref()
    }
}

/// Records, buffers and tasks cost something.
fn prices() -> Prices {
    let product = CostTable::FREE
        .with(CostKind::Record, 50.0, Place::Core)
        .with(CostKind::Buffer, 2_000.0, Place::Core)
        .with(CostKind::Task, 20_000.0, Place::Core);
    Prices { product, bare: product }
}
