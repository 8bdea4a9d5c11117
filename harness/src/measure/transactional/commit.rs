//! Commits transactions, and removes those that will never be committed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use dataflow::ProcessingTime;
use dataflow::exchange::sink::{Commit, CommitHead, SinkError, Transaction};
use dataflow::operator::snapshot::Version;
use dataflow::record::content_hash::ContentHash;

use super::ledger::{Committed, Entry, Fate, Ledger, Loaded};
use super::publishing::Publishing;
use super::topic_output::{TopicOutput, unix_millis};
use crate::measure::sink::SinkMeasurement;
use crate::measure::transactional::check;
use crate::measure::transactional::check::CheckedOutput;
use crate::measure::transactional::commit_lock::CommitLock;
use crate::measure::transactional::file_names::{
    ATTEMPT, IN_PROGRESS, Key, OutputFolder, PENDING, Writer, is_in_progress, is_pending,
};
use crate::measure::transactional::held_latencies::HeldLatencies;

/// Is told of every commit that shows rows, once its files have the names that a reader sees: these
/// names.
pub type CommitWatch = Arc<dyn Fn(Vec<String>) + Send + Sync>;

/// What the sinks of a job and its committer share.
pub(super) struct Shared {
    pub(super) place: OutputFolder,
    /// Whether rows are written, and not only added up.
    pub(super) rows: bool,
    /// Is told what a reader of the folder has come to see.
    pub(super) watch: Option<CommitWatch>,
    /// Where a reader sees what was committed, if that is not the folder.
    pub(super) topic: Option<Arc<TopicOutput>>,
    /// Whether rows are being published there.
    pub(super) publishing: Publishing,
    /// Commits and aborts, one at a time.
    pub(super) turn: CommitLock,
    pub(super) attempt: AtomicU64,
    pub(super) writers: AtomicU64,
    pub(super) state: Mutex<State>,
    pub(super) measured: Mutex<SinkMeasurement>,
}

/// What is known of transactions in this process.
#[derive(Default)]
pub(super) struct State {
    /// Taken by whoever changes it and put back when that has gone well. After a failure the
    /// storage knows more than we do, so it is read again.
    ledger: Option<Ledger>,
    /// Pending files. Known by name, so that a commit needs no list of a folder that grows.
    pending: BTreeSet<String>,
    /// HeldLatencies of what is pre-committed.
    held: BTreeMap<(Key, Writer), HeldLatencies>,
    /// Files that their writers left unfinished.
    abandoned: Vec<String>,
}

impl State {
    /// Forgets the times of these transactions. Gives the names of their pending files, and of
    /// what was abandoned.
    fn drop_written(&mut self, keys: &BTreeSet<Key>) -> (Vec<String>, Vec<String>) {
        self.held.retain(|(key, _), _| !keys.contains(key));
        let mut left = Vec::new();
        for key in keys {
            let start = key.pending_of_any_writer();
            let of_key = self.pending.range(start.clone()..);
            left.extend(of_key.take_while(|name| name.starts_with(&start)).cloned());
        }
        (left, std::mem::take(&mut self.abandoned))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder fails")
    }

    /// A writer like no other.
    pub(super) fn new_writer(&self) -> Writer {
        Writer {
            attempt: self.attempt.load(Ordering::Relaxed),
            number: self.writers.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Takes note of a file that will not be finished; the next commit removes it.
    pub(super) fn abandon(&self, name: String) {
        self.state().abandoned.push(name);
    }

    /// Takes note of a transaction that can be committed.
    pub(super) fn hold(&self, entry: &Entry, times: HeldLatencies) {
        let mut state = self.state();
        if entry.rows.is_some() {
            state.pending.insert(entry.pending());
        }
        if !times.is_empty() {
            state.held.insert((entry.key, entry.writer), times);
        }
    }

    /// See [`dataflow::exchange::sink::Committer::commit`].
    pub(super) async fn commit(
        &self,
        id: Version,
        origin: ContentHash,
        given: &[Transaction],
        now: ProcessingTime,
    ) -> Result<Option<CommitHead>, SinkError> {
        let given = self.entries(given)?;
        let _turn = self.turn.take().await;
        let mut ledger = self.take_ledger().await?;
        if !ledger.has(id) {
            let entries = ledger.open_ones(&given);
            if !entries.is_empty() {
                self.check_pending(&entries)?;
                let made = self.topic.as_ref().map(|_| unix_millis());
                let shown = ledger.put(&self.place, id, origin, made, entries).await?;
                self.show(&shown).await?;
            }
        }
        // A reader of a topic sees rows once their transaction is committed.
        self.measure(&ledger, self.topic.as_ref().map_or(now, |topic| topic.now()));
        self.discard(&given).await?;
        if ledger.is_long() {
            ledger.compact(&self.place).await?;
        }
        let head = ledger.head();
        self.state().ledger = Some(ledger);
        Ok(head)
    }

    /// See [`dataflow::exchange::sink::Committer::inspect`].
    pub(super) async fn inspect(
        &self,
        known: Option<CommitHead>,
    ) -> Result<Option<Commit>, SinkError> {
        let _turn = self.turn.take().await;
        // What another process or a commit that was cut short has done is in the storage alone.
        self.state().ledger = None;
        let loaded = self.load(known).await?;
        if self.topic.is_none() {
            check::lengths(&self.place, &loaded.all()).await?;
            check::contents(&self.place, &loaded.recent()).await?;
        }
        let newest = loaded.ledger.newest();
        self.state().ledger = Some(loaded.ledger);
        Ok(newest)
    }

    /// Holds all that was committed against the files: names, lengths and content of every part.
    pub(super) async fn check_all(&self) -> Result<CheckedOutput, SinkError> {
        let _turn = self.turn.take().await;
        let known = self.take_ledger().await?.head();
        let loaded = self.load(known).await?;
        check::lengths(&self.place, &loaded.all()).await?;
        let checked = check::contents(&self.place, &loaded.all()).await?;
        self.state().ledger = Some(loaded.ledger);
        Ok(checked)
    }

    /// See [`dataflow::exchange::sink::Committer::abort_others`].
    pub(super) async fn abort_others(&self, keep: &[Transaction]) -> Result<(), SinkError> {
        let keep = self.entries(keep)?;
        let _turn = self.turn.take().await;
        let ledger = self.take_ledger().await?;
        check::pending(&self.place, &ledger.open_ones(&keep)).await?;
        let files: BTreeSet<_> = keep.iter().map(Entry::pending).collect();
        let pending = self.place.list(PENDING).await?.into_iter();
        let others = pending.filter(|name| is_pending(name) && !files.contains(name));
        self.remove_pending(others.collect()).await?;
        let in_progress = self.place.list(IN_PROGRESS).await?.into_iter();
        self.place.remove_all(in_progress.filter(|name| is_in_progress(name))).await?;
        ledger.remove_indexed(&self.place).await?;
        if self.rows {
            let writers = keep.iter().map(|entry| entry.writer).chain(ledger.writers());
            self.begin_attempt(writers.map(|it| it.attempt).max().unwrap_or(0)).await?;
        }
        let kept: BTreeSet<_> = keep.iter().map(|entry| (entry.key, entry.writer)).collect();
        let mut state = self.state();
        state.held.retain(|written, _| kept.contains(written));
        state.abandoned.clear();
        state.ledger = Some(ledger);
        Ok(())
    }

    fn entries(&self, transactions: &[Transaction]) -> Result<Vec<Entry>, SinkError> {
        transactions.iter().map(|transaction| Entry::of(transaction, &self.place)).collect()
    }

    /// The ledger, every commit of which has come to its end.
    async fn take_ledger(&self) -> Result<Ledger, SinkError> {
        let known = self.state().ledger.take();
        if let Some(ledger) = known {
            return Ok(ledger);
        }
        Ok(self.load(None).await?.ledger)
    }

    /// What the storage lists, the last commit brought to its end.
    async fn load(&self, known: Option<CommitHead>) -> Result<Loaded, SinkError> {
        let loaded = Ledger::load(&self.place, known).await?;
        self.measured.lock().expect("no holder fails").digest = loaded.ledger.digest;
        let pending = self.place.list(PENDING).await?;
        // What has not got its visible name yet is looked at under the one that it has.
        let is_pending = |entry: &&Entry| pending.contains(&entry.pending());
        let hidden: Vec<Entry> = loaded.recent().into_iter().filter(is_pending).cloned().collect();
        check::pending(&self.place, &hidden).await?;
        self.state().pending.extend(pending);
        if let Some(topic) = &self.topic {
            topic.check_newest(&self.place, loaded.ledger.head()).await?;
        }
        for commit in &loaded.recent {
            self.show(commit).await?;
        }
        Ok(loaded)
    }

    /// Refuses to promise what is not there.
    fn check_pending(&self, entries: &[Entry]) -> Result<(), SinkError> {
        let state = self.state();
        let is_missing =
            |entry: &&Entry| entry.rows.is_some() && !state.pending.contains(&entry.pending());
        match entries.iter().find(is_missing) {
            None => Ok(()),
            Some(entry) => Err(check::missing_pending(&self.place, entry)),
        }
    }

    /// Gives the files of a commit that has been made their visible names, as far as they do not
    /// have them.
    async fn show(&self, commit: &Committed) -> Result<(), SinkError> {
        let mut shown = Vec::new();
        if let Some(topic) = &self.topic {
            let publication = self.publishing.begin();
            topic.publish(&self.place, commit).await?;
            drop(publication);
            let published = commit.entries.iter().filter(|entry| entry.rows.is_some());
            return self.remove_pending(published.map(Entry::pending).collect()).await;
        }
        for entry in commit.entries.iter().filter(|entry| entry.rows.is_some()) {
            let pending = entry.pending();
            // Forgotten before it is tried: should that fail, a list tells what has become of it.
            let is_pending = self.state().pending.remove(&pending);
            if is_pending {
                let visible = entry.key.visible();
                self.place.rename(&pending, &visible).await?;
                shown.push(visible);
            }
        }
        if let Some(watch) = self.watch.as_ref().filter(|_| !shown.is_empty()) {
            watch(shown);
        }
        Ok(())
    }

    /// Brings in what was committed: the digest, and latencies that no commit has recorded yet.
    fn measure(&self, ledger: &Ledger, now: ProcessingTime) {
        let mut emitted = Vec::new();
        self.state().held.retain(|&(key, writer), times| match ledger.fate(key) {
            Fate::OpenTransaction => true,
            Fate::Committed(by) if by == writer => {
                emitted.push(std::mem::take(times));
                false
            }
            Fate::Committed(_) | Fate::Forgotten => false,
        });
        let mut measured = self.measured.lock().expect("no holder fails");
        measured.digest = ledger.digest;
        if let Some(latency) = &mut measured.latency {
            emitted.into_iter().for_each(|times| times.record(latency, now));
        }
    }

    /// Removes what is left of transactions that a commit was given: those that it dropped, and
    /// what other writers of the same ones have written; and files that nobody will finish.
    async fn discard(&self, given: &[Entry]) -> Result<(), SinkError> {
        let keys: BTreeSet<Key> = given.iter().map(|entry| entry.key).collect();
        let (left, abandoned) = self.state().drop_written(&keys);
        self.remove_pending(left).await?;
        self.place.remove_all(abandoned).await
    }

    async fn remove_pending(&self, names: Vec<String>) -> Result<(), SinkError> {
        {
            let pending = &mut self.state().pending;
            for name in &names {
                pending.remove(name);
            }
        }
        self.place.remove_all(names).await
    }

    /// Takes a number that no earlier attempt has had, in whatever process; `before` is one of a
    /// writer that is known besides.
    async fn begin_attempt(&self, before: u64) -> Result<(), SinkError> {
        let last = self.place.load::<u64>(ATTEMPT).await?.map_or(0, |(last, _)| last);
        let attempt = last.max(before) + 1;
        self.place.save(ATTEMPT, &attempt).await?;
        self.attempt.store(attempt, Ordering::Relaxed);
        Ok(())
    }
}
