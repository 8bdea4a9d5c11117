//! Why a run did not come to its end.

use crate::exchange::failure::FailureKind;
use crate::exchange::sink::SinkError;
use crate::job::source::SourceError;
use crate::job::storage::StorageError;
use crate::operator::snapshot::RestoreError;
use crate::stage::StageError;

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// An operator failed, or state could not be written.
    #[error("stage `{stage}`, subtask {subtask}: {cause}")]
    Stage {
        /// The stage's operators.
        stage: String,
        /// Which subtask.
        subtask: u32,
        /// Why.
        cause: StageError,
    },
    /// An event could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A result could not be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// State could not be restored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// Something durable could not be written or read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The storage holds a job that does not fit this one, or one where there should be none.
    #[error("cannot start: {0}")]
    Refused(String),
    /// A checkpoint was not acknowledged in time.
    #[error("checkpoint {id} was not acknowledged in time")]
    CheckpointExpired {
        /// Its id.
        id: u64,
    },
    /// Nothing has moved for a while.
    #[error("nothing has moved for {millis} ms: {}", waiting.join("; "))]
    Stalled {
        /// For how long, in milliseconds.
        millis: u64,
        /// Who waits for what.
        waiting: Vec<String>,
    },
    /// It started again and again, and came no further.
    #[error(
        "{cause} (given up after {restarts} restarts that brought the job no further; setting \
         restart_attempts)"
    )]
    RestartsSpent {
        /// How often it started again since the last checkpoint or batch.
        restarts: u64,
        /// The last failure.
        cause: Box<EngineError>,
    },
    /// A system that runs in processes of its own has failed.
    #[error("{system}: {cause}")]
    System {
        /// By name.
        system: String,
        /// Why, with the last lines that it has printed.
        cause: String,
    },
    /// A task of the engine ended without a word: a panic, or a runtime that was shut down.
    #[error("a task ended without a result: {0}")]
    Lost(String),
}

impl EngineError {
    /// Whether starting again can help: the program's own mistakes, damaged files and full disks come
    /// back.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Lost(_) | Self::System { .. } | Self::CheckpointExpired { .. } => true,
            Self::Sink(error) => matches!(error.kind, FailureKind::Transient),
            Self::Storage(error) => matches!(error.kind, FailureKind::Transient),
            _ => false,
        }
    }
}
