//! What makes a job recoverable: its logs, its state versions and the commits of its sink.

use std::sync::Arc;

use dataflow::exchange::sink::{Committer, Transaction};
use dataflow::job::engine::Start;
use dataflow::job::observer::RescaleReport;
use dataflow::job::plan::{Layout, StageId};
use dataflow::job::refusal::{already_there, foreign_output};
use dataflow::job::rescale::FormerState;
use dataflow::job::storage::{Storage, StorageError, load_existing, save};
use dataflow::operator::snapshot::Version;
use dataflow::stage::{Marks, Tally};
use dataflow::{EngineError, Plan, ProcessingTime};

use crate::batch_log::{
    BatchSpec, CommitLog, Decision, LogContents, LoggedLayout, OffsetLog, decide,
};
use crate::partition::Partition;
use crate::retention::Retention;
use crate::settings::ResolvedSettings;
use crate::state_store::{COMMITS, OFFSETS, ROOT, StateFile, StateStore, commit_name, offset_name};
use crate::task::Durable;

/// The durable part of a job with a guarantee.
pub(crate) struct Recovery {
    storage: Arc<dyn Storage>,
    store: StateStore,
    /// Under exactly-once.
    committer: Option<Arc<dyn Committer>>,
    /// Stage names.
    job: Vec<String>,
    /// The latest committed state version and its layout; version 0 is empty and has none.
    version: (u64, Option<LoggedLayout>),
    retention: Retention,
}

/// Where a job goes on.
pub(crate) enum StartingPoint {
    /// At the first batch.
    Fresh,
    /// Behind a committed batch.
    After(BatchSpec, CommitLog),
    /// With a logged batch once more, behind what was committed before it.
    Again(BatchSpec, Option<CommitLog>),
}

/// The files of a job, by kind.
#[derive(Default)]
struct Files {
    offsets: Vec<u64>,
    commits: Vec<u64>,
    state: Vec<StateFile>,
}

impl Recovery {
    /// Looks at what the storage holds and decides where the job goes on.
    pub(crate) async fn begin(
        start: Start,
        settings: &ResolvedSettings,
        plan: &Plan,
        layout: &Layout,
        storage: Arc<dyn Storage>,
    ) -> Result<(Self, StartingPoint), EngineError> {
        let committer = plan.committer(settings.guarantee)?;
        let mut recovery = Self {
            store: StateStore::new(Arc::clone(&storage), settings.min_deltas),
            committer,
            job: plan.stages.iter().map(|stage| stage.name.clone()).collect(),
            version: (0, None),
            retention: Retention::default(),
            storage,
        };
        let names = recovery.storage.list(ROOT).await?;
        if start == Start::Fresh && !names.is_empty() {
            let place = recovery.storage.locate(ROOT);
            return Err(already_there(&place));
        }
        let files = recovery.sorted(&names)?;
        let begin = recovery.decide(&files).await?;
        recovery.check_output(&begin).await?;
        let oldest_log = files.offsets.iter().chain(&files.commits).min().copied().unwrap_or(0);
        recovery.retention = Retention::new(
            settings.retain,
            oldest_log,
            recovery.version.0,
            files.state,
            &layout.parallelism,
        );
        let (StartingPoint::After(spec, _) | StartingPoint::Again(spec, _)) = &begin else {
            return Ok((recovery, begin));
        };
        let (then, now) = (spec.ranges.len(), plan.source.splits.splits() as usize);
        if then != now {
            let place = recovery.storage.locate(&offset_name(spec.batch));
            return Err(EngineError::Refused(format!(
                "{place} was written with {then} splits of input and there are {now} now"
            )));
        }
        Ok((recovery, begin))
    }

    /// Refuses output that this storage's job cannot have written, and drops what it has written
    /// and not committed.
    async fn check_output(&self, begin: &StartingPoint) -> Result<(), EngineError> {
        let Some(committer) = &self.committer else { return Ok(()) };
        let (logged, before) = match begin {
            StartingPoint::Fresh => (None, None),
            StartingPoint::After(spec, commit) => (Some(spec.batch), Some((spec.batch, commit))),
            StartingPoint::Again(spec, commit) => {
                (Some(spec.batch), spec.batch.checked_sub(1).zip(commit.as_ref()))
            }
        };
        let newest = committer.newest().await?;
        if newest > logged.map(Version) {
            let (place, newest) = (self.storage.locate(ROOT), newest.unwrap_or_default().0);
            return Err(foreign_output(&format!("batch {newest}"), &place));
        }
        if let Some((batch, commit)) = before
            && newest < commit.output
        {
            let place = self.storage.locate(&commit_name(batch));
            return Err(EngineError::Refused(format!(
                "{place} tells of results of batch {} and the output does not have them; put them \
                 back, or begin again with an empty checkpoint directory and output",
                commit.output.unwrap_or_default().0
            )));
        }
        Ok(committer.abort_others(&[]).await?)
    }

    /// The newest commit of the output, under exactly-once.
    pub(crate) async fn newest_output(&self) -> Result<Option<Version>, EngineError> {
        match &self.committer {
            Some(committer) => Ok(committer.newest().await?),
            None => Ok(None),
        }
    }

    fn sorted(&self, names: &[String]) -> Result<Files, EngineError> {
        let mut files = Files::default();
        for name in names {
            let number = |prefix| name.strip_prefix(prefix).and_then(|it: &str| it.parse().ok());
            if let Some(batch) = number(OFFSETS) {
                files.offsets.push(batch);
            } else if let Some(batch) = number(COMMITS) {
                files.commits.push(batch);
            } else if let Some(file) = StateFile::named(name) {
                files.state.push(file);
            } else {
                let place = self.storage.locate(name);
                return Err(EngineError::Refused(format!("{place} is no file of this engine")));
            }
        }
        Ok(files)
    }

    /// Applies the recovery rule to the logs.
    async fn decide(&mut self, files: &Files) -> Result<StartingPoint, EngineError> {
        let (logged, committed) =
            (files.offsets.iter().max().copied(), files.commits.iter().max().copied());
        let opened = committed.map_or(0, |batch| batch + 1);
        let mut found = LogContents { logged, committed, damaged: false, started: false };
        found.started = files.state.iter().any(|file| file.version > opened);
        let mut latest = None;
        let mut damage = None;
        if let Some(batch) = logged {
            match self.load_offsets(batch).await {
                Ok(spec) => latest = Some(spec),
                Err(EngineError::Storage(error)) if error.damaged => damage = Some(error),
                Err(error) => return Err(error),
            }
            found.damaged = damage.is_some();
        }
        match (decide(found), latest, damage) {
            (Decision::Fresh, ..) => Ok(StartingPoint::Fresh),
            (Decision::After(batch), Some(spec), _) => {
                let commit = self.take_up(batch).await?;
                Ok(StartingPoint::After(spec, commit))
            }
            (Decision::Again(batch), Some(spec), _) => {
                let commit = match batch.checked_sub(1) {
                    Some(before) => Some(self.take_up(before).await?),
                    None => None,
                };
                Ok(StartingPoint::Again(spec, commit))
            }
            (Decision::WithoutLatest(before), _, _) => {
                self.storage.remove(&offset_name(logged.unwrap_or_default())).await?;
                let Some(before) = before else { return Ok(StartingPoint::Fresh) };
                let spec = self.load_offsets(before).await?;
                let commit = self.take_up(before).await?;
                Ok(StartingPoint::After(spec, commit))
            }
            (_, _, Some(damage)) => Err(damage.into()),
            _ => Err(self.inconsistent(found, files)),
        }
    }

    /// Names the file by which the logs cannot be a job's.
    fn inconsistent(&self, found: LogContents, files: &Files) -> EngineError {
        let (name, beside) = match (found.logged, found.committed) {
            (Some(logged), committed) if committed < Some(logged) => {
                (offset_name(logged), format!("commit log of batch {}", logged.saturating_sub(1)))
            }
            (_, Some(committed)) => {
                (commit_name(committed), format!("offset log of batch {committed}"))
            }
            _ => {
                let name = files.state.first().map_or(ROOT.to_owned(), StateFile::name);
                (name, "log of any batch".to_owned())
            }
        };
        let place = self.storage.locate(&name);
        EngineError::Refused(format!("{place} is there and the {beside} is not"))
    }

    async fn load_offsets(&self, batch: u64) -> Result<BatchSpec, EngineError> {
        let log: OffsetLog = load_existing(&self.storage, &offset_name(batch)).await?;
        let place = || self.storage.locate(&offset_name(batch));
        if log.job != self.job {
            return Err(EngineError::Refused(format!(
                "{} is of the job `{}`, not of `{}`",
                place(),
                log.job.join(" | "),
                self.job.join(" | ")
            )));
        }
        if log.spec.batch != batch {
            let of = log.spec.batch;
            return Err(EngineError::Refused(format!("{} is of batch {of}", place())));
        }
        Ok(log.spec)
    }

    /// Begins with the state version that this batch has committed.
    async fn take_up(&mut self, batch: u64) -> Result<CommitLog, StorageError> {
        let commit: CommitLog = load_existing(&self.storage, &commit_name(batch)).await?;
        self.version = (batch + 1, Some(commit.layout.clone()));
        Ok(commit)
    }

    /// What the tasks of a batch make durable.
    pub(crate) fn durable(&self, batch: u64) -> Durable {
        Durable { store: self.store.clone(), batch, pre_commit: self.committer.is_some() }
    }

    /// Logs a batch that is about to run.
    pub(crate) async fn log(&self, spec: &BatchSpec) -> Result<(), StorageError> {
        let log = OffsetLog { job: self.job.clone(), spec: spec.clone() };
        save(&self.storage, &offset_name(spec.batch), &log).await
    }

    /// Makes a batch's results visible.
    pub(crate) async fn commit_output(
        &self,
        batch: u64,
        transactions: Vec<Transaction>,
        now: ProcessingTime,
    ) -> Result<(), EngineError> {
        if let Some(committer) = &self.committer {
            committer.commit(Version(batch), transactions, now).await?;
        }
        Ok(())
    }

    /// Commits a batch whose results are where they belong, and removes what is needed no more.
    /// `written` tells of every stage's partitions whether their new version is full.
    pub(crate) async fn commit(
        &mut self,
        batch: u64,
        commit: CommitLog,
        written: Vec<(usize, u32, bool)>,
    ) -> Result<(), StorageError> {
        save(&self.storage, &commit_name(batch), &commit).await?;
        for (stage, partition, full) in written {
            self.retention.wrote(stage, partition, batch + 1, full);
        }
        self.version = (batch + 1, Some(commit.layout));
        for name in self.retention.expired(batch) {
            self.storage.remove(&name).await?;
        }
        Ok(())
    }

    /// Makes partitions of a stage out of the latest committed state version, which may have been
    /// written in another layout: then it says what moved. Readers and sinks are still to be opened.
    pub(crate) async fn rebuild(
        &self,
        plan: &Plan,
        layout: &Layout,
        stage: StageId,
        numbers: &[u32],
    ) -> Result<(Vec<Partition>, Option<RescaleReport>), EngineError> {
        let (version, Some(then)) = &self.version else {
            let fresh = |&number| Partition::fresh(plan, stage, number, layout);
            return Ok((numbers.iter().map(fresh).collect(), None));
        };
        let former = then.partitions[stage.0];
        let placement = then.placement.over(former, then.max_parallelism);
        let stays = placement == layout.placement(stage);
        let (mut chains, mut tallies) = (Vec::new(), Vec::new());
        for partition in 0..former {
            let (mut chain, mut tally) = (Vec::new(), Tally::default());
            if !stays || numbers.contains(&partition) {
                let file = StateFile { stage: stage.0, partition, version: *version };
                (chain, tally) = self.store.read(file).await?;
            }
            chains.push(chain);
            tallies.push(tally);
        }
        let mut rescaled = RescaleReport::new(placement.clone(), layout.placement(stage));
        let former = FormerState { placement, chains, tallies }.folded(plan, stage, layout)?;
        let mut rebuilt = Vec::with_capacity(numbers.len());
        for &number in numbers {
            let (runner, taken) =
                plan.runner_from(stage, number, layout, &former, Marks::Ignore)?;
            rescaled.took(number, &taken);
            rebuilt.push(Partition::of(plan, stage, number, runner));
        }
        Ok((rebuilt, Some(rescaled).filter(RescaleReport::is_one)))
    }
}
