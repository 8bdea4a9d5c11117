//! A job that is stopped and goes on from its snapshot in another layout.

use std::sync::Arc;

use dataflow::job::engine::Start;
use reports::schema::{RescaleRow, RunResult};
use runtime::MemoryStorage;
use serde_json::Value;

use super::case_runner::{Bench, CaseRunner, ResultFile};
use crate::error::{Error, Result};
use crate::run::clock::Clock;
use crate::run::spec::Recovery;

/// A job that counts keys, one after the other, each of them once.
#[derive(Clone, Debug)]
pub(super) struct RescaleJob<'a> {
    /// Name of the engine.
    pub(super) engine: &'a str,
    /// Name of the placement, before and after.
    pub(super) placement: &'a str,
    /// Partitions before.
    pub(super) from: u32,
    /// Settings of the placement, before and after.
    pub(super) settings: Vec<(&'a str, Value)>,
    /// Different keys.
    pub(super) keys: u64,
    /// The file that holds them, each to be drawn; one after the other from 0 without.
    pub(super) key_file: Option<String>,
    /// Which clock.
    pub(super) clock: Clock,
}

/// Events for each key that is drawn from a file: then none is missed.
const DRAWS: u64 = 16;
/// Share of a job's keys that a micro-batch holds at most.
const BATCHES: u64 = 2;

/// A job that was stopped, and what it left.
pub(super) struct StoppedJob<'a> {
    job: RescaleJob<'a>,
    storage: Arc<MemoryStorage>,
    /// Its result.
    pub(super) result: RunResult,
}

/// How a job goes on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Continuation {
    /// To the end of its events, and its answer is checked.
    ToTheEnd,
    /// For a moment: state is taken up, and that was it.
    ForAMoment,
}

impl<'a> RescaleJob<'a> {
    /// In virtual time, of keys that come one after the other.
    pub(super) fn new(engine: &'a str, placement: &'a str, from: u32, keys: u64) -> Self {
        let (settings, key_file) = (Vec::new(), None);
        Self { engine, placement, from, settings, keys, key_file, clock: Clock::Virtual }
    }

    fn bench(&self, parallelism: u32) -> Bench<'a> {
        let mut settings = self.settings.clone();
        settings.push(("placement", self.placement.into()));
        // The output is committed, so that what was written before counts in the answer.
        settings.push(("guarantee", "exactly-once".into()));
        if self.engine == "microbatch" {
            settings.push(("max_offsets_per_trigger", (self.keys / BATCHES).max(1).into()));
        }
        // A split for every subtask, so that none is read more slowly than the others.
        let mut knobs: Vec<(&str, Value)> = vec![("splits", self.from.into())];
        match &self.key_file {
            Some(file) => knobs.push(("key_file", file.as_str().into())),
            None => {
                knobs.push(("key_distribution", "sequential".into()));
                knobs.push(("keys", self.keys.into()));
            }
        }
        Bench {
            settings,
            knobs,
            // Twice as many as are needed: a job that has ended has no state.
            events: 2 * self.events(),
            parallelism,
            clock: self.clock,
            ..Bench::new(self.engine, "keyed-count")
        }
    }

    fn events(&self) -> u64 {
        self.keys * if self.key_file.is_some() { DRAWS } else { 1 }
    }

    /// Runs it until every key has come, and stops it.
    ///
    /// # Errors
    /// When it cannot be run.
    pub(super) fn stopped(self, runner: &mut CaseRunner<'_>) -> Result<StoppedJob<'a>> {
        let storage = MemoryStorage::new();
        // Half as many again as are needed, as some splits are ahead of others.
        let stop_after = Some(self.events() + self.events() / 2);
        let recovery = Recovery { stop_after, ..Recovery::default() };
        let storage_of_bench = Some(Arc::clone(&storage));
        let bench = Bench { recovery, storage: storage_of_bench, ..self.bench(self.from) };
        let result = runner.measure(&bench)?;
        if !result.interrupted {
            return Err(Error::run("the job ended before it was stopped, and left no state"));
        }
        Ok(StoppedJob { job: self, storage, result })
    }
}

impl StoppedJob<'_> {
    /// Goes on with `to` partitions and these settings besides, from a copy of what the job
    /// left.
    ///
    /// # Errors
    /// When it cannot be run, or keys are missing.
    pub(super) fn goes_on(
        &self,
        runner: &mut CaseRunner<'_>,
        to: u32,
        more: &[(&'static str, Value)],
        how: Continuation,
    ) -> Result<RunResult> {
        let mut bench = self.job.bench(to);
        bench.settings.extend(more.iter().cloned());
        bench.storage = Some(self.storage.copy());
        let stop_after = (how == Continuation::ForAMoment).then_some(1);
        bench.recovery = Recovery { start: Start::Resume, stop_after, ..Recovery::default() };
        let result = runner.measure(&bench)?;
        let held = result.recovery.rescale.as_ref().map_or(0, RescaleRow::keys_held);
        if held != self.job.keys {
            let keys = self.job.keys;
            return Err(Error::Run(format!("the snapshot held {held} keys, not {keys}")));
        }
        Ok(result)
    }

    /// The same, saved.
    ///
    /// # Errors
    /// As [`StoppedJob::goes_on`], and when the file cannot be written.
    pub(super) fn rescaled(
        &self,
        runner: &mut CaseRunner<'_>,
        to: u32,
        more: &[(&'static str, Value)],
        how: Continuation,
    ) -> Result<ResultFile> {
        let result = self.goes_on(runner, to, more, how)?;
        let RescaleJob { placement, engine, from, .. } = &self.job;
        runner.save(&format!("{placement}-{from}-to-{to}-{engine}"), &result, engine, &result.clock)
    }
}
