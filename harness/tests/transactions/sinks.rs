//! Sinks driven by hand: what an engine does with them, step by step.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use dataflow::exchange::sink::{
    Commit, CommitHead, Committer, Output, Sink, SinkError, SinkSlot, Transaction, Wants,
};
use dataflow::operator::snapshot::Version;
use dataflow::record::content_hash::ContentHash;
use dataflow::record::emission_times::Timed;
use dataflow::{Digest, EventTime, ProcessingTime, StampUnit, Stamps};
use streamgauge::internals::{Options, Recorder, Transactional, transactional};

use crate::disk::Disk;

/// Why a step did not come to its end.
#[derive(Debug)]
pub(crate) enum Stop {
    Failed(SinkError),
    /// The process has ended.
    Killed,
}

/// Runs what is ready at once, or never.
pub(crate) fn now<T>(future: impl Future<Output = Result<T, SinkError>>) -> Result<T, Stop> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result.map_err(Stop::Failed),
        Poll::Pending => Err(Stop::Killed),
    }
}

/// A process that writes to a disk.
pub(crate) struct Process {
    pub(crate) slot: SinkSlot,
    pub(crate) output: Arc<Transactional>,
}

impl Process {
    pub(crate) fn start(disk: &Disk) -> Self {
        Self::start_with(disk, None)
    }

    /// One that measures latency, which takes a while to set up.
    pub(crate) fn start_measuring(disk: &Disk) -> Self {
        let latency = Recorder::new(ProcessingTime::ZERO, StampUnit::MICROSECOND, None);
        Self::start_with(disk, Some(latency))
    }

    fn start_with(disk: &Disk, latency: Option<Recorder>) -> Self {
        let (slot, output) = transactional(Options {
            storage: disk.storage(),
            prefix: String::new(),
            wants: Wants { stamps: true, rows: true, ..Wants::default() },
            latency,
            watch: None,
            topic: None,
        });
        Self { slot, output }
    }

    /// As after a crash, which leaves what `keep` lists.
    pub(crate) fn recover(disk: &Disk, keep: &[Transaction]) -> Self {
        disk.crash();
        let process = Self::start(disk);
        process.take_up(keep).unwrap();
        process
    }

    /// What a job does at the start of an attempt.
    pub(crate) fn take_up(&self, keep: &[Transaction]) -> Result<(), Stop> {
        self.inspect(None)?;
        self.abort_others(keep)
    }

    pub(crate) fn check(&self) -> Result<(), Stop> {
        now(self.output.check()).map(drop)
    }

    pub(crate) fn inspect(&self, known: Option<CommitHead>) -> Result<Option<Commit>, Stop> {
        now(self.output.inspect(known))
    }

    pub(crate) fn open(&self, subtask: u32) -> Box<dyn Sink> {
        (self.slot.open)(subtask)
    }

    pub(crate) fn commit(&self, id: u64, transactions: &[Transaction]) -> Result<(), Stop> {
        self.commit_at(id, transactions, ProcessingTime::ZERO)
    }

    pub(crate) fn commit_at(
        &self,
        id: u64,
        transactions: &[Transaction],
        at: ProcessingTime,
    ) -> Result<(), Stop> {
        now(self.output.commit(Version(id), origin(id), transactions.to_vec(), at)).map(drop)
    }

    pub(crate) fn abort_others(&self, keep: &[Transaction]) -> Result<(), Stop> {
        now(self.output.abort_others(keep))
    }

    pub(crate) fn digest(&self) -> Digest {
        self.output.measured().digest
    }
}

/// What a commit is made for.
pub(crate) fn origin(id: u64) -> ContentHash {
    ContentHash::of(&id.to_le_bytes())
}

/// Writes rows, planned at the start.
pub(crate) fn write(sink: &mut dyn Sink, rows: &[String]) -> Result<(), Stop> {
    for row in rows {
        let mut text = row.clone().into_bytes();
        text.push(b'\n');
        let stamps = Stamps { planned: 0, ingested: 0 };
        let time = Timed { event_time: EventTime::MIN, stamps, records: 1 };
        let mut output = Output {
            written: 1,
            digest: digest([row]),
            times: vec![time].into(),
            text,
            ..Output::default()
        };
        sink.write(&mut output, ProcessingTime::from_millis(1)).map_err(Stop::Failed)?;
        now(poll_fn(|context| sink.poll_room(context)))?;
    }
    Ok(())
}

pub(crate) fn pre_commit(sink: &mut dyn Sink, id: u64) -> Result<Option<Transaction>, Stop> {
    now(sink.pre_commit(Version(id)))
}

/// Opens a sink, writes rows and closes the transaction.
pub(crate) fn written(process: &Process, subtask: u32, id: u64, rows: &[String]) -> Transaction {
    let mut sink = process.open(subtask);
    write(&mut *sink, rows).unwrap();
    pre_commit(&mut *sink, id).unwrap().expect("rows were written")
}

pub(crate) fn digest<'a>(rows: impl IntoIterator<Item = &'a String>) -> Digest {
    let mut digest = Digest::default();
    rows.into_iter().for_each(|row| digest.insert(row));
    digest
}

pub(crate) fn rows(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
