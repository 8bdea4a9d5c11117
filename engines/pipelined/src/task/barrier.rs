//! What a subtask does once all barriers of a checkpoint are in: emit, broadcast the barrier, copy the
//! state, upload.

use std::sync::Arc;
use std::task::Context;

use dataflow::job::runtime::{CostKind, Work};
use dataflow::job::split_reader::SplitPosition;
use dataflow::operator::snapshot::Version;
use dataflow::stage::{Input, PreCommit, Save, SavedState};

use crate::checkpoint::mailbox::{Acknowledgement, Ending};
use crate::checkpoint::store::{CheckpointStore, SubtaskRecord};
use crate::task::attempt_state::EarlyEnd;
use crate::task::checkpointing::Upload;
use crate::task::subtask::Subtask;

impl Subtask {
    /// Takes the snapshot of a checkpoint whose barriers are in. The order is Flink's
    /// (`SubtaskCheckpointCoordinatorImpl.checkpointState`): a mini-batch ends, as by
    /// `prepareSnapshotPreBarrier`, what was computed goes out, the barrier goes behind it, the state is
    /// copied while nothing is processed, and what is copied is uploaded and acknowledged while the
    /// subtask goes on.
    pub(crate) async fn checkpoint(
        &mut self,
        id: u64,
        splits: Vec<SplitPosition>,
        alignment_nanos: u64,
    ) -> Result<(), EarlyEnd> {
        if self.mini_batch.is_some() {
            self.run(Input::EndOfUnit).await?;
        }
        let flushed = self.runner.flush();
        if self.priced.contains(CostKind::ExchangeByte) {
            self.charge(flushed).await;
        }
        self.hand_over()?;
        let transaction = self.close_transaction(id);
        self.channels.broadcast_barrier(id, &mut self.runner);

        let before = self.runtime.now();
        let Some(own) = &mut self.checkpointing else { return Ok(()) };
        let is_delta = (1..=own.deltas).contains(&own.chained);
        let how = match (is_delta, own.deltas) {
            (true, _) => Save::Since(Version(own.newest)),
            (false, 0) => Save::Alone,
            (false, _) => Save::Full,
        };
        let file = CheckpointStore::part(id, own.stage, self.number);
        own.chained = if is_delta { own.chained + 1 } else { 1 };
        own.newest = id;
        let SavedState { snapshot, tally } =
            self.runner.save(how).map_err(|error| self.fail(error))?;
        if self.priced.contains(CostKind::Snapshot) {
            self.charge(Work { snapshots: 1, ..Work::NONE }).await;
        }
        let pause_nanos = self.runtime.now().since(before);

        let Some(own) = &self.checkpointing else { return Ok(()) };
        let mailbox = Arc::clone(&own.mailbox);
        let upload = Upload {
            checkpoint: id,
            subtask: own.place,
            file,
            store: own.store.clone(),
            full: !is_delta,
            alignment_nanos,
            splits,
            tally,
        };
        let runtime = Arc::clone(&self.runtime);
        self.runtime.spawn(
            self.home,
            Box::pin(async move {
                let (checkpoint, subtask) = (upload.checkpoint, upload.subtask);
                let part = upload.run(snapshot, transaction, pause_nanos).await;
                let acknowledgement = Acknowledgement { checkpoint, subtask, part };
                runtime.deliver(
                    "acknowledge checkpoint",
                    Box::new(move || mailbox.acknowledge(acknowledgement)),
                );
            }),
        );
        self.settle(Work::NONE).await
    }

    /// Whether a channel whose barrier is in waits for the others.
    pub(crate) fn aligns(&self) -> bool {
        self.checkpointing.as_ref().is_some_and(|own| own.aligns)
    }

    /// The checkpoint that a source has been told to begin and has not.
    pub(crate) fn requested_checkpoint(&self) -> Option<u64> {
        let own = self.checkpointing.as_ref()?;
        let requested = own.mailbox.requested();
        (requested > own.newest).then_some(requested)
    }

    /// Whether a stopped source may end: at once without checkpoints, otherwise once the job's
    /// last one is complete.
    pub(crate) fn may_stop(&self) -> bool {
        self.checkpointing.as_ref().is_none_or(|own| own.mailbox.is_stopped())
    }

    /// Whether there is a message to a source that it has not acted upon.
    pub(crate) fn hears_something(&self) -> bool {
        let stopped = self.checkpointing.as_ref().is_some_and(|own| own.mailbox.is_stopped());
        stopped || self.requested_checkpoint().is_some()
    }

    /// Wakes this source at the next message to it.
    pub(crate) fn register_for_messages(&self, context: &Context<'_>) {
        if let Some(own) = &self.checkpointing {
            own.mailbox.register_source(context);
        }
    }

    fn close_transaction(&mut self, id: u64) -> Option<PreCommit> {
        self.checkpointing.as_ref().and_then(|_| self.runner.pre_commit(Version(id)))
    }

    /// Tells the coordinator that no more checkpoint will pass here, and gives it the last
    /// transaction: it belongs to the first checkpoint that this subtask takes no part in.
    pub(crate) async fn leave(&mut self, splits: Vec<SplitPosition>) -> Result<(), EarlyEnd> {
        let Some(own) = &self.checkpointing else { return Ok(()) };
        let (mailbox, subtask, newest) = (Arc::clone(&own.mailbox), own.place, own.newest);
        let transaction = match self.close_transaction(newest + 1) {
            Some(closing) => closing.await.map_err(|error| self.fail_with(error))?,
            None => None,
        };
        let record = SubtaskRecord { chain: Vec::new(), splits, tally: self.runner.tally() };
        mailbox.end(Ending { subtask, newest, record, transaction });
        Ok(())
    }
}
