//! One run of `recover`: disturbed, and compared with what an undisturbed one has written.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::job::storage::Storage;
use dataflow::{Digest, Guarantee, StopSignal};
use reports::schema::recovery::{RecoverOutput, RecoverRun};
use reports::schema::{FailureRow, Measures, RunResult};
use runtime::MemoryStorage;
use workloads::registry::AnyEvents;

use super::Disturbed;
use crate::commands::runs::recover::row_multiset::{RowCollector, RowDifference, RowMultiset};
use crate::error::Result;
use crate::experiment::registry::resolve_settings;
use crate::experiment::suite::Variant;
use crate::files::rows::RowWriter;
use crate::run::clock::{Clock, clock};
use crate::run::execute::{Recovery, RunSpec, Surroundings, execute, execute_to_failure};
use crate::run::fault::FaultSpec;
use crate::terminal::progress::Progress;

/// The engine that the undisturbed run is on.
const YARDSTICK: &str = "sequential";
/// How collected rows are called in an error.
const COLLECTED: &str = "the collected rows";
/// Beginning of the names of files with rows that a reader sees.
const VISIBLE: &str = "part-";
/// What a fault says that found nobody.
const NOBODY: &str = "nobody to strike";

/// The rows of a run on the sequential engine that nothing disturbs, with the evaluator's digest.
pub(super) struct Wanted {
    rows: RowMultiset,
    digest: Digest,
    events: Box<dyn AnyEvents>,
}

/// Runs the yardstick, as fast as it goes; `None` when that was interrupted.
pub(super) fn undisturbed(
    disturbed: &Disturbed,
    stop: &StopSignal,
    progress: &Progress,
) -> Result<Option<Wanted>> {
    progress.say("undisturbed rows");
    let engine = disturbed.registry.engine(YARDSTICK)?;
    let none = BTreeMap::new();
    let workload = &*disturbed.workload;
    let settings = resolve_settings(&*engine, &none, &none, workload, disturbed.parallelism, true)?;
    let spec = RunSpec {
        variant: YARDSTICK.to_owned(),
        engine,
        settings,
        rate: None,
        clock: Clock::Wall,
        measures: Measures::Throughput,
        recovery: Recovery::default(),
        generator_per_s: None,
        ..disturbed.spec()
    };
    let events = disturbed.workload.generate(&spec.knobs, spec.seed);
    let run_clock = clock(spec.clock, spec.seed, spec.parallelism, false)?;
    let collector = RowCollector::default();
    let rows = RowWriter::at_once(COLLECTED, Box::new(collector.clone()));
    let around = Surroundings {
        events: &*events,
        rows: Some(&rows),
        folder: None,
        stop,
        progress,
        clock: &run_clock,
    };
    let digest = events.expected(spec.events);
    let result = execute(&spec, around, &mut || digest)?.result;
    Ok((!result.interrupted).then(|| Wanted { rows: collector.take(), digest, events }))
}

/// One engine under one guarantee, and what fails.
pub(super) struct Trial<'a> {
    pub(super) disturbed: &'a Disturbed,
    pub(super) variant: &'a Variant,
    pub(super) faults: &'a [FaultSpec],
    pub(super) guarantee: &'a str,
}

impl Trial<'_> {
    /// Runs it, to its end or to its failure.
    pub(super) fn run(
        &self,
        wanted: &Wanted,
        stop: &StopSignal,
        progress: &Progress,
    ) -> Result<RecoverRun> {
        let recovery = Recovery { faults: self.faults.to_vec(), ..Recovery::default() };
        let spec = RunSpec {
            variant: self.variant.name.clone(),
            engine: Arc::clone(&self.variant.engine),
            settings: self.disturbed.settings(self.variant, self.guarantee)?,
            recovery,
            ..self.disturbed.spec()
        };
        let run_clock = clock(spec.clock, spec.seed, spec.parallelism, false)?;
        // Seen at once, or once committed.
        let collector = RowCollector::default();
        let rows = RowWriter::at_once(COLLECTED, Box::new(collector.clone()));
        let memory = MemoryStorage::new();
        let folder: Arc<dyn Storage> = Arc::clone(&memory) as _;
        let commits = spec.guarantee() == Guarantee::ExactlyOnce;
        let around = Surroundings {
            events: &*wanted.events,
            rows: (!commits).then_some(&rows),
            folder: commits.then_some(&folder),
            stop,
            progress,
            clock: &run_clock,
        };
        let (executed, failure) = execute_to_failure(&spec, around, &mut || wanted.digest)?;
        let run = executed.result;
        let written = if commits { visible(&memory) } else { collector.take() };
        let struck = run_clock.faults().struck().into_iter().map(|struck| struck.what);
        let struck = struck.filter(|what| !what.contains(NOBODY)).collect();
        let difference = (!run.interrupted).then(|| written.against(&wanted.rows));
        Ok(self.row(run, struck, difference, failure.is_some()))
    }

    fn row(
        &self,
        run: RunResult,
        struck: Vec<String>,
        difference: Option<RowDifference>,
        ended_by_failure: bool,
    ) -> RecoverRun {
        let right = run.output.expected_digest.as_ref() == Some(&run.output.digest);
        let output = match difference {
            _ if ended_by_failure => RecoverOutput::EndedByTheFailure,
            None => RecoverOutput::Interrupted,
            Some(difference) if right && difference == RowDifference::default() => {
                RecoverOutput::Equal
            }
            Some(_) => RecoverOutput::Differs,
        };
        let failures = &run.recovery.failures;
        RecoverRun {
            engine: run.engine.clone(),
            guarantee: self.guarantee.to_owned(),
            struck,
            outage_ns: longest(failures, |it| Some(it.resumed_ns?.saturating_sub(it.at_ns))),
            replayed: run.recovery.replayed,
            catch_up_ns: longest(failures, |it| {
                Some(it.caught_up_ns?.saturating_sub(it.resumed_ns?))
            }),
            latency_ns_max: run.latency_ns.from_planned.max,
            lost: difference.map(|it| it.lost),
            duplicated: difference.map(|it| it.duplicated),
            output,
            run,
        }
    }
}

/// The longest of what is known of failures.
fn longest(failures: &[FailureRow], of: impl Fn(&FailureRow) -> Option<u64>) -> Option<u64> {
    failures.iter().filter_map(of).max()
}

/// Rows that a reader of the folder sees.
fn visible(folder: &MemoryStorage) -> RowMultiset {
    let mut rows = RowMultiset::default();
    let files = folder.files().into_iter().filter(|(name, _)| name.starts_with(VISIBLE));
    files.for_each(|(_, lines)| rows.add_lines(&lines));
    rows
}

impl Disturbed {
    /// What all its runs have in common; the engine is that of the first.
    fn spec(&self) -> RunSpec {
        let (first, _) = &self.engines[0];
        RunSpec {
            experiment: "recover".to_owned(),
            workload: Arc::clone(&self.workload),
            engine: Arc::clone(&first.engine),
            variant: first.name.clone(),
            settings: dataflow::job::settings::Settings::default(),
            knobs: self.knobs.clone(),
            seed: self.seed,
            rate: Some(self.rate),
            events: self.events,
            warm_up: 0,
            parallelism: self.parallelism,
            clock: self.clock,
            repeat: 0,
            measures: Measures::Latency,
            recovery: Recovery::default(),
            generator_per_s: None,
        }
    }
}
