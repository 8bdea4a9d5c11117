//! The jobs that are looked at.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use dataflow::job::storage::{Storage, Stored};
use dataflow::{ProcessingTime, StopSignal};
use runtime::MemoryStorage;
use serde_json::Value;
use streamgauge::Registry;
use streamgauge::internals::{
    Answer, Clock, Executor, Rate, Real, RowWriter, RunIo, RunSpec, Silent,
};

use crate::seen::{Seen, Table, Watcher};

const EVENTS: u64 = 300;
/// Planned events per second.
const RATE: f64 = 1_000.0;

/// One run.
#[derive(Clone, Copy)]
pub(crate) struct Job {
    pub(crate) workload: &'static str,
    pub(crate) engine: &'static str,
    pub(crate) guarantee: &'static str,
    pub(crate) seed: u64,
    pub(crate) clock: Clock,
}

impl Job {
    /// Runs it, and says what could be seen of its result.
    pub(crate) fn run(self) -> Seen {
        self.run_over(EVENTS, 4)
    }

    fn run_over(self, events: u64, parallelism: u32) -> Seen {
        // A prefix of the input is one of its only split.
        let mut knobs = BTreeMap::from([("splits".to_owned(), Value::from(1))]);
        if self.workload == "transfers" {
            knobs.insert("keys".to_owned(), 20.into());
        }
        let shared = [("guarantee", Value::from(self.guarantee))]
            .into_iter()
            .chain([("checkpoint_interval_ms", 20.into()), ("batch_interval_ms", 20.into())])
            .chain([("buffer_timeout_ms", 5.into())]);
        let spec = RunSpec::new(&Registry::standard(), self.engine, self.workload)
            .unwrap()
            .shared_settings(shared.map(|(name, value)| (name.to_owned(), value)).collect())
            .knobs(knobs)
            .seed(self.seed)
            .rate(Rate::PerSecond(RATE))
            .events(events)
            .parallelism(parallelism)
            .clock(self.clock)
            .resolve()
            .unwrap();
        let run_clock = spec.run_clock().unwrap();
        let runtime = run_clock.runtime();
        let now: Arc<dyn Fn() -> ProcessingTime + Send + Sync> = Arc::new(move || runtime.now());
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let watcher = Watcher { seen: Arc::clone(&seen), now: Arc::clone(&now) };
        let rows = RowWriter::at_once("memory", Box::new(watcher));
        let folder: Arc<dyn Storage> =
            Arc::new(Commits { files: MemoryStorage::new(), seen: Arc::clone(&seen), now });
        let stop = StopSignal::default();
        let io = RunIo::new(Answer::Evaluated, &stop, &Silent).clock(&run_clock);
        let is_committed = self.guarantee == "exactly-once";
        let io = io.rows((!is_committed).then_some(&rows));
        let io = io.folder(is_committed.then_some(&folder));
        let result = Real.run(&spec, io).unwrap().result;
        assert!(!result.output.is_wrong(), "{:?}", result.output);
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        Seen(seen.0.into_iter().filter(|(_, lines)| !lines.is_empty()).collect())
    }
}

/// The answers to all prefixes: what is left of a run over each on the sequential engine, which its
/// evaluator agrees with.
pub(crate) fn prefixes(workload: &'static str, seed: u64) -> HashSet<String> {
    let (engine, guarantee) = ("sequential", "none");
    let job = Job { workload, engine, guarantee, seed, clock: Clock::Virtual };
    let answer = |events| {
        let mut table = Table::default();
        job.run_over(events, 1).0.iter().for_each(|(_, lines)| table.follow(lines));
        table.text()
    };
    (1..=EVENTS).map(answer).chain([Table::default().text()]).collect()
}

/// A folder of part files: what a commit names becomes visible with it, at once.
struct Commits {
    files: Arc<MemoryStorage>,
    seen: Arc<Mutex<Seen>>,
    now: Arc<dyn Fn() -> ProcessingTime + Send + Sync>,
}

impl Storage for Commits {
    fn locate(&self, name: &str) -> String {
        self.files.locate(name)
    }
    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        if name.starts_with("_committed/") {
            self.seen.lock().unwrap().0.push(((self.now)(), Vec::new()));
        }
        self.files.put(name, bytes)
    }
    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.files.append(name, bytes)
    }
    fn sync(&self, name: &str) -> Stored<()> {
        self.files.sync(name)
    }
    fn rename(&self, from: &str, to: &str) -> Stored<()> {
        if !to.starts_with("part-") {
            return self.files.rename(from, to);
        }
        let (content, renamed) = (self.files.read(from), self.files.rename(from, to));
        let seen = Arc::clone(&self.seen);
        Box::pin(async move {
            let content = content.await?.unwrap_or_default();
            seen.lock().unwrap().0.last_mut().expect("a commit came before").1.extend(content);
            renamed.await
        })
    }
    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>> {
        self.files.read(name)
    }
    fn lengths(&self, prefix: &str) -> Stored<Vec<(String, u64)>> {
        self.files.lengths(prefix)
    }
    fn remove(&self, name: &str) -> Stored<()> {
        self.files.remove(name)
    }
}
