//! One subtask's end of the sink: collects a transaction, closes it, begins the next.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use dataflow::exchange::sink::{Output, Sink, SinkError, Transaction};
use dataflow::job::engine::BoxFuture;
use dataflow::operator::snapshot::Version;
use dataflow::{Digest, ProcessingTime};

use super::commit::Shared;
use super::ledger::Entry;
use crate::measure::transactional::file_names::{Key, Writer};
use crate::measure::transactional::held_latencies::HeldLatencies;
use crate::measure::transactional::row_file::RowFile;

/// Bytes of rows that a transaction may hold while the commit before it is being published.
const BYTES_BESIDE_PUBLICATION: u64 = 64 << 20;

/// Takes what a subtask writes.
pub(super) struct SubtaskSink {
    shared: Arc<Shared>,
    subtask: u32,
    /// What was written since the last pre-commit; `None` when nothing was.
    open: Option<OpenTransaction>,
    /// Once rows could not be written, what is open lacks them and must never be committed.
    failed: Option<SinkError>,
}

/// A transaction that is being written.
struct OpenTransaction {
    writer: Writer,
    digest: Digest,
    written: u64,
    times: HeldLatencies,
    rows: Option<RowFile>,
}

impl SubtaskSink {
    pub(super) const fn new(shared: Arc<Shared>, subtask: u32) -> Self {
        Self { shared, subtask, open: None, failed: None }
    }

    fn check(&self) -> Result<(), SinkError> {
        match &self.failed {
            None => Ok(()),
            Some(SinkError { target, cause, kind }) => {
                Err(SinkError { target: target.clone(), cause: cause.clone(), kind: *kind })
            }
        }
    }

    /// Asks the rows, if there are any.
    fn poll_rows(
        &mut self,
        poll: impl FnOnce(&mut RowFile) -> Poll<Result<(), SinkError>>,
    ) -> Poll<Result<(), SinkError>> {
        self.check()?;
        let rows = self.open.as_mut().and_then(|open| open.rows.as_mut());
        match rows.map_or(Poll::Ready(Ok(())), poll) {
            Poll::Ready(Err(error)) => {
                self.failed = Some(error);
                Poll::Ready(self.check())
            }
            polled => polled,
        }
    }
}

impl Sink for SubtaskSink {
    /// Its time does not matter: the records are emitted when they are committed.
    fn write(&mut self, output: &mut Output, _: ProcessingTime) -> Result<(), SinkError> {
        self.check()?;
        if output.is_empty() {
            return Ok(());
        }
        let open = self.open.get_or_insert_with(|| OpenTransaction {
            writer: self.shared.new_writer(),
            digest: Digest::default(),
            written: 0,
            times: HeldLatencies::default(),
            rows: None,
        });
        open.digest.merge(&output.digest);
        open.written += output.written;
        open.times.take(output);
        if !output.text.is_empty() {
            let new =
                || RowFile::new(Arc::clone(&self.shared), open.writer.in_progress(self.subtask));
            open.rows.get_or_insert_with(new).take(&mut output.text);
        }
        Ok(())
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        ready!(self.poll_rows(|rows| rows.poll_room(context)))?;
        let rows = self.open.as_ref().and_then(|open| open.rows.as_ref());
        let rows = rows.filter(|_| self.shared.topic.is_some());
        if rows.is_some_and(|rows| rows.content().length > BYTES_BESIDE_PUBLICATION) {
            ready!(self.shared.publishing.poll_idle(context));
        }
        Poll::Ready(Ok(()))
    }

    /// What is written last is seen like the rest: when it is committed.
    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.poll_rows(|rows| rows.poll_flush(context))
    }

    fn pre_commit(&mut self, id: Version) -> BoxFuture<Result<Option<Transaction>, SinkError>> {
        if let Err(error) = self.check() {
            return Box::pin(std::future::ready(Err(error)));
        }
        let Some(open) = self.open.take() else {
            return Box::pin(std::future::ready(Ok(None)));
        };
        let key = Key { id, sink: self.subtask };
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { open.close(key, &shared).await.map(Some) })
    }
}

impl OpenTransaction {
    async fn close(self, key: Key, shared: &Shared) -> Result<Transaction, SinkError> {
        let Self { writer, digest, written, times, rows } = self;
        let content = rows.as_ref().map(RowFile::content);
        let entry = Entry { key, writer, digest, written, rows: content };
        if let Some(rows) = rows {
            rows.finish(&entry.pending()).await?;
        }
        let transaction = entry.transaction(&shared.place)?;
        shared.hold(&entry, times);
        Ok(transaction)
    }
}
