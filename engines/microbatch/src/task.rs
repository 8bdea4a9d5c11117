//! A short task: one partition of one stage of one batch.

use std::future::poll_fn;
use std::ops::Range;
use std::sync::Arc;

use dataflow::exchange::sink::Transaction;
use dataflow::job::observer::TaskReport;
use dataflow::job::runtime::{Home, Runtime, Work, sleep_until, yield_now};
use dataflow::job::source::READ_CHUNK;
use dataflow::operator::snapshot::Version;
use dataflow::record::latency_trace::Part;
use dataflow::stage::{InputPort, StageError};
use dataflow::{Batch, EngineError, EventTime, ProcessingTime, Progress, Step};

use crate::partition::Partition;
use crate::state_store::{StateFile, StateStore, StoredState, Tally};
use crate::status::{Activity, Status};

/// A shuffle block on its way into a task: the input it enters by, that input's place among the
/// stage's incoming edges, and the records.
pub(crate) type Block = (InputPort, usize, Batch);

/// What a task is to do.
pub(crate) struct TaskSpec {
    pub(crate) partition: Partition,
    /// A source task: offsets per split.
    pub(crate) offsets: Vec<(u32, Range<u64>)>,
    /// When they were cut.
    pub(crate) cut: ProcessingTime,
    /// Any other: the shuffle blocks for its partition, by the input they enter.
    pub(crate) blocks: Vec<Block>,
    /// What the stage holds while records are processed: it decides what is late.
    pub(crate) before: Progress,
    /// What is in force in this batch: applied once, after the records.
    pub(crate) in_force: Progress,
    /// What outlives a failure; `None` without a guarantee.
    pub(crate) durable: Option<Durable>,
    pub(crate) status: Arc<Status>,
}

/// What a task makes durable before it ends.
#[derive(Clone)]
pub(crate) struct Durable {
    pub(crate) store: StateStore,
    pub(crate) batch: u64,
    /// Whether its output is a transaction.
    pub(crate) pre_commit: bool,
}

/// Why a task has no result.
pub(crate) enum TaskFailure {
    /// Another attempt would fail alike.
    Final(EngineError),
    /// Something could not be made durable: it may work out another time.
    MayPass(EngineError),
}

impl From<EngineError> for TaskFailure {
    fn from(error: EngineError) -> Self {
        Self::Final(error)
    }
}

/// What a task leaves.
pub(crate) struct TaskResult {
    pub(crate) partition: Partition,
    /// Materialised output: edge, partition it is for, buffer.
    pub(crate) blocks: Vec<(usize, usize, Batch)>,
    /// Consumed input buffers, by the incoming edge's place, for the pool of their producers.
    pub(crate) consumed: Vec<(usize, Batch)>,
    pub(crate) newest: EventTime,
    /// When it ran, where, and on how much.
    pub(crate) report: TaskReport,
    /// Its output, under exactly-once.
    pub(crate) transaction: Option<Transaction>,
}

/// Chunks read before other tasks get a turn: some 65 thousand records. More often, tasks would
/// change their threads and their caches (a fifth slower with a turn for each buffer).
const CHUNKS_PER_TURN: u32 = 256;
/// Buffers of blocks processed before other tasks get a turn: as many records.
const BUFFERS_PER_TURN: u32 = 64;

/// A task while it runs.
struct Running<'a> {
    partition: Partition,
    blocks: Vec<(usize, usize, Batch)>,
    /// Done and not yet charged.
    work: Work,
    cut: ProcessingTime,
    home: Home,
    runtime: &'a dyn Runtime,
    status: &'a Status,
}

/// Runs a task to its end.
pub(crate) async fn run(
    spec: TaskSpec,
    home: Home,
    runtime: Arc<dyn Runtime>,
) -> Result<TaskResult, TaskFailure> {
    let read: u64 = spec.offsets.iter().map(|(_, offsets)| offsets.end - offsets.start).sum();
    let taken: u64 = spec.blocks.iter().map(|(.., batch)| batch.len() as u64).sum();
    let started = runtime.now();
    let mut running = Running {
        partition: spec.partition,
        blocks: Vec::new(),
        work: Work { tasks: 1, ..Work::default() },
        cut: spec.cut,
        home,
        runtime: &*runtime,
        status: &spec.status,
    };
    running.status.set(Activity::Working);
    running.advance(spec.before).await?;
    let mut newest = EventTime::MIN;
    for (split, offsets) in spec.offsets {
        newest = newest.max(running.read(split, offsets).await?);
    }
    let mut consumed = Vec::with_capacity(spec.blocks.len());
    for (taken, (port, edge, mut batch)) in (1_u32..).zip(spec.blocks) {
        running.work.buffers += 1;
        running.work.records += batch.len() as u64;
        running.partition.outbox.takes(&mut batch);
        running.process(port, &mut batch).await?;
        consumed.push((edge, batch));
        if taken.is_multiple_of(BUFFERS_PER_TURN) {
            yield_now().await;
        }
    }
    // At least once a task, however short: whoever wants to stop it finds it at its work.
    yield_now().await;
    running.advance(spec.in_force).await?;
    running.partition.stage.flush(&mut running.partition.outbox);
    running.hand_over().await?;
    let transaction = match &spec.durable {
        None => None,
        Some(durable) => running.make_durable(durable).await?,
    };
    running.status.set(Activity::Ended);
    let Running { partition, blocks, .. } = running;
    let report = TaskReport {
        stage: partition.stage_number,
        partition: partition.number,
        slot: home.0,
        started,
        ended: runtime.now(),
        records: read + taken,
    };
    Ok(TaskResult { partition, blocks, consumed, newest, report, transaction })
}

impl Running<'_> {
    async fn read(&mut self, split: u32, offsets: Range<u64>) -> Result<EventTime, EngineError> {
        let mut newest = EventTime::MIN;
        let (mut from, mut chunks) = (offsets.start, 0);
        let (mut reader, mut batch) =
            self.partition.reader.take().expect("only a source task has offsets");
        while from < offsets.end {
            let upto = offsets.end.min(from + READ_CHUNK);
            newest = newest.max(reader.read(split, from..upto, &mut batch)?);
            self.partition.outbox.reads(&mut batch, Some(self.cut));
            self.work.records += upto - from;
            self.process(InputPort(0), &mut batch).await?;
            from = upto;
            chunks += 1;
            if chunks % CHUNKS_PER_TURN == 0 {
                yield_now().await;
            }
        }
        self.partition.reader = Some((reader, batch));
        Ok(newest)
    }

    /// Processes a batch to its end. Watermarks inside it are the sender's; in this model the
    /// driver's is the one that counts.
    async fn process(&mut self, port: InputPort, batch: &mut Batch) -> Result<(), EngineError> {
        loop {
            let upto = batch.stop();
            let Partition { stage, outbox, .. } = &mut self.partition;
            let step = stage.process(port, batch, upto, outbox).map_err(|it| self.failed(it))?;
            if step == Step::More || self.partition.outbox.is_full() {
                self.hand_over().await?;
            }
            if step == Step::Done && batch.take_mark().is_none() {
                break;
            }
        }
        self.status.step();
        Ok(())
    }

    async fn advance(&mut self, progress: Progress) -> Result<(), EngineError> {
        self.partition.outbox.steps();
        loop {
            let Partition { stage, outbox, .. } = &mut self.partition;
            let fired = outbox.counters.fired;
            let step = stage.advance(progress, outbox).map_err(|error| self.failed(error))?;
            self.work.records += self.partition.outbox.counters.fired - fired;
            if step == Step::Done {
                return Ok(());
            }
            self.hand_over().await?;
        }
    }

    /// Charges what was done, then moves sealed buffers to the task's blocks and output to the
    /// sink.
    async fn hand_over(&mut self) -> Result<(), EngineError> {
        let work = std::mem::take(&mut self.work);
        if let Some(at) = self.runtime.reserve(self.home, work) {
            self.status.set(Activity::Charged);
            sleep_until(self.runtime, at).await;
            self.status.set(Activity::Working);
        }
        self.status.step();
        let partition = &mut self.partition;
        // Nothing leaves a task's buffers before the task does.
        partition.outbox.leaves(Part::Queue);
        while let Some(sealed) = partition.outbox.take() {
            if sealed.batch.is_empty() {
                // It carries a watermark only, and the driver's is the one that counts.
                partition.outbox.give_back(sealed.edge, sealed.batch);
            } else {
                self.blocks.push((sealed.edge, sealed.channel, sealed.batch));
            }
        }
        if let Some(sink) = &mut partition.sink
            && !partition.outbox.output.is_empty()
        {
            partition.records_out += partition.outbox.output.written;
            sink.write(&mut partition.outbox.output, self.runtime.now())?;
            partition.outbox.output.clear();
            self.status.set(Activity::Sink);
            poll_fn(|context| sink.poll_room(context)).await?;
            self.status.set(Activity::Working);
        }
        Ok(())
    }

    /// Commits the next state version, and closes the transaction of the output.
    async fn make_durable(
        &mut self,
        durable: &Durable,
    ) -> Result<Option<Transaction>, TaskFailure> {
        let may_pass = TaskFailure::MayPass;
        self.status.set(Activity::Storage);
        let version = Version(durable.batch + 1);
        let partition = &mut self.partition;
        let since = partition.chain.since(durable.store.most_deltas);
        let snapshot = partition.stage.snapshot(since).map_err(|error| self.failed(error))?;
        let partition = &mut self.partition;
        let tally = Tally::of(&partition.outbox, partition.records_out);
        let (stage, number) = (partition.stage_number, partition.number);
        let file = StateFile { stage, partition: number, version: version.0 };
        let state = StoredState { snapshot, tally };
        durable.store.write(file, &state).await.map_err(|error| may_pass(error.into()))?;
        partition.chain = partition.chain.wrote(version, since);
        self.status.step();
        let Some(sink) = partition.sink.as_mut().filter(|_| durable.pre_commit) else {
            return Ok(None);
        };
        self.status.set(Activity::Sink);
        let transaction = sink.pre_commit(Version(durable.batch)).await;
        self.status.step();
        transaction.map_err(|error| may_pass(error.into()))
    }

    fn failed(&self, cause: StageError) -> EngineError {
        let (stage, subtask) = (self.partition.stage_name.clone(), self.partition.number);
        EngineError::Stage { stage, subtask, cause }
    }
}
