//! A stage: a chain of fused operators between two exchanges, and all that an engine sees of it.

use std::any::Any;
use std::vec::Drain;

use crate::exchange::Tail;
use crate::exchange::outbox::Outbox;
use crate::exchange::sink::Wants;
use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, Snapshot, SnapshotReader, SnapshotWriter, Version};
use crate::operator::{
    Collect, Counted, Failure, FanOut, Operator, SidePort, Through, TwoInputOperator,
};
use crate::placement::Ownership;
use crate::record::batch::Batch;
use crate::record::data::Data;
use crate::record::time::{EventTime, ProcessingTime};
use crate::record::{Record, Stamps};

/// Which input of a stage a batch came in by: 0, or 1 for the right side of a two-input stage.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputPort(pub usize);

/// One subtask's instance of a chain of operators.
///
/// Called once per batch, so that the virtual call and the erased types cost nothing per record.
pub trait Stage: Send {
    /// Processes the records of a batch up to position `upto`, the batch's next watermark.
    /// [`Step::More`] when the outbox became full: call again with the same arguments.
    ///
    /// # Errors
    /// When an operator fails.
    fn process(
        &mut self,
        input: InputPort,
        batch: &mut Batch,
        upto: usize,
        out: &mut Outbox,
    ) -> Result<Step, StageError>;

    /// Moves time on; the watermark is the engine's, merged over all inputs. It goes downstream
    /// after everything that it released.
    ///
    /// # Errors
    /// When an operator fails.
    fn advance(&mut self, progress: Progress, out: &mut Outbox) -> Result<Step, StageError>;

    /// Hands over what open buffers hold.
    fn flush(&mut self, out: &mut Outbox);

    /// Writes the state: all of it for `None`, else what changed since the snapshot before, whose
    /// version is named. Called only when no step is pending.
    ///
    /// # Errors
    /// When a value cannot be serialized.
    fn snapshot(&mut self, since: Option<Version>) -> Result<Snapshot, StageError>;

    /// Writes all of the state, to which no delta is asked for later: unlike after
    /// [`Stage::snapshot`], records then do not pay for remembering what they change.
    ///
    /// # Errors
    /// When a value cannot be serialized.
    fn snapshot_alone(&mut self) -> Result<Snapshot, StageError> {
        self.snapshot(None)
    }

    /// Takes state on: a full snapshot and its deltas of this same subtask, or the full snapshots
    /// of all former subtasks when the parallelism has changed (fold deltas first: restore them
    /// under their own ownership and snapshot in full). What `owns` does not hold is left out.
    ///
    /// # Errors
    /// When a snapshot is not one of this stage.
    fn restore(&mut self, from: &[Snapshot], owns: &Ownership) -> Result<(), RestoreError>;

    /// The earliest processing-time timer.
    fn wake_at(&self) -> Option<ProcessingTime>;

    /// Whether results may have the times of records of an earlier step.
    fn holds_times(&self) -> bool {
        true
    }
}

/// A stage that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// An operator has failed.
    #[error("{0}")]
    Operator(Failure),
    /// State cannot be written.
    #[error(transparent)]
    Snapshot(#[from] RestoreError),
}

/// How batches enter a chain.
pub trait Head<T>: Clone + Send + 'static {
    /// Whether each record enters the chain as it is, at once.
    const IS_PLAIN: bool = false;

    /// Feeds records up to `upto` to the chain.
    fn feed<Op: Operator<In = T>, C: End<Op::Out>>(
        &mut self,
        input: InputPort,
        batch: &mut Batch,
        upto: usize,
        chain: &mut Op,
        out: &mut C,
    ) -> Step;
    /// Moves the head's own time on.
    fn advance(&mut self, progress: Progress, out: &mut impl Collect<T>) -> Step;
    /// As [`Operator::snapshot`].
    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter);
    /// As [`Operator::restore`].
    ///
    /// # Errors
    /// When the snapshot is not one of this head.
    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError>;
    /// As [`Operator::wake_at`].
    fn wake_at(&self) -> Option<ProcessingTime>;
}

/// The end of a chain, as its head sees it.
pub trait End<T>: Collect<T> {
    /// What must be known of a record before [`End::push_timed`].
    fn wants(&self) -> Wants;
    /// The next result has these stamps, which are all that is wanted, and comes by
    /// [`End::push_timed`]. Nothing need be said of those behind it that have the stamps that are
    /// returned.
    fn take_stamps(&mut self, stamps: Stamps) -> Stamps;
    /// [`Collect::push`] of a record whose times were taken.
    fn push_timed(&mut self, record: Record<T>);
}

/// An end that has the times of everything that is pushed.
struct TimedEnd<'a, C>(&'a mut C);

impl<T, C: End<T>> Collect<T> for TimedEnd<'_, C> {
    #[inline(always)]
    fn push(&mut self, record: Record<T>) {
        self.0.push_timed(record);
    }
    fn side<S: Data>(&mut self, port: SidePort<S>, record: Record<S>) {
        self.0.side(port, record);
    }
    fn is_full(&self) -> bool {
        self.0.is_full()
    }
    fn fail(&mut self, failure: Failure) {
        self.0.fail(failure);
    }
    fn count(&mut self, counted: Counted) {
        self.0.count(counted);
    }
}

/// Records announced to [`Operator::expect`] before they are processed: enough to keep the
/// processor's outstanding loads busy, few enough to stay in its first-level cache.
const EXPECTED_AT_ONCE: usize = 64;

/// Hands each record to the chain, and shows it those that come next if it wants to see them; `look`
/// sees each before.
#[inline(always)]
fn each<Op: Operator, C: Collect<Op::Out>>(
    chain: &mut Op,
    mut records: Drain<'_, Record<Op::In>>,
    out: &mut C,
    mut look: impl FnMut(&mut C, &Record<Op::In>),
) {
    let mut pass = |chain: &mut Op, records: &mut Drain<'_, Record<Op::In>>| {
        // Where it lies: a copy that is looked at would be one copy more.
        records.as_slice().first().inspect(|record| look(out, record));
        records.next().map(|record| chain.process(record, out))
    };
    if !Op::LOOKS_AHEAD {
        while pass(chain, &mut records).is_some() {}
        return;
    }
    while !records.as_slice().is_empty() {
        let ahead = records.as_slice().len().min(EXPECTED_AT_ONCE);
        chain.expect(&records.as_slice()[..ahead]);
        for _ in 0..ahead {
            pass(chain, &mut records);
        }
    }
}

/// One input: records go straight into the chain.
#[derive(Copy, Clone, Debug, Default)]
pub struct OneInput;

impl<T: Clone + Send + 'static> Head<T> for OneInput {
    const IS_PLAIN: bool = true;

    #[inline]
    fn feed<Op: Operator<In = T>, C: End<Op::Out>>(
        &mut self,
        _: InputPort,
        batch: &mut Batch,
        upto: usize,
        chain: &mut Op,
        out: &mut C,
    ) -> Step {
        let wants = out.wants();
        if Op::FAN_OUT == FanOut::One && wants.stamps && !wants.event_times {
            // Results have the times of the records: looking at these costs a comparison each.
            let mut last = Stamps::NEVER.bits();
            each(chain, batch.drain::<T>(upto), &mut TimedEnd(out), |out, record| {
                if record.stamps.bits() != last {
                    last = out.0.take_stamps(record.stamps).bits();
                }
            });
            return Step::Done;
        }
        if Op::FAN_OUT != FanOut::Many {
            each(chain, batch.drain::<T>(upto), out, |_, _| ());
            return Step::Done;
        }
        while let Some(record) = batch.pop::<T>(upto) {
            chain.process(record, out);
            if out.is_full() && batch.taken() < upto {
                return Step::More;
            }
        }
        Step::Done
    }
    fn advance(&mut self, _: Progress, _: &mut impl Collect<T>) -> Step {
        Step::Done
    }
    fn snapshot(&mut self, _: Option<Version>, _: &mut SnapshotWriter) {}
    fn restore(&mut self, _: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        Ok(())
    }
    fn wake_at(&self) -> Option<ProcessingTime> {
        None
    }
}

/// Two inputs, brought together by an operator of their own at the head of the chain.
#[derive(Clone, Debug)]
pub struct TwoInputs<J>(pub J);

impl<J: TwoInputOperator> Head<J::Out> for TwoInputs<J> {
    fn feed<Op: Operator<In = J::Out>, C: End<Op::Out>>(
        &mut self,
        input: InputPort,
        batch: &mut Batch,
        upto: usize,
        chain: &mut Op,
        out: &mut C,
    ) -> Step {
        let mut through = Through { from: self.0.name(), next: chain, out };
        while batch.taken() < upto {
            if through.is_full() {
                return Step::More;
            }
            if input.0 == 0 {
                let Some(record) = batch.pop(upto) else { break };
                self.0.process_left(record, &mut through);
            } else {
                let Some(record) = batch.pop(upto) else { break };
                self.0.process_right(record, &mut through);
            }
        }
        Step::Done
    }
    fn advance(&mut self, progress: Progress, out: &mut impl Collect<J::Out>) -> Step {
        self.0.advance(progress, out)
    }
    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        self.0.snapshot(since, into);
    }
    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.0.restore(from)
    }
    fn wake_at(&self) -> Option<ProcessingTime> {
        self.0.wake_at()
    }
}

/// A side output's tail with its type erased: side records are few.
pub trait SideTail: Send {
    /// A `Box<dyn Tail<S>>`.
    fn tail(&mut self) -> &mut dyn Any;
    /// As [`Tail::mark`].
    fn mark(&mut self, watermark: EventTime, out: &mut Outbox);
    /// As [`Tail::flush`].
    fn flush(&mut self, out: &mut Outbox);
}

/// The [`SideTail`] of one type.
pub struct Side<S>(pub Box<dyn Tail<S>>);

impl<S: 'static> SideTail for Side<S> {
    fn tail(&mut self) -> &mut dyn Any {
        &mut self.0
    }
    fn mark(&mut self, watermark: EventTime, out: &mut Outbox) {
        self.0.mark(watermark, out);
    }
    fn flush(&mut self, out: &mut Outbox) {
        self.0.flush(out);
    }
}

/// A head, a chain of operators and their tails, fused.
pub struct FusedStage<H, Op, T> {
    head: H,
    chain: Op,
    tail: T,
    sides: Vec<Option<Box<dyn SideTail>>>,
    /// The furthest that it has been advanced to, also before it was restored: an engine begins
    /// anew after a failure, and what has been promised stays promised.
    watermark: EventTime,
    /// The watermark that has gone downstream.
    sent: EventTime,
}

impl<H, Op, T> FusedStage<H, Op, T> {
    /// From its parts; side tails by the number of their port.
    pub fn new(head: H, chain: Op, tail: T, sides: Vec<Option<Box<dyn SideTail>>>) -> Self {
        let (watermark, sent) = (EventTime::MIN, EventTime::MIN);
        Self { head, chain, tail, sides, watermark, sent }
    }
}

/// What the last operator of a chain pushes into.
struct Ends<'a, T> {
    from: &'static str,
    tail: &'a mut T,
    sides: &'a mut [Option<Box<dyn SideTail>>],
    out: &'a mut Outbox,
}

impl<R, T: Tail<R>> End<R> for Ends<'_, T> {
    fn wants(&self) -> Wants {
        self.tail.wants()
    }
    #[inline(always)]
    fn take_stamps(&mut self, stamps: Stamps) -> Stamps {
        self.out.take_times(EventTime::MIN, stamps)
    }
    #[inline(always)]
    fn push_timed(&mut self, record: Record<R>) {
        self.tail.push_timed(record, self.out);
    }
}

impl<R, T: Tail<R>> Collect<R> for Ends<'_, T> {
    #[inline(always)]
    fn push(&mut self, record: Record<R>) {
        self.tail.push(record, self.out);
    }
    fn side<S: Data>(&mut self, port: SidePort<S>, record: Record<S>) {
        // A side output that nobody consumes is dropped, as in Flink.
        if let Some(Some(side)) = self.sides.get_mut(port.index) {
            let tail = side.tail().downcast_mut::<Box<dyn Tail<S>>>();
            tail.expect("a side port carries one type").push(record, self.out);
        }
    }
    #[inline(always)]
    fn is_full(&self) -> bool {
        self.out.is_full()
    }
    #[cold]
    fn fail(&mut self, mut failure: Failure) {
        failure.operator.get_or_insert(self.from);
        self.out.failure.get_or_insert(failure);
    }
    fn count(&mut self, counted: Counted) {
        self.out.counters.count(counted);
    }
}

fn outcome(step: Step, out: &mut Outbox) -> Result<Step, StageError> {
    match out.failure.take() {
        None => Ok(step),
        Some(failure) => Err(StageError::Operator(failure)),
    }
}

impl<H, Op, T> Stage for FusedStage<H, Op, T>
where
    Op: Operator,
    H: Head<Op::In>,
    T: Tail<Op::Out>,
{
    fn process(
        &mut self,
        input: InputPort,
        batch: &mut Batch,
        upto: usize,
        out: &mut Outbox,
    ) -> Result<Step, StageError> {
        let Self { head, chain, tail, sides, .. } = self;
        let mut ends = Ends { from: chain.name(), tail, sides, out };
        let step = head.feed(input, batch, upto, chain, &mut ends);
        outcome(step, out)
    }

    fn advance(&mut self, progress: Progress, out: &mut Outbox) -> Result<Step, StageError> {
        let Self { head, chain, tail, sides, watermark, sent } = self;
        *watermark = progress.watermark.max(*watermark);
        let progress = Progress { watermark: *watermark, ..progress };
        let mut ends = Ends { from: chain.name(), tail, sides, out };
        let mut through = Through { from: "join", next: chain, out: &mut ends };
        let mut step = head.advance(progress, &mut through);
        if step == Step::Done {
            step = chain.advance(progress, &mut ends);
        }
        if step == Step::Done && progress.watermark > *sent {
            *sent = progress.watermark;
            tail.mark(progress.watermark, out);
            for side in sides.iter_mut().flatten() {
                side.mark(progress.watermark, out);
            }
        }
        outcome(step, out)
    }

    fn flush(&mut self, out: &mut Outbox) {
        self.tail.flush(out);
        for side in self.sides.iter_mut().flatten() {
            side.flush(out);
        }
    }

    fn snapshot(&mut self, since: Option<Version>) -> Result<Snapshot, StageError> {
        let mut writer = SnapshotWriter::default();
        writer.put(&self.watermark);
        self.head.snapshot(since, &mut writer);
        self.chain.snapshot(since, &mut writer);
        Ok(writer.finish(since)?)
    }

    fn snapshot_alone(&mut self) -> Result<Snapshot, StageError> {
        let mut writer = SnapshotWriter::standing_alone();
        writer.put(&self.watermark);
        self.head.snapshot(None, &mut writer);
        self.chain.snapshot(None, &mut writer);
        Ok(writer.finish(None)?)
    }

    fn restore(&mut self, from: &[Snapshot], owns: &Ownership) -> Result<(), RestoreError> {
        let mut restored: Option<EventTime> = None;
        for snapshot in from {
            let mut reader = SnapshotReader::new(snapshot, owns);
            // Of several subtasks the one that was behind: nothing on time may become late.
            let watermark: EventTime = reader.take()?;
            let kept = restored.filter(|_| !reader.is_delta());
            restored = Some(kept.map_or(watermark, |kept| kept.min(watermark)));
            self.head.restore(&mut reader)?;
            self.chain.restore(&mut reader)?;
            reader.finish()?;
        }
        self.watermark = restored.unwrap_or(self.watermark);
        Ok(())
    }

    fn holds_times(&self) -> bool {
        !(H::IS_PLAIN && Op::FAN_OUT == FanOut::One)
    }

    fn wake_at(&self) -> Option<ProcessingTime> {
        match (self.head.wake_at(), self.chain.wake_at()) {
            (Some(head), Some(chain)) => Some(head.min(chain)),
            (head, chain) => head.or(chain),
        }
    }
}
