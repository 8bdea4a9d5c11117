//! What makes a job recoverable: its logs, its state versions and the commits of its sink.

use dataflow::exchange::failure::FailureKind;
use std::sync::Arc;

use dataflow::exchange::sink::{CommitHead, Committer, Transaction};
use dataflow::job::engine::Start;
use dataflow::job::observer::RescaleReport;
use dataflow::job::plan::{Layout, StageId};
use dataflow::job::recovery::output_promise::OutputPromise;
use dataflow::job::recovery::refusal::{already_there, check_identity};
use dataflow::job::recovery::seal::{SealedFile, load_existing, load_promised, save};
use dataflow::job::rescale::FormerState;
use dataflow::job::storage::{Storage, StorageError};
use dataflow::operator::snapshot::Version;
use dataflow::record::content_hash::ContentHash;
use dataflow::stage::{Marks, Tally};
use dataflow::{EngineError, EventTime, Plan, ProcessingTime};

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
    identity: ContentHash,
    /// The latest committed batch; before the first one all state is empty.
    committed: Option<CommittedBatch>,
    /// The seal of the offset log of the batch under way.
    under_way: ContentHash,
    retention: Retention,
}

/// What a restart needs of a committed batch.
struct CommittedBatch {
    batch: u64,
    log: CommitLog,
    seal: ContentHash,
}

/// Where a job goes on.
pub(crate) enum StartingPoint {
    /// At the first batch.
    Fresh,
    /// Behind the batch that was committed last.
    After(BatchSpec),
    /// With a logged batch once more, behind what was committed before it.
    Again(BatchSpec),
}

/// What a batch has come to, besides its state.
pub(crate) struct BatchResult {
    pub(crate) newest: Vec<EventTime>,
    pub(crate) applied: EventTime,
    pub(crate) events: Vec<u64>,
    pub(crate) layout: LoggedLayout,
    pub(crate) output: Option<CommitHead>,
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
        (start, identity): (Start, ContentHash),
        settings: &ResolvedSettings,
        plan: &Plan,
        layout: &Layout,
        storage: Arc<dyn Storage>,
    ) -> Result<(Self, StartingPoint), EngineError> {
        let committer = plan.committer(settings.guarantee)?;
        let mut recovery = Self {
            store: StateStore::new(Arc::clone(&storage), settings.min_deltas),
            committer,
            job: plan.stage_names(),
            identity,
            committed: None,
            under_way: ContentHash::default(),
            retention: Retention::default(),
            storage,
        };
        let names = recovery.storage.list(ROOT).await?;
        if start == Start::Fresh && !names.is_empty() {
            let place = recovery.storage.locate(ROOT);
            return Err(already_there(&place));
        }
        let files = recovery.sorted(&names)?;
        let begin = recovery.decide(&files, plan).await?;
        recovery.check_output(&begin).await?;
        let oldest_log = files.offsets.iter().chain(&files.commits).min().copied().unwrap_or(0);
        recovery.retention = Retention::new(
            settings.retain,
            oldest_log,
            recovery.version(),
            files.state,
            &layout.parallelism,
        );
        Ok((recovery, begin))
    }

    /// Refuses output that this storage's job cannot have written, and drops what it has written
    /// and not committed.
    async fn check_output(&self, begin: &StartingPoint) -> Result<(), EngineError> {
        let Some(committer) = &self.committer else { return Ok(()) };
        let last = match begin {
            StartingPoint::Fresh => None,
            StartingPoint::After(spec) | StartingPoint::Again(spec) => {
                Some((Version(spec.batch), self.under_way))
            }
        };
        let promise = OutputPromise {
            made: self.committed.as_ref().and_then(|committed| committed.log.output),
            last,
            unit: "batch",
            place: self.storage.locate(ROOT),
            file: offset_name,
        };
        promise.check(committer).await?;
        Ok(committer.abort_others(&[]).await?)
    }

    /// The latest committed state version; version 0 is empty.
    fn version(&self) -> u64 {
        self.committed.as_ref().map_or(0, |committed| committed.batch + 1)
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
    async fn decide(&mut self, files: &Files, plan: &Plan) -> Result<StartingPoint, EngineError> {
        let (logged, committed) =
            (files.offsets.iter().max().copied(), files.commits.iter().max().copied());
        let opened = committed.map_or(0, |batch| batch + 1);
        let mut found = LogContents { logged, committed, damaged: false, started: false };
        found.started = files.state.iter().any(|file| file.version > opened);
        let mut latest = None;
        let mut damage = None;
        if let Some(batch) = logged {
            match self.load_offsets(batch, plan).await {
                Ok(log) => latest = Some(log),
                Err(EngineError::Storage(error)) if error.kind == FailureKind::Damaged => {
                    damage = Some(error)
                }
                Err(error) => return Err(error),
            }
            found.damaged = damage.is_some();
        }
        match (decide(found), latest, damage) {
            (Decision::Fresh, ..) => Ok(StartingPoint::Fresh),
            (Decision::After(_), Some(log), _) => self.behind(log, plan).await,
            (Decision::Again(batch), Some((log, seal)), _) => {
                if let (Some(before), Some(after)) = (batch.checked_sub(1), log.after) {
                    let name = commit_name(before);
                    let promised = SealedFile { name, seal: after };
                    let commit = load_promised(&self.storage, &promised).await?;
                    self.take_up(before, commit, after, plan)?;
                }
                // All of it is read once more, from its start.
                self.check_again(&log.spec, plan)?;
                self.under_way = seal;
                Ok(StartingPoint::Again(log.spec))
            }
            (Decision::WithoutLatest(before), _, _) => {
                self.storage.remove(&offset_name(logged.unwrap_or_default())).await?;
                let Some(before) = before else { return Ok(StartingPoint::Fresh) };
                let log = self.load_offsets(before, plan).await?;
                self.behind(log, plan).await
            }
            (_, _, Some(damage)) => Err(damage.into()),
            _ => Err(self.inconsistent(found, files)),
        }
    }

    /// Names the file by which the logs cannot be a job's.
    fn inconsistent(&self, found: LogContents, files: &Files) -> EngineError {
        let (there, missing) = match (found.logged, found.committed) {
            (Some(logged), committed) if committed < Some(logged) => {
                (offset_name(logged), commit_name(logged.saturating_sub(1)))
            }
            (_, Some(committed)) => (commit_name(committed), offset_name(committed)),
            _ => (files.state.first().map_or(ROOT.to_owned(), StateFile::name), OFFSETS.to_owned()),
        };
        let [there, missing] = [there, missing].map(|name| self.storage.locate(&name));
        EngineError::Refused(format!(
            "{there} is there and {missing} is not; put it back, or begin again with an empty \
             checkpoint directory and output"
        ))
    }

    /// The offset log of a batch, which must be of this plan, and its seal.
    async fn load_offsets(
        &self,
        batch: u64,
        plan: &Plan,
    ) -> Result<(OffsetLog, ContentHash), EngineError> {
        let (log, seal) = load_existing::<OffsetLog>(&self.storage, &offset_name(batch)).await?;
        let place = self.storage.locate(&offset_name(batch));
        plan.check_stages(&place, &log.job)?;
        check_identity(&place, log.identity, self.identity)?;
        if log.spec.batch != batch {
            let of = log.spec.batch;
            return Err(EngineError::Refused(format!("{place} is of batch {of}")));
        }
        let splits: Vec<u32> = (0..log.spec.ranges.len() as u32).collect();
        plan.check_splits(&place, &splits)?;
        for (split, range) in (0..).zip(&log.spec.ranges) {
            plan.check_read(&place, split, range.end, log.spec.last)?;
        }
        Ok((log, seal))
    }

    /// Refuses an input of which a logged batch cannot be read again from its start.
    fn check_again(&self, spec: &BatchSpec, plan: &Plan) -> Result<(), EngineError> {
        let place = self.storage.locate(&offset_name(spec.batch));
        let mut starts = (0..).zip(&spec.ranges).map(|(split, range)| (split, range.start));
        starts.try_for_each(|(split, start)| plan.check_read(&place, split, start, false))
    }

    /// Goes on behind a batch that was committed.
    async fn behind(
        &mut self,
        (log, seal): (OffsetLog, ContentHash),
        plan: &Plan,
    ) -> Result<StartingPoint, EngineError> {
        let batch = log.spec.batch;
        let name = commit_name(batch);
        let (commit, commit_seal) = load_existing::<CommitLog>(&self.storage, &name).await?;
        if commit.offsets != seal {
            let places = [name, offset_name(batch)].map(|name| self.storage.locate(&name));
            let [commit, offsets] = places;
            return Err(EngineError::Refused(format!(
                "{commit} and {offsets} do not belong together: one of them is of another attempt \
                 or another job; put back an undamaged copy, or begin again with an empty \
                 checkpoint directory and output"
            )));
        }
        self.take_up(batch, commit, commit_seal, plan)?;
        self.under_way = seal;
        Ok(StartingPoint::After(log.spec))
    }

    /// Begins with the state version that this batch has committed.
    fn take_up(
        &mut self,
        batch: u64,
        log: CommitLog,
        seal: ContentHash,
        plan: &Plan,
    ) -> Result<(), EngineError> {
        let counts = log.state.iter().map(|stage| stage.len() as u32);
        let is_whole = log.layout.partitions.len() == plan.stages.len()
            && log.layout.partitions.iter().all(|&partitions| partitions > 0)
            && counts.eq(log.layout.partitions.iter().copied());
        if !is_whole {
            let place = self.storage.locate(&commit_name(batch));
            let (partitions, stages) = (&log.layout.partitions, plan.stages.len());
            return Err(EngineError::Refused(format!(
                "{place} has state of {partitions:?} partitions, and the job has {stages} stages"
            )));
        }
        self.committed = Some(CommittedBatch { batch, log, seal });
        Ok(())
    }

    /// The watermarks with which the latest committed batch has ended.
    pub(crate) fn committed(&self) -> Option<&CommitLog> {
        self.committed.as_ref().map(|committed| &committed.log)
    }

    /// What the tasks of a batch make durable.
    pub(crate) fn durable(&self, batch: u64) -> Durable {
        Durable { store: self.store.clone(), batch }
    }

    /// Logs a batch that is about to run.
    pub(crate) async fn log(&mut self, spec: &BatchSpec) -> Result<(), StorageError> {
        let after = self.committed.as_ref().map(|committed| committed.seal);
        let (job, identity) = (self.job.clone(), self.identity);
        let log = OffsetLog { job, identity, spec: spec.clone(), after };
        self.under_way = save(&self.storage, &offset_name(spec.batch), &log).await?;
        Ok(())
    }

    /// Makes a batch's results visible. Returns the newest commit of the output.
    pub(crate) async fn commit_output(
        &self,
        batch: u64,
        transactions: Vec<Transaction>,
        now: ProcessingTime,
    ) -> Result<Option<CommitHead>, EngineError> {
        match &self.committer {
            None => Ok(None),
            Some(committer) => {
                Ok(committer.commit(Version(batch), self.under_way, transactions, now).await?)
            }
        }
    }

    /// Commits a batch whose results are where they belong, and removes what is needed no more.
    /// `written` tells of every stage's partitions whether their new version is full, and its seal.
    pub(crate) async fn commit(
        &mut self,
        batch: u64,
        result: BatchResult,
        written: Vec<Vec<(bool, ContentHash)>>,
    ) -> Result<(), StorageError> {
        let BatchResult { newest, applied, events, layout, output } = result;
        let of_stage = |stage: &Vec<(bool, ContentHash)>| stage.iter().map(|it| it.1).collect();
        let log = CommitLog {
            newest,
            applied,
            events,
            layout,
            output,
            offsets: self.under_way,
            state: written.iter().map(of_stage).collect(),
        };
        let seal = save(&self.storage, &commit_name(batch), &log).await?;
        for (stage, partitions) in written.into_iter().enumerate() {
            for (partition, (full, _)) in (0..).zip(partitions) {
                self.retention.wrote(stage, partition, batch + 1, full);
            }
        }
        self.committed = Some(CommittedBatch { batch, log, seal });
        self.storage.remove_all(self.retention.expired(batch)).await
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
        let Some(CommittedBatch { log, .. }) = &self.committed else {
            let fresh = |&number| Partition::fresh(plan, stage, number, layout);
            return Ok((numbers.iter().map(fresh).collect(), None));
        };
        let (then, version) = (&log.layout, self.version());
        let former = then.partitions[stage.0];
        let placement = then.placement.over(former, then.max_parallelism);
        let stays = placement == layout.placement(stage);
        let (mut chains, mut tallies) = (Vec::new(), Vec::new());
        for (partition, &seal) in (0..former).zip(&log.state[stage.0]) {
            let (mut chain, mut tally) = (Vec::new(), Tally::default());
            if !stays || numbers.contains(&partition) {
                let file = StateFile { stage: stage.0, partition, version };
                (chain, tally) = self.store.read(file, seal).await?;
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
