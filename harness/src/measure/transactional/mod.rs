//! The sink with transactions: rows become visible at the commit, all of them or none, and once.
//!
//! Every subtask's sink collects between two pre-commits: a digest, stamps, and rows in a hidden
//! file. A pre-commit makes that durable under the name of a pending file. A commit first puts a
//! manifest, which lists what it makes visible, and then gives every pending file its visible
//! name; the manifest decides, so whoever finds one brings it to its end. Latencies are recorded
//! at the commit, because nobody sees a row before.
//!
//! ```text
//! .part-<sink>-<attempt>-<number>.ndjson          being written
//! .pending-<id>-<sink>-<attempt>-<number>.ndjson  pre-committed
//! part-<id>-<sink>.ndjson                         committed: the only files that a reader sees
//! _committed/<id>                                 manifest of one commit: length and hash of each part
//! _committed/index-<id>                           the manifests up to this one, behind the index before
//! _committed/attempt                              how often a job has begun to write here
//! ```
//!
//! Each manifest holds the hash of the one before, so that nothing that was committed can be missing,
//! altered or there twice without notice: names, lengths and recent parts are checked at every
//! attempt, all parts at the end of a run.
//!
//! Where the output is a topic, a commit's rows are published from its pending files, which go once
//! that is done: `topic_output`.
//!
//! A writer's attempt and number belong to it alone, so that what a killed subtask still had on
//! its way never meets what its successor writes.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use dataflow::exchange::sink::{
    Commit, CommitHead, Committer, Sink, SinkError, SinkSlot, Transaction, Wants,
};
use dataflow::job::engine::BoxFuture;
use dataflow::job::storage::{Storage, StorageError};
use dataflow::operator::snapshot::Version;
use dataflow::record::content_hash::ContentHash;
use dataflow::{Digest, ProcessingTime};

use crate::measure::latency::Recorder;
use crate::measure::sink::SinkMeasurement;

mod check;
mod commit;
pub(crate) mod commit_lock;
pub(crate) mod file_names;
pub(crate) mod held_latencies;
mod ledger;
mod pending_rows;
mod publishing;
pub(crate) mod row_file;
pub(crate) mod subtask_sink;
mod topic_output;

use crate::measure::transactional::commit_lock::CommitLock;
use crate::measure::transactional::file_names::OutputFolder;
use crate::measure::transactional::subtask_sink::SubtaskSink;
pub use check::CheckedOutput;
pub use commit::CommitWatch;
use commit::{Shared, State};
use publishing::Publishing;
pub use topic_output::{TopicCheck, TopicOutput};

/// Where the output lies among the files of a job, unless it is a folder of its own.
pub(crate) const SINK: &str = "sink/";

/// Where a job's output goes, and what is kept of it.
#[derive(Clone)]
pub struct Options {
    /// Keeps the files.
    pub storage: Arc<dyn Storage>,
    /// What their names begin with: a folder with its slash, such as `sink/`, or nothing.
    pub prefix: String,
    /// Stamps when latency is measured, rows when they are written.
    pub wants: Wants,
    /// Records latencies, when they are asked for.
    pub latency: Option<Recorder>,
    /// Is told what a reader of the folder has come to see.
    pub watch: Option<CommitWatch>,
    /// Where a reader sees what was committed, if that is not the folder.
    pub topic: Option<Arc<TopicOutput>>,
}

/// A slot for a plan, and what commits and measures its output.
pub fn transactional(options: Options) -> (SinkSlot, Arc<Transactional>) {
    let Options { storage, prefix, wants, latency, watch, topic } = options;
    let shared = Arc::new(Shared {
        place: OutputFolder { storage, prefix },
        rows: wants.rows,
        watch,
        topic,
        publishing: Publishing::default(),
        turn: CommitLock::default(),
        attempt: AtomicU64::new(0),
        writers: AtomicU64::new(0),
        state: Mutex::new(State::default()),
        measured: Mutex::new(SinkMeasurement { digest: Digest::default(), latency }),
    });
    let transactional = Arc::new(Transactional { shared: Arc::clone(&shared) });
    let open = move |subtask| -> Box<dyn Sink> {
        Box::new(SubtaskSink::new(Arc::clone(&shared), subtask))
    };
    let committer = Arc::clone(&transactional) as Arc<dyn Committer>;
    (SinkSlot { wants, open: Arc::new(open), committer: Some(committer) }, transactional)
}

/// Commits the transactions of a job, and knows what they come to.
pub struct Transactional {
    shared: Arc<Shared>,
}

impl Transactional {
    /// The digest of everything committed, by earlier processes too as soon as the
    /// committer was used here, and the latencies of what was committed in this process.
    pub fn measured(&self) -> SinkMeasurement {
        self.shared.measured.lock().expect("no holder fails").clone()
    }

    /// Holds all that was committed, by earlier processes too, against the files: name, length and
    /// content of every part.
    ///
    /// # Errors
    /// When a part is missing, altered or there twice, naming it; when it cannot be read.
    pub async fn check(&self) -> Result<CheckedOutput, SinkError> {
        self.shared.check_all().await
    }
}

impl Committer for Transactional {
    fn commit(
        &self,
        id: Version,
        origin: ContentHash,
        transactions: Vec<Transaction>,
        now: ProcessingTime,
    ) -> BoxFuture<Result<Option<CommitHead>, SinkError>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { shared.commit(id, origin, &transactions, now).await })
    }

    fn inspect(&self, known: Option<CommitHead>) -> BoxFuture<Result<Option<Commit>, SinkError>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { shared.inspect(known).await })
    }

    fn abort_others(&self, keep: &[Transaction]) -> BoxFuture<Result<(), SinkError>> {
        let (shared, keep) = (Arc::clone(&self.shared), keep.to_vec());
        Box::pin(async move { shared.abort_others(&keep).await })
    }
}

/// Whether nothing at all lies where an output is to go. A job that starts afresh must not write
/// into what another left, were it only pending.
///
/// # Errors
/// When it cannot be listed.
pub async fn is_empty(storage: &Arc<dyn Storage>, prefix: &str) -> Result<bool, StorageError> {
    Ok(storage.list(prefix).await?.is_empty())
}
