//! One run of `recover`, with its faults, compared with the rows of a run without faults.

use std::sync::Arc;

use dataflow::job::storage::Storage;
use dataflow::operator::lateness::LateNotes;
use dataflow::{Digest, ResultKind};
use reports::schema::recovery::{RecoverOutput, RecoverRun};
use reports::schema::{FailureRow, RunResult};
use runtime::MemoryStorage;

use super::disturbance::Disturbance;
use super::row_multiset::{RowCollector, RowDifference, RowMultiset};
use crate::commands::runs::guarantees::refuse_late;
use crate::error::{Error, Result};
use crate::experiment::suite::Variant;
use crate::files::rows::RowWriter;
use crate::run::answer::Answer;
use crate::run::executor::Runner;
use crate::run::fault::FaultSpec;

/// How collected rows are called in an error.
const COLLECTED: &str = "the collected rows";
/// Beginning of the names of files with rows that a reader sees.
const VISIBLE: &str = "part-";

/// What late records make impossible to tell.
const UNKNOWABLE: &str = "lost and repeated rows";

/// The rows of a run on the sequential engine that nothing disturbs, with the evaluator's digest.
pub(super) struct ExpectedRows {
    rows: RowMultiset,
    digest: Digest,
}

/// Runs the yardstick, as fast as it goes; `None` when that was interrupted.
pub(super) fn undisturbed(
    disturbed: &Disturbance,
    runner: &mut Runner<'_>,
) -> Result<Option<ExpectedRows>> {
    runner.audience.say("undisturbed rows");
    let spec = disturbed.undisturbed()?;
    let clock = spec.run_clock()?;
    let events = spec.open_events(&clock)?;
    let collector = RowCollector::default();
    let rows = RowWriter::at_once(COLLECTED, Box::new(collector.clone()));
    let expected = events.expected_with(spec.events, &LateNotes::default());
    let digest = expected.map_err(Error::run)?.digest;
    let executed = runner.run_with(&spec, Answer::Known(digest), |io| {
        io.events(&*events).clock(&clock).rows(Some(&rows))
    })?;
    refuse_late(&executed.result, UNKNOWABLE)?;
    let interrupted = executed.result.interrupted;
    Ok((!interrupted).then(|| ExpectedRows { rows: collector.take(), digest }))
}

/// One engine under one guarantee, and what fails.
pub(super) struct RecoverTrial<'a> {
    pub(super) disturbed: &'a Disturbance,
    pub(super) variant: &'a Variant,
    pub(super) faults: &'a [FaultSpec],
    pub(super) guarantee: &'a str,
}

impl RecoverTrial<'_> {
    /// Runs it, to its end or to its failure.
    pub(super) fn run(&self, wanted: &ExpectedRows, runner: &mut Runner<'_>) -> Result<RecoverRun> {
        let spec = self.disturbed.spec(self.variant, self.faults, self.guarantee)?;
        let run_clock = spec.run_clock()?;
        // Seen at once, or once committed.
        let collector = RowCollector::default();
        let rows = RowWriter::at_once(COLLECTED, Box::new(collector.clone()));
        let memory = MemoryStorage::new();
        let folder: Arc<dyn Storage> = Arc::clone(&memory) as _;
        let commits = spec.commits_here();
        let executed = runner.run_with(&spec, Answer::Known(wanted.digest), |io| {
            let io = io.clock(&run_clock);
            io.rows((!commits).then_some(&rows)).folder(commits.then_some(&folder))
        })?;
        let run = executed.result;
        refuse_late(&run, UNKNOWABLE)?;
        let written = if commits { visible(&memory) } else { collector.take() };
        let comparable =
            spec.workload.result() == ResultKind::Append || spec.engine.emits_each_change();
        let difference = (!run.interrupted && comparable).then(|| written.against(&wanted.rows));
        Ok(self.row(run, run_clock.struck(), difference, executed.failure.is_some()))
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
            None if run.interrupted => RecoverOutput::Interrupted,
            // Only the table that is left can be compared.
            None if right => RecoverOutput::Equal,
            None => RecoverOutput::Differs,
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
