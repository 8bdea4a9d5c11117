//! A topic in which a reader sees what was committed. The manifest decides; the rows are published from
//! the pending files, never from rows that were computed again:
//!
//! 1. A commit's manifest is put.
//! 2. Each slot publishes its rows, with the number of the commit, in one transaction.
//! 3. A mark says that the slot has done so, and what its rows come to.
//! 4. The pending files go.
//!
//! Whoever finds a manifest goes on at 2. The broker tells which commits a slot has published; where it
//! has forgotten that, the mark does.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::exchange::failure::FailureKind;
use dataflow::exchange::sink::{CommitHead, SinkError};
use dataflow::job::recovery::seal::{load, save};
use dataflow::job::storage::Storage;
use dataflow::record::content_hash::ContentHash;
use dataflow::{Digest, ProcessingTime};
use kafka::{Company, KafkaFailure, OutputTopic, Publisher};
use serde::{Deserialize, Serialize};

use super::ledger::{Committed, Entry};
use crate::error::{Error, Result};
use crate::files::at_once::at_once;
use crate::files::invocation::unix_nanos;
use crate::measure::transactional::file_names::{OutputFolder, PUBLISHED, TOPIC};
use crate::measure::transactional::pending_rows::PendingRows;

/// After this time a broker has forgotten what a slot has published (`offsets.retention.minutes`).
const FORGOTTEN_AFTER_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

/// What is kept of the topic where the job keeps its files.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct TopicFile {
    /// What the job's transactions are called.
    job: String,
    /// How many transactions a commit has at most. Never changed: a slot that nobody takes over would
    /// leave its last transaction open.
    slots: u32,
    /// Where each partition ended when the job began.
    starts: Vec<u64>,
}

/// What a slot has published.
#[derive(Copy, Clone, Debug, Default, Serialize, Deserialize)]
struct Mark {
    /// Commits before this one.
    next: u64,
    /// Rows of all of them.
    rows: i64,
    /// Sum of their hashes.
    sum: u128,
}

/// What became of the rows of a topic that were to be compared with what was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicCheck {
    /// There are so many, and they are the same.
    AsPublished(u64),
    /// They could not be read, for this reason.
    Unread(String),
    /// Nobody asked for it.
    LeftOut,
}

/// A topic in which a reader sees what was committed.
pub struct TopicOutput {
    topic: OutputTopic,
    name: String,
    file: TopicFile,
    publisher: Arc<Publisher>,
    storage: Arc<dyn Storage>,
    prefix: String,
    company: Company,
}

impl TopicOutput {
    /// Takes over the topic for a job that keeps its files in `storage` under `prefix`. A new job has
    /// as many slots as `slots`.
    ///
    /// # Errors
    /// When the broker does not answer or refuses it, and when the topic is not the job's.
    pub fn open(
        topic: OutputTopic,
        storage: Arc<dyn Storage>,
        prefix: &str,
        slots: u32,
        company: Company,
    ) -> Result<Self> {
        let name = format!("kafka:{}", topic.address());
        let path = format!("{prefix}{TOPIC}");
        let kept = Arc::clone(&storage);
        let at = path.clone();
        let found = at_once(async move { load::<TopicFile>(&kept, &at).await })?;
        let ends = topic.ends().map_err(Error::from)?;
        let file = match found {
            Some((file, _)) if file.starts.len() == ends.len() => {
                if let Some(partition) = (0..ends.len()).find(|&it| ends[it] < file.starts[it]) {
                    return Err(Error::Input(format!(
                        "{name}, partition {partition}, ends at offset {}, and ended at {} when the job \
                         began: the topic was deleted and made anew; begin again with an empty checkpoint \
                         directory",
                        ends[partition], file.starts[partition]
                    )));
                }
                file
            }
            Some((file, _)) => {
                return Err(Error::Input(format!(
                    "{name} has {} partitions, and had {} when the job began: --resume needs the same \
                     topic",
                    ends.len(),
                    file.starts.len()
                )));
            }
            None => {
                let drawn =
                    format!("{} {} {}", unix_nanos(), std::process::id(), storage.locate(""));
                let job = format!("streamgauge-{}", ContentHash::of(drawn.as_bytes()));
                let file = TopicFile { job, slots, starts: ends };
                let (kept, own) = (Arc::clone(&storage), file.clone());
                at_once(async move { save(&kept, &path, &own).await })?;
                file
            }
        };
        let publisher = Publisher::open(topic.clone(), &file.job, file.slots);
        let publisher = Arc::new(publisher.map_err(Error::from)?);
        Ok(Self { topic, name, file, publisher, storage, prefix: prefix.to_owned(), company })
    }

    /// Lets a test end a commit between two steps.
    #[cfg(feature = "kafka")]
    #[doc(hidden)]
    pub fn gate(&self, gate: Box<kafka::StepGate>) {
        self.publisher.gate(gate);
    }

    /// The processing time.
    pub(super) fn now(&self) -> ProcessingTime {
        (self.company.clock)()
    }

    /// What the broker knows of each slot. A slot by which an attempt that was ended still publishes is
    /// waited for where a thread may block.
    async fn known(&self) -> std::result::Result<Vec<Option<u64>>, SinkError> {
        let (publisher, slots) = (Arc::clone(&self.publisher), self.file.slots);
        let ask = move || (0..slots).map(|slot| publisher.next(slot)).collect();
        let known = tokio::task::spawn_blocking(ask).await;
        known.map_err(|error| self.failed(&error.to_string()))
    }

    /// Refuses files of the job that are older than the topic.
    pub(super) async fn check_newest(
        &self,
        place: &OutputFolder,
        newest: Option<CommitHead>,
    ) -> std::result::Result<(), SinkError> {
        for next in self.known().await?.into_iter().flatten() {
            if next.checked_sub(1) > newest.map(|head| head.id.0) {
                let newest = newest.map_or("none".to_owned(), |head| head.id.0.to_string());
                let what = format!(
                    "{} holds rows of commit {}, and the newest commit here is {newest}: these files \
                     are an older copy",
                    self.name,
                    next - 1
                );
                return Err(place.damage(TOPIC, &what));
            }
        }
        Ok(())
    }

    /// Publishes a commit, as far as that was not done.
    pub(super) async fn publish(
        &self,
        place: &OutputFolder,
        commit: &Committed,
    ) -> std::result::Result<(), SinkError> {
        let mut of_slots: BTreeMap<u32, Vec<&Entry>> = BTreeMap::new();
        for entry in commit.entries.iter().filter(|entry| entry.rows.is_some()) {
            of_slots.entry(self.publisher.slot_of(entry.key.sink)).or_default().push(entry);
        }
        let mut publishing = Vec::new();
        let known = self.known().await?;
        for (slot, entries) in of_slots {
            let mark = self.mark(place, slot).await?;
            if mark.is_some_and(|mark| mark.next > commit.id.0) {
                continue;
            }
            if known[slot as usize].is_none() {
                self.check_age(place, slot, commit)?;
            }
            let rows = PendingRows::new(place.clone(), entries.into_iter().cloned().collect());
            publishing.push(SlotRows { slot, before: mark.unwrap_or_default(), rows });
        }
        let (publisher, id) = (Arc::clone(&self.publisher), commit.id.0);
        let published =
            tokio::task::spawn_blocking(move || publish_all(&publisher, id, publishing));
        let marks = published.await.map_err(|error| self.failed(&error.to_string()))?;
        let failed = |error| match error {
            PublishError::Rows(error) => error,
            PublishError::Kafka(failure) => self.refused(failure),
        };
        for (slot, mark) in marks.map_err(failed)? {
            place.save(&format!("{PUBLISHED}{slot}"), &mark).await?;
        }
        Ok(())
    }

    async fn mark(
        &self,
        place: &OutputFolder,
        slot: u32,
    ) -> std::result::Result<Option<Mark>, SinkError> {
        Ok(place.load::<Mark>(&format!("{PUBLISHED}{slot}")).await?.map(|(mark, _)| mark))
    }

    /// Refuses to guess whether a commit was published that neither a mark nor the broker knows of.
    fn check_age(
        &self,
        place: &OutputFolder,
        slot: u32,
        commit: &Committed,
    ) -> std::result::Result<(), SinkError> {
        let age = commit.made_unix_ms.map(|made| unix_millis().saturating_sub(made));
        if age.is_none_or(|age| age < FORGOTTEN_AFTER_MS) {
            return Ok(());
        }
        let what = format!(
            "whether commit {} was published to {} is unknown: it was made more than 7 days ago, and the \
             broker has forgotten what was published (offsets.retention.minutes)",
            commit.id.0, self.name
        );
        Err(place.damage(&format!("{PUBLISHED}{slot}"), &what))
    }

    fn failed(&self, cause: &str) -> SinkError {
        SinkError {
            target: self.name.clone(),
            cause: cause.to_owned(),
            kind: FailureKind::Transient,
        }
    }

    fn refused(&self, failure: KafkaFailure) -> SinkError {
        let kind = match failure {
            KafkaFailure::Refused(_) => FailureKind::Refused,
            KafkaFailure::Failed(_) => FailureKind::Transient,
        };
        SinkError { kind, ..self.failed(&failure.to_string()) }
    }

    /// Holds the rows that a reader of what is committed finds against those that were published: by
    /// earlier processes too, and none twice.
    ///
    /// # Errors
    /// When they differ.
    pub fn check(&self) -> Result<TopicCheck> {
        let mut published = Digest::default();
        for slot in 0..self.file.slots {
            let (kept, at) =
                (Arc::clone(&self.storage), format!("{}{PUBLISHED}{slot}", self.prefix));
            if let Some((mark, _)) = at_once(async move { load::<Mark>(&kept, &at).await })? {
                published.merge(&Digest { records: mark.rows, sum: mark.sum });
            }
        }
        let there = match self.topic.committed(&self.file.starts) {
            Ok(there) if there == published => {
                return Ok(TopicCheck::AsPublished(there.records.unsigned_abs()));
            }
            Ok(there) => there,
            Err(failure) => return Ok(TopicCheck::Unread(failure.to_string())),
        };
        let others = match there.records == published.records {
            true => "as many, and not the same".to_owned(),
            false => format!("{} of them", there.records),
        };
        Err(Error::Input(format!(
            "{} holds other rows than the {} that this job has published: {others}, behind the offsets at \
             which it began; nobody else may write there, or leave the check out by --no-check-output",
            self.name, published.records
        )))
    }
}

/// What a slot is to publish of a commit.
struct SlotRows {
    slot: u32,
    /// What it has published before.
    before: Mark,
    rows: PendingRows,
}

/// Why a commit was not published.
enum PublishError {
    /// Its rows are not there as they were written, or could not be read.
    Rows(SinkError),
    Kafka(KafkaFailure),
}

impl SlotRows {
    /// Publishes them. Returns the new mark of the slot.
    fn publish(
        self,
        publisher: &Publisher,
        commit: u64,
    ) -> std::result::Result<(u32, Mark), PublishError> {
        let Self { slot, before, rows } = self;
        let published = publisher.publish(slot, commit, &|| rows.pieces());
        published.map_err(|failure| {
            rows.failure().map_or(PublishError::Kafka(failure), PublishError::Rows)
        })?;
        let digest = rows.digest().map_err(PublishError::Rows)?;
        Ok((slot, before.and(commit, &digest)))
    }
}

/// Publishes a commit by several slots at once. Returns their new marks.
fn publish_all(
    publisher: &Publisher,
    commit: u64,
    of_slots: Vec<SlotRows>,
) -> std::result::Result<Vec<(u32, Mark)>, PublishError> {
    std::thread::scope(|scope| {
        let begun: Vec<_> = of_slots
            .into_iter()
            .map(|rows| scope.spawn(move || rows.publish(publisher, commit)))
            .collect();
        let ended = begun.into_iter().map(|thread| {
            let failed = || KafkaFailure::Failed("a thread that publishes has failed".to_owned());
            thread.join().unwrap_or_else(|_| Err(PublishError::Kafka(failed())))
        });
        ended.collect()
    })
}

impl Mark {
    /// With the rows of one more commit.
    fn and(self, commit: u64, rows: &Digest) -> Self {
        let mut digest = Digest { records: self.rows, sum: self.sum };
        digest.merge(rows);
        Self { next: commit + 1, rows: digest.records, sum: digest.sum }
    }
}

/// Now, in milliseconds since 1970.
pub(super) fn unix_millis() -> u64 {
    unix_nanos() / 1_000_000
}

#[cfg(all(test, feature = "kafka"))]
mod tests {
    use std::pin::pin;
    use std::sync::Mutex;
    use std::sync::mpsc::channel;
    use std::task::{Context, Waker};
    use std::time::Duration;

    use dataflow::operator::snapshot::Version;
    use kafka::rdkafka::mocking::MockCluster;
    use kafka::{ClientSettings, Step};
    use runtime::MemoryStorage;

    use super::*;

    #[test]
    fn a_publication_that_an_ended_attempt_has_left_blocks_no_worker() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("t", 1, 1).unwrap();
        let address = format!("{}/t", cluster.bootstrap_servers()).parse().unwrap();
        let topic = OutputTopic::open(address, ClientSettings::default(), Arc::new(|_: &str| {}));
        let company =
            Company { clock: Arc::new(|| ProcessingTime::ZERO), tell: Arc::new(|_: &str| {}) };
        let storage: Arc<dyn Storage> = MemoryStorage::new();
        let output = TopicOutput::open(topic.unwrap(), Arc::clone(&storage), "", 1, company);
        let output = output.unwrap();
        let ((reached, is_reached), (go_on, may_go_on)) = (channel(), channel::<()>());
        let may_go_on = Mutex::new(may_go_on);
        output.gate(Box::new(move |step| {
            if step == Step::Commit {
                reached.send(()).unwrap();
                // A worker that is blocked meanwhile would never let it go on.
                let _ = may_go_on.lock().unwrap().recv_timeout(Duration::from_secs(20));
            }
            true
        }));
        let publisher = Arc::clone(&output.publisher);
        let left = std::thread::spawn(move || {
            publisher.publish(0, 1, &|| Box::new([Ok((0, b"row\n".to_vec()))].into_iter()))
        });
        is_reached.recv().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _inside = runtime.enter();
        let place = OutputFolder { storage, prefix: String::new() };
        let newest = CommitHead { id: Version(1), hash: ContentHash::default() };
        let mut check = pin!(output.check_newest(&place, Some(newest)));
        let polled = check.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "it has waited for the publication");
        go_on.send(()).unwrap();
        left.join().unwrap().unwrap();
        runtime.block_on(check).unwrap();
    }
}
