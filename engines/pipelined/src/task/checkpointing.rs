//! What a subtask needs to take part in checkpoints, and the part that goes on beside it.

use std::sync::Arc;

use dataflow::job::split_reader::SplitPosition;
use dataflow::operator::snapshot::Snapshot;
use dataflow::stage::{PreCommit, Tally};

use crate::checkpoint::mailbox::{Mailbox, Part, PartError};
use crate::checkpoint::store::CheckpointStore;

/// What a subtask needs to take part.
pub(crate) struct Checkpointing {
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) store: CheckpointStore,
    /// Number of its stage.
    pub(crate) stage: usize,
    /// Its place among all subtasks of the job.
    pub(crate) place: usize,
    /// Whether barriers block their channels until all are in.
    pub(crate) aligns: bool,
    /// Deltas between two full snapshots; 0: all are full.
    pub(crate) deltas: u64,
    /// Files that the next delta would be one to.
    pub(crate) chained: u64,
    /// The newest checkpoint it has taken part in.
    pub(crate) newest: u64,
}

/// The asynchronous part of a checkpoint.
pub(crate) struct Upload {
    pub(crate) checkpoint: u64,
    pub(crate) subtask: usize,
    pub(crate) file: String,
    pub(crate) store: CheckpointStore,
    pub(crate) full: bool,
    pub(crate) alignment_nanos: u64,
    pub(crate) splits: Vec<SplitPosition>,
    pub(crate) tally: Tally,
}

impl Upload {
    pub(crate) async fn run(
        self,
        snapshot: Snapshot,
        transaction: Option<PreCommit>,
        pause_nanos: u64,
    ) -> Result<Part, PartError> {
        let transaction = match transaction {
            Some(closing) => closing.await?,
            None => None,
        };
        Ok(Part {
            file: self.store.write_part(self.file, &snapshot).await?,
            splits: self.splits,
            tally: self.tally,
            transaction,
            bytes: snapshot.bytes.len() as u64,
            full: self.full,
            alignment_nanos: self.alignment_nanos,
            pause_nanos,
        })
    }
}
