//! Measures cases of formulas: runs jobs, saves their results, and reads figures from the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataflow::job::runtime::CostKind;
use dataflow::job::storage::Storage;
use dataflow::{ProcessingTime, StopSignal};
use reports::formulas::{Case, CaseVerdict, Prediction, Reading, Tolerance};
use reports::schema::RunResult;
use runtime::MemoryStorage;
use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::files;
use crate::files::result_folder::ResultFolder;
use crate::quantity::Rate;
use crate::registry::Registry;
use crate::run::answer::{Answer, is_wrong};
use crate::run::clock::Clock;
use crate::run::executor::Runner;
use crate::run::io::RunIo;
use crate::run::spec::{Recovery, RunSpec};

/// What a record costs in virtual time, in nanoseconds, a buffer, and a task. Round figures of the
/// right order: what formulas say must hold whatever the prices.
pub(super) const RECORD_NANOS: f64 = 50.0;
pub(super) const BUFFER_NANOS: f64 = 2_000.0;
const TASK_NANOS: f64 = 20_000.0;

/// The price of a kind of work here: few kinds have one, so that forms stay short.
fn price(kind: CostKind) -> f64 {
    match kind {
        CostKind::Record => RECORD_NANOS,
        CostKind::Buffer => BUFFER_NANOS,
        CostKind::Task => TASK_NANOS,
        _ => 0.0,
    }
}

/// The prices of all jobs in virtual time, as settings.
fn prices() -> impl Iterator<Item = (String, Value)> {
    CostKind::ALL.into_iter().map(|kind| (format!("cost.{kind}"), price(kind).into()))
}

/// The same in words.
pub(super) fn prices_in_words() -> String {
    format!("{RECORD_NANOS} ns/record | {BUFFER_NANOS} ns/buffer | {TASK_NANOS} ns/task")
}

/// Runs jobs for cases.
pub(crate) struct CaseRunner<'a> {
    /// Engines and workloads.
    pub registry: &'a Registry,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Makes the runs.
    pub(super) runner: Runner<'a>,
    folder: PathBuf,
    runs: PathBuf,
    saved: u64,
    /// Files that were saved when the user had asked to stop: what is in them may be cut short.
    cut_short: BTreeSet<String>,
}

/// A job to run. `..Bench::new(engine, workload)` fills in what a case does not vary.
#[derive(Clone)]
pub(crate) struct Bench<'a> {
    /// Name of the engine.
    pub engine: &'a str,
    /// Name of the workload.
    pub workload: &'a str,
    /// Settings of the engine.
    pub settings: Vec<(&'a str, Value)>,
    /// Knobs of the workload.
    pub knobs: Vec<(&'a str, Value)>,
    /// Events.
    pub events: u64,
    /// Events at the start that are not timed.
    pub warm_up: u64,
    /// Planned events per second; at `max` no latency is recorded.
    pub rate: Rate,
    /// Subtasks per stage.
    pub parallelism: u32,
    /// Which clock.
    pub clock: Clock,
    /// Added to the runner's seed.
    pub repeat: u32,
    /// Where it begins, and where it stops.
    pub recovery: Recovery,
    /// Where it keeps what must survive; a new one in memory when `None`.
    pub storage: Option<Arc<MemoryStorage>>,
}

impl<'a> Bench<'a> {
    /// A job in virtual time, as fast as events are taken.
    pub(crate) fn new(engine: &'a str, workload: &'a str) -> Self {
        Self {
            engine,
            workload,
            settings: Vec::new(),
            knobs: Vec::new(),
            events: 100_000,
            warm_up: 0,
            rate: Rate::Max,
            parallelism: 4,
            clock: Clock::Virtual,
            repeat: 0,
            recovery: Recovery::default(),
            storage: None,
        }
    }
}

/// A result file, and what is in it.
#[derive(Clone, Debug)]
pub(crate) struct ResultFile {
    /// Relative to the result directory.
    pub file: String,
    /// Its contents, as they were written.
    pub contents: Value,
    /// The engine that was measured.
    pub engine: String,
    /// `virtual` or `wall`.
    pub clock: String,
}

/// What is to be read from a file, beside what is predicted of it.
#[derive(Clone, Debug)]
pub(crate) struct CaseDraft<'a> {
    /// The formula.
    pub formula: &'a str,
    /// What is varied, in words.
    pub case: String,
    /// What is predicted and measured, with its unit.
    pub quantity: &'a str,
    /// The prediction.
    pub prediction: Prediction,
    /// How the measured value is computed.
    pub reading: Reading,
    /// Parameters for charts.
    pub at: Vec<(&'a str, Value)>,
}

impl<'a> CaseRunner<'a> {
    /// With the result directory to save in.
    pub(crate) fn new(
        registry: &'a Registry,
        runner: Runner<'a>,
        folder: &ResultFolder,
        seed: u64,
    ) -> Result<Self> {
        let runs = folder.inner(reports::schema::read::RUNS_DIRECTORY)?;
        let folder = folder.path().to_path_buf();
        Ok(Self { registry, seed, runner, folder, runs, saved: 0, cut_short: BTreeSet::new() })
    }

    /// Runs a job and returns its result without saving it: for what is repeated into
    /// [samples](reports::schema::samples).
    ///
    /// # Errors
    /// When the job cannot be run, or its answer is wrong.
    pub(crate) fn measure(&mut self, bench: &Bench<'_>) -> Result<RunResult> {
        let mut settings = owned(&bench.settings);
        if bench.clock == Clock::Virtual {
            settings.extend(prices());
        }
        let spec = RunSpec::new(self.registry, bench.engine, bench.workload)?
            .experiment("formulas")
            .settings(settings)
            .knobs(owned(&bench.knobs))
            .seed(self.seed + u64::from(bench.repeat))
            .rate(bench.rate)
            .events(bench.events)
            .warm_up(bench.warm_up)
            .parallelism(bench.parallelism)
            .clock(bench.clock)
            .repeat(bench.repeat)
            .recovery(bench.recovery.clone())
            .resolve()?;
        let storage: Arc<dyn Storage> = match &bench.storage {
            Some(storage) => Arc::clone(storage) as _,
            None => MemoryStorage::new(),
        };
        let from = (storage, ProcessingTime::ZERO);
        let run_clock = spec.run_clock_with(false, from)?;
        // With a stop of its own: a job that ends early does not end the command.
        let own_stop = StopSignal::default();
        let ends_early = bench.recovery.stop_after.is_some();
        let executed = self.runner.run_with(&spec, Answer::Evaluated, |io| {
            let stop = if ends_early { &own_stop } else { io.stop };
            RunIo { stop, ..io.clock(&run_clock) }
        });
        let result = executed?.result;
        if is_wrong(&result) {
            let (workload, engine) = (&result.workload, &result.engine);
            return Err(Error::Run(format!("{engine} gave a wrong answer to {workload}")));
        }
        Ok(result)
    }

    /// Whether the user wants to stop: asked between two runs.
    pub(super) fn is_to_stop(&self) -> bool {
        self.runner.is_to_stop()
    }

    /// Whether a case was measured before the user asked to stop. What a run that was cut short has
    /// measured says nothing of a formula.
    pub(super) fn is_whole(&self, case: &Case) -> bool {
        !self.cut_short.contains(&case.run)
    }

    /// Runs a job and saves its result.
    ///
    /// # Errors
    /// As [`CaseRunner::measure`], and when the file cannot be written.
    pub(crate) fn run(&mut self, bench: &Bench<'_>) -> Result<(ResultFile, RunResult)> {
        let result = self.measure(bench)?;
        let saved = self.save_run(&result)?;
        Ok((saved, result))
    }

    /// Saves the result of a run.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn save_run(&mut self, result: &RunResult) -> Result<ResultFile> {
        let name = format!("{}-{}", result.workload, result.engine);
        self.save(&name, result, &result.engine, &result.clock)
    }

    /// Saves a result of any schema under a number of its own.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn save(
        &mut self,
        name: &str,
        result: &impl Serialize,
        engine: &str,
        clock: &str,
    ) -> Result<ResultFile> {
        self.saved += 1;
        let name = format!("{}-{name}.json", self.saved);
        let text = serde_json::to_string(result).map_err(Error::run)?;
        self.write(&self.runs.join(&name), text.as_bytes())?;
        // What is read is what was written, to the last digit.
        let contents = serde_json::from_str(&text).map_err(Error::run)?;
        let file = format!("{}/{name}", reports::schema::read::RUNS_DIRECTORY);
        if self.is_to_stop() {
            self.cut_short.insert(file.clone());
        }
        Ok(ResultFile { file, contents, engine: engine.to_owned(), clock: clock.to_owned() })
    }

    /// Writes an input that runs need, such as a file of keys, into the result directory.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write_input(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.folder.join(name);
        self.write(&path, bytes)?;
        Ok(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        files::write_whole(path, bytes).map_err(|error| {
            Error::Input(format!("cannot write results to {}: {error}", path.display()))
        })
    }
}

impl ResultFile {
    /// Reads what was asked for and judges it.
    ///
    /// # Errors
    /// When the file does not hold it.
    pub(crate) fn case(&self, asked: CaseDraft<'_>) -> Result<Case> {
        let measured = asked.reading.read(&self.contents).map_err(Error::run)?;
        let case = Case {
            formula: asked.formula.to_owned(),
            case: asked.case,
            engine: self.engine.clone(),
            clock: self.clock.clone(),
            quantity: asked.quantity.to_owned(),
            form: String::new(),
            predicted: f64::NAN,
            measured,
            relative_error: None,
            tolerance: Tolerance::Exact,
            valid_range: String::new(),
            verdict: CaseVerdict::OutsideItsRange,
            run: self.file.clone(),
            reading: asked.reading,
            at: owned(&asked.at),
        };
        Ok(asked.prediction.judge(case))
    }
}

fn owned(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}
