//! One subtask's instance of a chain of operators: all that a runner sees of it.
//!
//! [`Step::More`] means that the outbox is full. The stage has then stopped between two records, or
//! between two results of a window. It keeps its place and is called again with the same arguments
//! once there is room. An operator whose `advance` emits much therefore looks at
//! [`Collect::is_full`](crate::Collect::is_full) and returns `More`.

use crate::exchange::outbox::Outbox;
use crate::operator::Failure;
use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, Snapshot, Version};
use crate::placement::Ownership;
use crate::record::batch::Batch;
use crate::record::time::ProcessingTime;

/// Which input of a stage a batch came in by: 0, or 1 for the right side of a two-input stage.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputPort(pub usize);

/// One subtask's instance of a chain of operators.
///
/// Called once per batch, so that the virtual call and the erased types cost nothing per record.
pub trait Stage: Send {
    /// Processes the records of a batch up to position `upto`, the batch's next watermark.
    /// [`Step::More`] when the outbox became full: call again with the same arguments.
    ///
    /// # Errors
    /// When an operator fails.
    fn process(
        &mut self,
        input: InputPort,
        batch: &mut Batch,
        upto: usize,
        out: &mut Outbox,
    ) -> Result<Step, StageError>;

    /// Moves time on; the watermark is the engine's, merged over all inputs. It goes downstream
    /// after everything that it released.
    ///
    /// # Errors
    /// When an operator fails.
    fn advance(&mut self, progress: Progress, out: &mut Outbox) -> Result<Step, StageError>;

    /// Whether the stage holds records back until their unit of work ends.
    fn has_units(&self) -> bool {
        false
    }

    /// A unit of work has ended: what is held back goes on, and behind it the watermark that has
    /// waited for it. `progress` is the one of the last [`Stage::advance`].
    ///
    /// # Errors
    /// When an operator fails.
    fn end_unit(&mut self, progress: Progress, out: &mut Outbox) -> Result<Step, StageError> {
        let _ = (progress, out);
        Ok(Step::Done)
    }

    /// Hands over what open buffers hold.
    fn flush(&mut self, out: &mut Outbox);

    /// Writes the state: all of it for `None`, else what changed since the snapshot before, whose
    /// version is named. Called only when no step is pending.
    ///
    /// # Errors
    /// When a value cannot be serialized.
    fn snapshot(&mut self, since: Option<Version>) -> Result<Snapshot, StageError>;

    /// Writes all of the state, to which no delta is asked for later: unlike after
    /// [`Stage::snapshot`], records then do not pay for remembering what they change.
    ///
    /// # Errors
    /// When a value cannot be serialized.
    fn snapshot_alone(&mut self) -> Result<Snapshot, StageError> {
        self.snapshot(None)
    }

    /// Takes state on: a full snapshot and its deltas of this same subtask, or the full snapshots
    /// of all former subtasks when the parallelism has changed (fold deltas first: restore them
    /// under their own ownership and snapshot in full). What `owns` does not hold is left out.
    ///
    /// # Errors
    /// When a snapshot is not one of this stage.
    fn restore(&mut self, from: &[Snapshot], owns: &Ownership) -> Result<(), RestoreError>;

    /// The earliest processing-time timer.
    fn wake_at(&self) -> Option<ProcessingTime>;

    /// Whether results may have the times of records of an earlier step.
    fn holds_times(&self) -> bool {
        true
    }
}

/// A stage that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// An operator has failed.
    #[error("{0}")]
    Operator(Failure),
    /// State cannot be written.
    #[error(transparent)]
    Snapshot(#[from] RestoreError),
}
