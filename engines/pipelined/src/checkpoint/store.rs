//! Checkpoints as files: who wrote what, and the newest one that was completed.

use std::collections::HashSet;
use std::sync::Arc;

use dataflow::EngineError;
use dataflow::exchange::sink::{CommitHead, Transaction};
use dataflow::job::engine::Job;
use dataflow::job::plan::{Layout, Plan, StageId};
use dataflow::job::recovery::output_promise::OutputPromise;
use dataflow::job::recovery::refusal::check_identity;
use dataflow::job::recovery::seal::{SealedFile, load, load_promised, save};
use dataflow::job::rescale::FormerState;
use dataflow::job::split_reader::SplitPosition;
use dataflow::job::storage::{Storage, StorageError};
use dataflow::operator::snapshot::{Snapshot, Version};
use dataflow::placement::{Placement, PlacementKind};
use dataflow::record::content_hash::ContentHash;
use dataflow::stage::Tally;
use serde::{Deserialize, Serialize};

/// Folder of all checkpoints.
const FOLDER: &str = "pipelined/";
/// A checkpoint is complete once its file of this name is there.
const METADATA: &str = "metadata";

/// What a checkpoint holds of one subtask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SubtaskRecord {
    /// Files of its state: a full snapshot and its deltas, oldest first. None when it had ended.
    pub(crate) chain: Vec<SealedFile>,
    pub(crate) splits: Vec<SplitPosition>,
    /// What it had counted.
    pub(crate) tally: Tally,
}

/// A completed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) id: u64,
    /// The job's.
    pub(crate) identity: ContentHash,
    /// Names of the stages: another job's checkpoint is refused.
    pub(crate) stages: Vec<String>,
    pub(crate) parallelism: u32,
    pub(crate) placement: PlacementKind,
    pub(crate) max_parallelism: Option<u32>,
    /// Stage by stage, and by number within a stage.
    pub(crate) subtasks: Vec<SubtaskRecord>,
    /// Pre-committed with it: to be committed once it is durable, again after a failure.
    pub(crate) transactions: Vec<Transaction>,
    /// The newest commit of the output before these are committed.
    pub(crate) output: Option<CommitHead>,
    /// Everything has been read, and fired.
    pub(crate) finished: bool,
}

impl Metadata {
    /// Splits as they were, in no order.
    pub(crate) fn splits(&self) -> impl Iterator<Item = &SplitPosition> {
        self.subtasks.iter().flat_map(|subtask| &subtask.splits)
    }

    /// Files that this checkpoint needs.
    pub(crate) fn files(&self) -> impl Iterator<Item = &SealedFile> {
        self.subtasks.iter().flat_map(|subtask| &subtask.chain)
    }

    /// Refuses what is not of this job, or of no job at all. `file` is where it was read.
    fn check(&self, job: &Job, file: &str) -> Result<(), EngineError> {
        let plan = &job.plan;
        plan.check_stages(file, &self.stages)?;
        check_identity(file, self.identity, job.identity)?;
        let mut splits: Vec<u32> = self.splits().map(|split| split.split).collect();
        splits.sort_unstable();
        plan.check_splits(file, &splits)?;
        for split in self.splits() {
            plan.check_read(file, split.split, split.offset, split.ended)?;
        }
        if self.parallelism > 0
            && self.subtasks.len() == self.stages.len() * self.parallelism as usize
        {
            return Ok(());
        }
        Err(EngineError::Refused(format!(
            "{file} has {} subtasks, and not {} for each of {} stages",
            self.subtasks.len(),
            self.parallelism,
            self.stages.len()
        )))
    }

    fn former_placement(&self) -> Placement {
        self.placement.over(self.parallelism, self.max_parallelism)
    }
}

/// Reads and writes checkpoints.
#[derive(Clone)]
pub(crate) struct CheckpointStore {
    storage: Arc<dyn Storage>,
}

impl CheckpointStore {
    pub(crate) fn new(storage: Arc<dyn Storage>) -> Self {
        Self { storage }
    }

    /// Name of the file that holds a subtask's part of a checkpoint.
    pub(crate) fn part(id: u64, stage: usize, subtask: u32) -> String {
        format!("{FOLDER}{id}-{stage}-{subtask}")
    }

    /// Name of the file that completes a checkpoint.
    pub(crate) fn metadata(id: u64) -> String {
        format!("{FOLDER}{id}-{METADATA}")
    }

    pub(crate) async fn write_part(
        &self,
        name: String,
        snapshot: &Snapshot,
    ) -> Result<SealedFile, StorageError> {
        let seal = save(&self.storage, &name, snapshot).await?;
        Ok(SealedFile { name, seal })
    }

    /// Completes a checkpoint. Returns the seal of its metadata.
    pub(crate) async fn complete(&self, metadata: &Metadata) -> Result<ContentHash, StorageError> {
        save(&self.storage, &Self::metadata(metadata.id), metadata).await
    }

    /// Removes what the newest completed checkpoint has no use for: those before it, and parts of
    /// checkpoints that were never completed. What newer ones have written stays, unless nobody
    /// writes them any more: then `newer` is true.
    pub(crate) async fn sweep(
        &self,
        newest: Option<&Metadata>,
        newer: bool,
    ) -> Result<(), StorageError> {
        let id = newest.map_or(0, |newest| newest.id);
        let mut kept: HashSet<&str> =
            newest.iter().flat_map(|it| it.files()).map(|file| file.name.as_str()).collect();
        let metadata = Self::metadata(id);
        kept.insert(&metadata);
        let mut names = self.storage.list(FOLDER).await?;
        names.retain(|name| {
            let is_over = split(name).is_some_and(|(of, _)| newer || of <= id);
            is_over && !kept.contains(name.as_str())
        });
        // Metadata first: no checkpoint is without its parts at any time.
        names.sort_by_key(|name| !name.ends_with(METADATA));
        self.storage.remove_all(names).await
    }

    /// Ids of all checkpoints that have left a file, and the newest completed one, which must be of
    /// this job.
    pub(crate) async fn look(&self, job: &Job) -> Result<StoredCheckpoints, EngineError> {
        let (mut newest_id, mut completed) = (0, None);
        for name in self.storage.list(FOLDER).await? {
            let Some((id, file)) = split(&name) else { continue };
            newest_id = newest_id.max(id);
            if file == METADATA {
                completed = completed.max(Some(id));
            }
        }
        let completed = match completed {
            // What was completed may have been committed: if it cannot be read, an older one is
            // no way out.
            Some(id) => load::<Metadata>(&self.storage, &Self::metadata(id)).await?,
            None => None,
        };
        if let Some((metadata, _)) = &completed {
            metadata.check(job, &self.storage.locate(&Self::metadata(metadata.id)))?;
        }
        Ok(StoredCheckpoints { newest_id, completed })
    }

    /// Where the folder of all checkpoints is, for a person.
    pub(crate) fn locate(&self) -> String {
        self.storage.locate(FOLDER)
    }

    /// What the newest completed checkpoint, if there is one, knows of the output.
    pub(crate) fn output_promise(
        &self,
        completed: Option<&(Metadata, ContentHash)>,
    ) -> OutputPromise {
        OutputPromise {
            made: completed.and_then(|(metadata, _)| metadata.output),
            last: completed.map(|(metadata, seal)| (Version(metadata.id), *seal)),
            unit: "checkpoint",
            place: self.locate(),
            file: Self::metadata,
        }
    }

    /// The state of every stage, ready to be taken up under `layout`.
    pub(crate) async fn former_states(
        &self,
        metadata: &Metadata,
        plan: &Plan,
        layout: &Layout,
    ) -> Result<Vec<FormerState>, EngineError> {
        let mut states = Vec::with_capacity(plan.stages.len());
        let parallelism = metadata.parallelism as usize;
        for (stage, records) in metadata.subtasks.chunks(parallelism).enumerate() {
            let mut chains = Vec::with_capacity(parallelism);
            for record in records {
                let mut chain = Vec::with_capacity(record.chain.len());
                for file in &record.chain {
                    chain.push(load_promised::<Snapshot>(&self.storage, file).await?);
                }
                chains.push(chain);
            }
            let tallies = records.iter().map(|record| record.tally.clone()).collect();
            let placement = metadata.former_placement();
            let state = FormerState { placement, chains, tallies };
            states.push(state.folded(plan, StageId(stage), layout)?);
        }
        Ok(states)
    }
}

/// The checkpoint that a file belongs to, and what it is of it.
fn split(name: &str) -> Option<(u64, &str)> {
    let (id, file) = name.strip_prefix(FOLDER)?.split_once('-')?;
    Some((id.parse().ok()?, file))
}

impl StoredCheckpoints {
    /// How far the newest completed checkpoint had read.
    pub(crate) fn splits(&self) -> impl Iterator<Item = &SplitPosition> {
        self.completed.iter().flat_map(|(metadata, _)| metadata.splits())
    }
}

/// What a storage holds of a job.
pub(crate) struct StoredCheckpoints {
    /// Highest id that any file carries: never used again.
    pub(crate) newest_id: u64,
    /// The newest one that was completed, and its seal.
    pub(crate) completed: Option<(Metadata, ContentHash)>,
}
