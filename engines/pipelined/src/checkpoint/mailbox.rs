//! What the coordinator and the subtasks tell one another.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use dataflow::exchange::sink::{SinkError, Transaction};
use dataflow::job::recovery::seal::SealedFile;
use dataflow::job::split_reader::SplitPosition;
use dataflow::job::storage::StorageError;
use dataflow::stage::Tally;

use crate::checkpoint::store::SubtaskRecord;

/// A subtask's part of a checkpoint is durable, or is not.
pub(crate) struct Acknowledgement {
    pub(crate) checkpoint: u64,
    /// Stage by stage, and by number within a stage.
    pub(crate) subtask: usize,
    pub(crate) part: Result<Part, PartError>,
}

/// What a subtask has made durable for a checkpoint.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Its state: full, or a delta to the file of the checkpoint before.
    pub(crate) file: SealedFile,
    pub(crate) splits: Vec<SplitPosition>,
    /// What it had counted.
    pub(crate) tally: Tally,
    pub(crate) transaction: Option<Transaction>,
    pub(crate) bytes: u64,
    pub(crate) full: bool,
    pub(crate) alignment_nanos: u64,
    pub(crate) pause_nanos: u64,
}

/// Why a part is not durable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PartError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Sink(#[from] SinkError),
}

/// A subtask has come to its end.
pub(crate) struct Ending {
    pub(crate) subtask: usize,
    /// The newest checkpoint that it has taken part in.
    pub(crate) newest: u64,
    pub(crate) record: SubtaskRecord,
    pub(crate) transaction: Option<Transaction>,
}

/// Messages of one attempt to run a job.
#[derive(Default)]
pub(crate) struct Mailbox {
    /// The newest checkpoint that sources were told to begin; 0 before the first.
    requested: AtomicU64,
    /// The job was stopped and its last checkpoint is complete: subtasks end without firing.
    stopped: AtomicBool,
    inbox: Mutex<Inbox>,
}

#[derive(Default)]
struct Inbox {
    acknowledgements: Vec<Acknowledgement>,
    endings: Vec<Ending>,
    coordinator: Option<Waker>,
    sources: Vec<Waker>,
}

impl Mailbox {
    pub(crate) fn requested(&self) -> u64 {
        self.requested.load(Ordering::Relaxed)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// To the sources: begin this checkpoint.
    pub(crate) fn request(&self, checkpoint: u64) {
        self.requested.fetch_max(checkpoint, Ordering::Relaxed);
        self.wake_sources();
    }

    /// To the sources: the job's last checkpoint is complete, and it ends here.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.wake_sources();
    }

    fn wake_sources(&self) {
        let sources = std::mem::take(&mut self.lock().sources);
        sources.into_iter().for_each(Waker::wake);
    }

    /// Wakes a source at the next message to it.
    pub(crate) fn register_source(&self, context: &Context<'_>) {
        let sources = &mut self.lock().sources;
        if !sources.iter().any(|waker| waker.will_wake(context.waker())) {
            sources.push(context.waker().clone());
        }
    }

    pub(crate) fn acknowledge(&self, acknowledgement: Acknowledgement) {
        let mut inbox = self.lock();
        inbox.acknowledgements.push(acknowledgement);
        let coordinator = inbox.coordinator.take();
        drop(inbox);
        coordinator.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn end(&self, ending: Ending) {
        let mut inbox = self.lock();
        inbox.endings.push(ending);
        let coordinator = inbox.coordinator.take();
        drop(inbox);
        coordinator.into_iter().for_each(Waker::wake);
    }

    /// To the coordinator: what has come since the last look.
    pub(crate) fn poll_receive(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<(Vec<Acknowledgement>, Vec<Ending>)> {
        let mut inbox = self.lock();
        if inbox.acknowledgements.is_empty() && inbox.endings.is_empty() {
            inbox.coordinator = Some(context.waker().clone());
            return Poll::Pending;
        }
        let acknowledgements = std::mem::take(&mut inbox.acknowledgements);
        Poll::Ready((acknowledgements, std::mem::take(&mut inbox.endings)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inbox> {
        self.inbox.lock().expect("no holder fails")
    }
}
