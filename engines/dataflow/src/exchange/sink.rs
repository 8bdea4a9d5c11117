//! Where results leave a job.
//!
//! What reaches [`Sink::write`] is an [`Output`]: how many results, their digest, and, only if
//! [`Wants`] says so, event times and stamps (for latency) and lines of JSON (for rows). The engine
//! passes the instant of the call, and that is the emission. [`Sink::poll_room`] is back-pressure,
//! and [`Sink::poll_finish`] the end. At a checkpoint or batch [`Sink::pre_commit`] makes what was
//! written durable: under exactly-once as a [`Transaction`], which a [`Committer`] makes visible.

use crate::exchange::failure::FailureKind;
use crate::exchange::row_change::RowChange;
use std::sync::Arc;
use std::task::{Context, Poll};

use serde::{Deserialize, Serialize};

use crate::future::BoxFuture;
use crate::operator::snapshot::Version;
use crate::record::change::Change;
use crate::record::content_hash::ContentHash;
use crate::record::digest::Digest;
use crate::record::emission_times::{Timed, Times};
use crate::record::latency_trace::{LatencyTrace, Sampling};
use crate::record::time::ProcessingTime;

/// Results on their way to the sink: digested, and only as far as wanted stamped and printed.
///
/// The digest is computed where the record's type is known and nothing else is kept of it, so
/// checking every answer costs two nanoseconds a record and no memory.
#[derive(Debug, Default)]
pub struct Output {
    /// Records written, changes counted singly.
    pub written: u64,
    /// Count and hash sum of what they leave behind.
    pub digest: Digest,
    /// Times of every record, if [`Wants::stamps`]; [`Output::timed`] tells them.
    pub times: Times,
    /// The records as NDJSON, if [`Wants::rows`].
    pub text: Vec<u8>,
    /// Of sampled records, up to their emission, if [`Wants::trails`].
    pub trails: Vec<LatencyTrace>,
    /// Sampled records of which nobody knows where they have been: too old, or from before a
    /// restart.
    pub without_trail: u64,
}

/// Records held before a stage is asked to stop.
const RECORDS_HELD: u64 = 1_024;
/// Bytes of text held before a stage is asked to stop.
const TEXT_HELD: usize = 64 * 1024;

impl Output {
    /// Whether it is time to hand over.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.written >= RECORDS_HELD || self.text.len() >= TEXT_HELD
    }

    /// Whether nothing was written.
    pub const fn is_empty(&self) -> bool {
        self.written == 0
    }

    /// Empties it and keeps the memory.
    pub fn clear(&mut self) {
        self.written = 0;
        self.digest = Digest::default();
        self.times.clear();
        self.text.clear();
        self.trails.clear();
        self.without_trail = 0;
    }

    /// Times of every record, in their order; none unless [`Wants::stamps`].
    pub fn timed(&mut self) -> &[Timed] {
        self.times.of(self.written)
    }

    /// Writes a record of an `append` result, whose times were taken.
    #[inline(always)]
    pub(crate) fn append<T: Serialize>(&mut self, row: &T, wants: Wants) {
        self.written += 1;
        self.digest.insert(row);
        if wants.rows {
            self.line(row);
        }
    }

    /// Writes a change of an `upsert` or `retract` result, whose times were taken.
    #[inline(always)]
    pub(crate) fn change<T: Serialize>(&mut self, change: &Change<T>, wants: Wants) {
        self.written += 1;
        match change {
            Change::Insert(row) => {
                self.digest.insert(row);
                self.change_line(wants, "+I", row);
            }
            Change::Update { before, after } => {
                self.digest.remove(before);
                self.digest.insert(after);
                self.change_line(wants, "-U", before);
                self.change_line(wants, "+U", after);
            }
            Change::Delete(row) => {
                self.digest.remove(row);
                self.change_line(wants, "-D", row);
            }
        }
    }

    /// Writes a row that another process has made, whose times were taken; of an `append` result
    /// without its change where it has none.
    pub(crate) fn foreign<T: Serialize>(
        &mut self,
        change: RowChange,
        row: &T,
        wants: Wants,
        appends: bool,
    ) {
        let op = match change {
            RowChange::Insert => "+I",
            RowChange::UpdateBefore => "-U",
            RowChange::UpdateAfter => "+U",
            RowChange::Delete => "-D",
        };
        match change {
            RowChange::Insert | RowChange::UpdateAfter => self.digest.insert(row),
            RowChange::UpdateBefore | RowChange::Delete => self.digest.remove(row),
        }
        self.written += u64::from(change != RowChange::UpdateBefore);
        if !(appends && change == RowChange::Insert) {
            self.change_line(wants, op, row);
        } else if wants.rows {
            self.line(row);
        }
    }

    #[inline(always)]
    fn change_line<T: Serialize>(&mut self, wants: Wants, op: &'static str, row: &T) {
        #[derive(Serialize)]
        struct Line<'a, T> {
            op: &'static str,
            #[serde(flatten)]
            row: &'a T,
        }
        if wants.rows {
            self.line(&Line { op, row });
        }
    }

    #[cold]
    fn line<T: Serialize>(&mut self, row: &T) {
        let start = self.text.len();
        if let Err(error) = serde_json::to_writer(&mut self.text, row) {
            // A row that JSON cannot express (a map with keys that are no strings, say) is shown
            // as such: the digest does not depend on it.
            self.text.truncate(start);
            let note = serde_json::json!({ "not_json": error.to_string() });
            self.text.extend_from_slice(note.to_string().as_bytes());
        }
        self.text.push(b'\n');
    }
}

/// What the sink needs of every record besides its digest.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// The times: latency is measured.
    pub stamps: bool,
    /// With the times also when records happened: latency is measured from the ends of windows.
    pub event_times: bool,
    /// The record as a line of JSON: it is written somewhere.
    pub rows: bool,
    /// Where the time of these records went; needs their stamps too.
    pub trails: Option<Sampling>,
}

/// One subtask's end of the sink.
pub trait Sink: Send {
    /// Takes output; the records count as emitted at `now`. May leave `output` as it is.
    ///
    /// # Errors
    /// When the output cannot be written; the run ends.
    fn write(&mut self, output: &mut Output, now: ProcessingTime) -> Result<(), SinkError>;

    /// Ready when more can be written without waiting.
    ///
    /// # Errors
    /// When what was taken earlier could not be written.
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let _ = context;
        Poll::Ready(Ok(()))
    }

    /// The input has ended: everything must be where it belongs before this is ready.
    ///
    /// # Errors
    /// When something could not be written.
    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.poll_room(context)
    }

    /// The checkpoint or batch `id` covers everything that was written so far: once ready, all of it
    /// is durable. A sink with transactions closes the one that is open and begins the next, and
    /// nobody sees it before a [`Committer`] commits it. `None` from a sink without, whose output is
    /// seen at once (at-least-once: it must only be delivered before the checkpoint completes). Ids
    /// rise; an empty transaction may be `None` too.
    ///
    /// # Errors
    /// When it cannot be made durable.
    fn pre_commit(&mut self, id: Version) -> BoxFuture<Result<Option<Transaction>, SinkError>> {
        let _ = id;
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// What one sink has written between two pre-commits. It belongs to the job: who holds it can
/// commit it, whatever has become of the subtask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The subtask or partition that wrote it.
    pub sink: u32,
    /// The checkpoint or batch that closed it.
    pub id: Version,
    /// What the sink needs to find it again.
    pub bytes: Vec<u8>,
}

/// The newest commit of an output, and by its hash all before it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitHead {
    /// Its id.
    pub id: Version,
    /// Of what it made visible and of the commit before it: equal hashes mean equal histories.
    pub hash: ContentHash,
}

/// A commit that was made.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// What it is known by.
    pub head: CommitHead,
    /// What it was made for: see [`Committer::commit`].
    pub origin: ContentHash,
}

/// Makes transactions of a job visible.
///
/// At the start of each attempt a job calls [`Committer::inspect`], then
/// [`Committer::abort_others`].
pub trait Committer: Send + Sync {
    /// Looks at what the storage holds of the output and brings its last commit to its end. All
    /// that was committed must be there: names and lengths of all parts, and the content of recent
    /// ones; and the commit `known`, which the job has seen made. Returns the newest commit: a
    /// job that finds itself older than its output must not go on.
    ///
    /// # Errors
    /// When something is missing, altered or there twice, naming it; when it cannot be read.
    fn inspect(&self, known: Option<CommitHead>) -> BoxFuture<Result<Option<Commit>, SinkError>>;

    /// Before the first subtask of an attempt starts: drops everything written that was not
    /// committed and is not in `keep`, whose content must be what was written.
    ///
    /// # Errors
    /// When something of `keep` is missing or altered, naming it, and when that fails.
    fn abort_others(&self, keep: &[Transaction]) -> BoxFuture<Result<(), SinkError>>;

    /// Makes the transactions visible, all or none, as the commit called `id`; they count as
    /// emitted at `now`. `origin` is the seal of what the job has written down of this commit: it
    /// stays with it. Idempotent: a commit of this id that has been made, in this process or
    /// another, is only brought to its end and whatever is given now is dropped; so is a
    /// transaction that an earlier commit made visible. Returns the newest commit then.
    ///
    /// # Errors
    /// When that fails; it may be tried again.
    fn commit(
        &self,
        id: Version,
        origin: ContentHash,
        transactions: Vec<Transaction>,
        now: ProcessingTime,
    ) -> BoxFuture<Result<Option<CommitHead>, SinkError>>;
}

/// Opens a subtask's [`Sink`].
pub type OpenSink = dyn Fn(u32) -> Box<dyn Sink> + Send + Sync;

/// The place in a plan where the harness puts its sink.
#[derive(Clone)]
pub struct SinkSlot {
    /// What it needs of every record.
    pub wants: Wants,
    /// Opens the end for a subtask, numbered from 0.
    pub open: Arc<OpenSink>,
    /// Commits what the sinks pre-commit; `None` when they have no transactions.
    pub committer: Option<Arc<dyn Committer>>,
}

impl SinkSlot {
    /// A sink without transactions.
    pub fn plain(
        wants: Wants,
        open: impl Fn(u32) -> Box<dyn Sink> + Send + Sync + 'static,
    ) -> Self {
        Self { wants, open: Arc::new(open), committer: None }
    }
}

impl std::fmt::Debug for SinkSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SinkSlot").field("wants", &self.wants).finish_non_exhaustive()
    }
}

/// Output that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to {target}: {cause}")]
pub struct SinkError {
    /// Where to.
    pub target: String,
    /// Why.
    pub cause: String,
    /// Whether trying again can help.
    pub kind: FailureKind,
}
