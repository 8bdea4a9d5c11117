//! One attempt of a job after the other, over the same storage and output.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use dataflow::job::engine::{Control, Job, Start};
use dataflow::job::observer::{Observer, Silent};
use dataflow::job::runtime::{CostKind, Home, Runtime, sleep_until};
use dataflow::job::settings::Settings;
use dataflow::job::storage::Storage;
use dataflow::{Completion, Engine, EngineError, ProcessingTime, StopSignal};
use microbatch::MicroBatch;
use runtime::{CostTable, MemoryStorage, Place, VirtualOptions, VirtualTime};
use serde_json::Value;

use crate::events::Events;
use crate::faults::{Fault, FaultyRuntime, FaultyStorage, Strikes, Tripwire};
use crate::sinks::Seen;

/// What outlives an attempt.
pub(crate) struct World {
    pub(crate) events: Events,
    pub(crate) files: Arc<MemoryStorage>,
    pub(crate) seen: Arc<Seen>,
}

/// How an attempt is run.
pub(crate) struct Attempt {
    pub(crate) guarantee: &'static str,
    /// Whether the sink has transactions; it has them only under exactly-once.
    pub(crate) transactional: bool,
    /// Whether the plan has one more operator.
    pub(crate) filtered: bool,
    pub(crate) start: Start,
    pub(crate) parallelism: u32,
    pub(crate) placement: &'static str,
    pub(crate) settings: Vec<(&'static str, Value)>,
    /// The durable operation that goes wrong.
    pub(crate) fault: Option<(u64, Fault)>,
    pub(crate) strikes: Arc<Strikes>,
    pub(crate) stop_at: Option<ProcessingTime>,
    pub(crate) observer: Arc<dyn Observer>,
}

/// What has become of an attempt.
pub(crate) struct Ended {
    /// `None` when it was dropped in the middle of an operation.
    pub(crate) result: Option<Result<Completion, EngineError>>,
    /// Durable operations.
    pub(crate) operations: u64,
}

impl Ended {
    pub(crate) fn completion(self) -> Completion {
        self.result.expect("it was not dropped").expect("it came to its end")
    }

    pub(crate) fn error(self) -> EngineError {
        self.result.expect("it was not dropped").expect_err("it failed")
    }
}

impl Attempt {
    /// A first attempt under exactly-once with two slots.
    pub(crate) fn fresh() -> Self {
        Self {
            guarantee: "exactly-once",
            transactional: true,
            filtered: false,
            start: Start::Fresh,
            parallelism: 2,
            placement: "key-groups",
            settings: vec![
                ("max_offsets_per_trigger", 12.into()),
                ("min_deltas_for_snapshot", 2.into()),
                ("min_batches_to_retain", 2.into()),
            ],
            fault: None,
            strikes: Strikes::at(|_, _| false),
            stop_at: None,
            observer: Arc::new(Silent),
        }
    }

    /// One that goes on.
    pub(crate) fn resumed() -> Self {
        Self { start: Start::Resume, ..Self::fresh() }
    }
}

impl World {
    pub(crate) fn new(events: u64) -> Self {
        let (files, seen) = (MemoryStorage::new(), Arc::default());
        Self { events: Events::new(events), files, seen }
    }

    /// Names of files.
    pub(crate) fn names(&self) -> Vec<String> {
        self.files.files().into_keys().collect()
    }

    pub(crate) fn run(&self, attempt: Attempt) -> Ended {
        let wire = Tripwire::new(attempt.fault);
        let storage: Arc<dyn Storage> =
            Arc::new(FaultyStorage { files: Arc::clone(&self.files), wire: Arc::clone(&wire) });
        let time = VirtualTime::new(VirtualOptions { costs: costs(), ..VirtualOptions::default() });
        let runtime: Arc<dyn Runtime> = Arc::new(FaultyRuntime {
            time: Arc::clone(&time),
            storage,
            strikes: Arc::clone(&attempt.strikes),
        });
        let transactional = attempt.transactional && attempt.guarantee == "exactly-once";
        let slot = if transactional { self.seen.transactional(&wire) } else { self.seen.plain() };
        let mut given: BTreeMap<String, Value> = attempt
            .settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        given.insert("guarantee".to_owned(), attempt.guarantee.into());
        given.insert("placement".to_owned(), attempt.placement.into());
        let settings = Settings::resolve("microbatch", MicroBatch.settings(), &given, false);
        let plan = self.events.plan(slot, attempt.filtered);
        let job = Job {
            start: attempt.start,
            ..Job::fresh(plan, attempt.parallelism, settings.unwrap())
        };
        let stop = StopSignal::default();
        if let Some(at) = attempt.stop_at {
            let (stop, clock) = (stop.clone(), Arc::clone(&runtime));
            runtime.spawn(
                Home(0),
                Box::pin(async move {
                    sleep_until(&*clock, at).await;
                    stop.request();
                }),
            );
        }
        let control = Control { stop, observer: attempt.observer };
        let mut run = MicroBatch.run(job, Arc::clone(&runtime), control);
        let ended: Arc<Mutex<Option<Result<Completion, EngineError>>>> = Arc::default();
        let (result, tripped) = (Arc::clone(&ended), Arc::clone(&wire));
        let body = std::future::poll_fn(move |context| {
            let ready = run.as_mut().poll(context);
            if tripped.poll(context.waker()).is_ready() {
                return Poll::Ready(());
            }
            ready.map(|ready| *result.lock().unwrap() = Some(ready))
        });
        time.block_on(Box::pin(body)).expect("no task waits for ever");
        let result = ended.lock().unwrap().take();
        Ended { result, operations: wire.count() }
    }
}

/// Records, buffers and tasks cost something.
fn costs() -> CostTable {
    CostTable::FREE
        .with(CostKind::Record, 50.0, Place::Core)
        .with(CostKind::Buffer, 2_000.0, Place::Core)
        .with(CostKind::Task, 20_000.0, Place::Core)
}
