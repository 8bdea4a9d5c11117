//! A short task: one partition of one stage of one batch.

use std::future::poll_fn;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dataflow::exchange::outbox::Sealed;
use dataflow::exchange::sink::Transaction;
use dataflow::job::observer::TaskReport;
use dataflow::job::runtime::{Home, Runtime, Work, sleep_until, yield_now};
use dataflow::job::source::{BatchReader, READ_CHUNK, ReadEvents};
use dataflow::job::status::{Activity, Status};
use dataflow::operator::snapshot::Version;
use dataflow::record::latency_trace::Part;
use dataflow::stage::{Input, InputPort, Save, StageError};
use dataflow::{Batch, EngineError, EventTime, ProcessingTime, Progress, StopSignal};

use crate::partition::Partition;
use crate::state_store::{StateFile, StateStore};

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
    /// When its batch and its stage were paid for.
    pub(crate) paid: Vec<Range<ProcessingTime>>,
    /// Any other: the shuffle blocks for its partition, by the input they enter.
    pub(crate) blocks: Vec<Block>,
    /// What the stage holds while records are processed: it decides what is late.
    pub(crate) before: Progress,
    /// What is in force in this batch: applied once, after the records.
    pub(crate) in_force: Progress,
    /// What outlives a failure; `None` without a guarantee.
    pub(crate) durable: Option<Durable>,
    pub(crate) status: Arc<Status>,
    /// Events that it has read so far: known also when it is lost.
    pub(crate) read: Arc<AtomicU64>,
    /// Once it is requested, a task waits for no more events.
    pub(crate) stop: StopSignal,
}

/// What a task makes durable before it ends.
#[derive(Clone)]
pub(crate) struct Durable {
    pub(crate) store: StateStore,
    pub(crate) batch: u64,
}

/// Why a task has no result.
pub(crate) enum TaskFailure {
    /// Another attempt would fail alike.
    Final(EngineError),
    /// Something could not be made durable: it may work out another time.
    MayPass(EngineError),
    /// The run was stopped while it waited for events of a batch that is logged as it is: there will be
    /// no part of it.
    Stopped,
}

impl TaskFailure {
    /// Of something that could not be made durable.
    fn of(error: EngineError) -> Self {
        if error.is_transient() { Self::MayPass(error) } else { Self::Final(error) }
    }
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
    /// What it has read of its splits.
    pub(crate) read: Vec<SplitRead>,
    /// When it ran, where, and on how much.
    pub(crate) report: TaskReport,
    /// Its output, under exactly-once.
    pub(crate) transaction: Option<Transaction>,
}

/// What a task has read of a split.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct SplitRead {
    pub(crate) split: u32,
    /// Everything before this offset.
    pub(crate) upto: u64,
    /// Events that this was.
    pub(crate) events: u64,
    /// The newest event time among them.
    pub(crate) newest: EventTime,
}

/// Chunks read before other tasks get a turn: some 65 thousand records. More often, tasks would
/// change their threads and their caches (a fifth slower with a turn for each buffer).
const CHUNKS_PER_TURN: u32 = 256;
/// Buffers of blocks processed before other tasks get a turn: as many records.
const BUFFERS_PER_TURN: u32 = 64;

/// A task while it runs.
struct RunningTask<'a> {
    partition: Partition,
    blocks: Vec<(usize, usize, Batch)>,
    /// Done and not yet charged, with its launch.
    work: Work,
    cut: ProcessingTime,
    home: Home,
    runtime: &'a dyn Runtime,
    status: &'a Status,
    events: &'a AtomicU64,
    stop: &'a StopSignal,
}

/// Runs a task to its end.
pub(crate) async fn run(
    spec: TaskSpec,
    home: Home,
    runtime: Arc<dyn Runtime>,
) -> Result<TaskResult, TaskFailure> {
    let taken: u64 = spec.blocks.iter().map(|(.., batch)| batch.len() as u64).sum();
    let started = runtime.now();
    let mut running = RunningTask {
        partition: spec.partition,
        blocks: Vec::new(),
        work: Work { tasks: 1, ..Work::NONE },
        cut: spec.cut,
        home,
        runtime: &*runtime,
        status: &spec.status,
        events: &spec.read,
        stop: &spec.stop,
    };
    running.status.set(Activity::Working);
    running.partition.runner.paid_before(spec.paid);
    running.run(Input::Time(spec.before)).await?;
    let mut read = Vec::with_capacity(spec.offsets.len());
    for (split, offsets) in spec.offsets {
        let end = offsets.end;
        let (upto, ReadEvents { events, newest }) = running.read(split, offsets).await?;
        read.push(SplitRead { split, upto, events, newest });
        if upto < end {
            if spec.durable.is_some() {
                return Err(TaskFailure::Stopped);
            }
            // Nobody will ask for the rest of the batch: it ends with what is there.
            break;
        }
    }
    let mut consumed = Vec::with_capacity(spec.blocks.len());
    for (taken, (port, edge, batch)) in (1_u32..).zip(spec.blocks) {
        running.run(Input::Buffer { port, channel: edge, batch }).await?;
        consumed.extend(running.partition.runner.emptied().map(|batch| (edge, batch)));
        if taken.is_multiple_of(BUFFERS_PER_TURN) {
            yield_now().await;
        }
    }
    // At least once a task, however short: whoever wants to stop it finds it at its work.
    yield_now().await;
    // Records that are combined by key are not held for the watermark, nor is what it releases.
    running.end_unit().await?;
    running.run(Input::Time(spec.in_force)).await?;
    running.end_unit().await?;
    running.work += running.partition.runner.flush();
    running.hand_over().await?;
    let transaction = match &spec.durable {
        None => None,
        Some(durable) => running.make_durable(durable).await?,
    };
    running.status.set(Activity::Ended);
    let RunningTask { partition, blocks, .. } = running;
    let report = TaskReport {
        stage: partition.stage_number,
        partition: partition.number,
        slot: home.0,
        started,
        ended: runtime.now(),
        records: taken + read.iter().map(|read| read.events).sum::<u64>(),
    };
    Ok(TaskResult { partition, blocks, consumed, read, report, transaction })
}

impl RunningTask<'_> {
    /// Reads these offsets of a split, or as many of them as are there when the run is stopped. Says up
    /// to which.
    async fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
    ) -> Result<(u64, ReadEvents), EngineError> {
        let mut all = ReadEvents { events: 0, newest: EventTime::MIN };
        let (mut from, mut chunks) = (offsets.start, 0);
        let (mut reader, batch) =
            self.partition.reader.take().expect("only a source task has offsets");
        let mut emptied = Some(batch);
        while from < offsets.end {
            let chunk = from..offsets.end.min(from + READ_CHUNK);
            let Some(upto) = self.ready(&mut *reader, split, chunk).await? else { break };
            let mut batch = emptied.take().expect("the last chunk is used up");
            let read = reader.read(split, from..upto, &mut batch)?;
            all.events += read.events;
            self.events.fetch_add(read.events, Ordering::Relaxed);
            all.newest = all.newest.max(read.newest);
            self.run(Input::Read { batch, cut: Some(self.cut) }).await?;
            emptied = self.partition.runner.emptied();
            from = upto;
            chunks += 1;
            if chunks % CHUNKS_PER_TURN == 0 {
                yield_now().await;
            }
        }
        self.partition.reader = emptied.map(|batch| (reader, batch));
        Ok((from, all))
    }

    /// Waits until some of these offsets can be read, and says up to which; `None` if the run is stopped
    /// before they can.
    async fn ready(
        &mut self,
        reader: &mut dyn BatchReader,
        split: u32,
        offsets: Range<u64>,
    ) -> Result<Option<u64>, EngineError> {
        let mut waits = false;
        let ready = poll_fn(|context| {
            let ready = reader.poll_ready(split, offsets.clone(), context);
            if ready.is_ready() {
                return ready.map_ok(Some);
            }
            if !waits {
                waits = true;
                self.status.set(Activity::NextEvent);
            }
            self.stop.poll_requested(context).map(|()| Ok(None))
        });
        let upto = ready.await?;
        if waits {
            self.status.set(Activity::Working);
        }
        Ok(upto)
    }

    /// Takes an input in and runs the stage on it to its end. What it makes is handed over only
    /// when there is no more room for it: nothing leaves a task before the task does.
    async fn run(&mut self, input: Input) -> Result<(), EngineError> {
        self.partition.runner.begin(input);
        loop {
            let turn = self.partition.runner.step().map_err(|error| self.failed(error))?;
            self.work += turn.work;
            if !turn.done || self.partition.runner.is_full() {
                self.hand_over().await?;
            }
            if turn.done {
                break;
            }
        }
        self.status.step();
        Ok(())
    }

    /// Lets go on what operators hold back until the end of the task.
    async fn end_unit(&mut self) -> Result<(), EngineError> {
        if self.partition.runner.has_units() { self.run(Input::EndOfUnit).await } else { Ok(()) }
    }

    /// Charges what was done, then moves sealed buffers to the task's blocks and output to the
    /// sink.
    async fn hand_over(&mut self) -> Result<(), EngineError> {
        let work = std::mem::take(&mut self.work);
        if let Some(at) = self.runtime.reserve(self.home, work) {
            let since = self.runtime.now();
            self.status.set(Activity::Charged);
            sleep_until(self.runtime, at).await;
            self.status.set(Activity::Working);
            self.partition.runner.paid(since..self.runtime.now());
        }
        self.status.step();
        let Self { partition, blocks, runtime, .. } = self;
        let route = |sealed: Sealed, returned: &mut Vec<Batch>| {
            if sealed.batch.is_empty() {
                // It carries a watermark only, and the driver's is the one that counts.
                returned.push(sealed.batch);
            } else {
                blocks.push((sealed.edge, sealed.channel, sealed.batch));
            }
        };
        // Nothing leaves a task's buffers before the task does.
        partition.runner.hand_over(Part::Queue, || runtime.now(), route)?;
        if !partition.runner.has_room() {
            self.status.set(Activity::Sink);
            poll_fn(|context| self.partition.runner.poll_room(context)).await?;
            self.status.set(Activity::Working);
        }
        Ok(())
    }

    /// Commits the next state version, and closes the transaction of the output.
    async fn make_durable(
        &mut self,
        durable: &Durable,
    ) -> Result<Option<Transaction>, TaskFailure> {
        self.status.set(Activity::Storage);
        let version = Version(durable.batch + 1);
        let partition = &mut self.partition;
        let closing = partition.runner.pre_commit(Version(durable.batch));
        let since = partition.chain.since(durable.store.most_deltas);
        let how = since.map_or(Save::Full, |(since, _)| Save::Since(since));
        let state = partition.runner.save(how).map_err(|error| self.failed(error))?;
        let partition = &mut self.partition;
        let (stage, number) = (partition.stage_number, partition.number);
        let file = StateFile { stage, partition: number, version: version.0 };
        let base = since.map(|(_, seal)| seal);
        let written = durable.store.write(file, state, base).await;
        let seal = written.map_err(|error| TaskFailure::of(error.into()))?;
        partition.chain = partition.chain.wrote(version, seal, since.is_none());
        self.status.step();
        let Some(closing) = closing else { return Ok(None) };
        self.status.set(Activity::Sink);
        let transaction = closing.await;
        self.status.step();
        transaction.map_err(|error| TaskFailure::of(error.into()))
    }

    fn failed(&self, cause: StageError) -> EngineError {
        let (stage, subtask) = (self.partition.stage_name.clone(), self.partition.number);
        EngineError::Stage { stage, subtask, cause }
    }
}
