//! One run of `consistency`: what could be seen of its result, and when.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use dataflow::job::storage::Storage;
use dataflow::{Guarantee, ProcessingTime};
use reports::schema::RunResult;
use runtime::MemoryStorage;

use super::plan::{Case, ConsistencyPlan};
use super::states::{RowWatcher, Steps, TableState, VisibleStep};
use crate::commands::runs::guarantees::refuse_late;
use crate::error::{Error, Result};
use crate::files::rows::RowWriter;
use crate::measure::transactional::CommitWatch;
use crate::run::answer::Answer;
use crate::run::executor::Runner;
use crate::run::spec::RunSpec;

/// How watched rows are called in an error.
const WATCHED: &str = "the watched rows";
/// What late records make impossible to tell.
const UNKNOWABLE: &str = "the answers to prefixes";

/// When a commit showed rows, and the names of the files that hold them.
type Shown = (ProcessingTime, Vec<String>);

/// The answers to all prefixes of the input, with none read and with all; `None` when that was
/// interrupted.
///
/// # Errors
/// When a run fails, when its answer is not the evaluator's, and when records come late.
pub(super) fn prefixes(
    plan: &ConsistencyPlan,
    case: &Case,
    seed: u64,
    runner: &mut Runner<'_>,
) -> Result<Option<HashSet<TableState>>> {
    let mut answers = HashSet::from([TableState::default()]);
    for events in 1..=plan.events {
        if runner.is_to_stop() {
            return Ok(None);
        }
        let spec = plan.prefix(case, seed, events)?;
        let Some(watched) = watch(&spec, &mut runner.quiet())? else { return Ok(None) };
        if watched.run.output.is_wrong() {
            return Err(Error::run(format!(
                "{} on {}: the answer to the first {events} events of seed {seed} is not the \
                 evaluator's; see `streamgauge verify`",
                watched.run.workload, watched.run.engine
            )));
        }
        let mut table = TableState::default();
        watched.steps.iter().for_each(|step| table.follow(&step.lines));
        answers.insert(table);
    }
    Ok(Some(answers))
}

/// A run, and what became visible of its result, step by step.
pub struct WatchedRun {
    /// What was measured.
    pub run: RunResult,
    /// In order.
    pub steps: Vec<VisibleStep>,
    /// When it was over.
    pub ended: ProcessingTime,
}

/// Makes a run, and looks at its result whenever that has changed; `None` when it was interrupted.
///
/// # Errors
/// When it fails, and when records come late.
pub fn watch(spec: &RunSpec, runner: &mut Runner<'_>) -> Result<Option<WatchedRun>> {
    let run_clock = spec.run_clock()?;
    let runtime = run_clock.runtime();
    let now: Arc<dyn Fn() -> ProcessingTime + Send + Sync> = Arc::new(move || runtime.now());
    let steps = Steps::default();
    let watcher = RowWatcher { steps: Arc::clone(&steps), now: Arc::clone(&now) };
    let rows = RowWriter::at_once(WATCHED, Box::new(watcher));
    let memory = MemoryStorage::new();
    let folder: Arc<dyn Storage> = Arc::clone(&memory) as _;
    let commits: Arc<Mutex<Vec<Shown>>> = Arc::default();
    let noted = Arc::clone(&commits);
    let on_commit: CommitWatch =
        Arc::new(move |names| noted.lock().expect("no holder fails").push((now(), names)));
    let is_committed = spec.guarantee() == Guarantee::ExactlyOnce;
    let executed = runner.run_with(spec, Answer::Evaluated, |io| {
        let io = io.clock(&run_clock).watch(Some(&on_commit));
        io.rows((!is_committed).then_some(&rows)).folder(is_committed.then_some(&folder))
    })?;
    let run = executed.result;
    refuse_late(&run, UNKNOWABLE)?;
    if run.interrupted {
        return Ok(None);
    }
    let steps = match is_committed {
        false => std::mem::take(&mut *steps.lock().expect("no holder fails")),
        true => committed(&memory, &commits.lock().expect("no holder fails")),
    };
    Ok(Some(WatchedRun { run, steps, ended: run_clock.runtime().now() }))
}

/// What each commit showed: all of its files at once, for its manifest decides.
fn committed(folder: &MemoryStorage, commits: &[Shown]) -> Vec<VisibleStep> {
    let files = folder.files();
    let lines = |names: &[String]| {
        names.iter().filter_map(|name| files.get(name)).flatten().copied().collect::<Vec<u8>>()
    };
    let steps = commits.iter().map(|(at, names)| VisibleStep { at: *at, lines: lines(names) });
    steps.filter(|step| !step.lines.is_empty()).collect()
}
