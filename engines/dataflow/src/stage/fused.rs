//! A head, a chain of operators and their tails, fused by type.

use std::any::Any;

use crate::exchange::Tail;
use crate::exchange::outbox::Outbox;
use crate::exchange::sink::Wants;
use crate::operator::lateness::LateNote;
use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, Snapshot, SnapshotReader, SnapshotWriter, Version};
use crate::operator::{Collect, Counted, Failure, FanOut, Operator, SidePort};
use crate::placement::Ownership;
use crate::record::batch::Batch;
use crate::record::data::Data;
use crate::record::time::{EventTime, ProcessingTime};
use crate::record::{Record, Stamps};
use crate::stage::head::{End, Head};
use crate::stage::instance::{InputPort, Stage, StageError};

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

impl<H, Op: Operator, T: Tail<Op::Out>> FusedStage<H, Op, T> {
    /// Sends the watermark downstream, as far as it has come through the chain.
    fn mark(&mut self, progress: Progress, out: &mut Outbox) {
        let watermark = self.chain.passes_on(progress).watermark;
        if watermark > self.sent {
            self.sent = watermark;
            self.tail.mark(watermark, out);
            for side in self.sides.iter_mut().flatten() {
                side.mark(watermark, out);
            }
        }
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
    #[cold]
    fn late(&mut self, note: LateNote) {
        self.out.note_late(note);
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
        let Self { head, chain, tail, sides, watermark, .. } = self;
        *watermark = progress.watermark.max(*watermark);
        let progress = Progress { watermark: *watermark, ..progress };
        let mut ends = Ends { from: chain.name(), tail, sides, out };
        let mut step = head.advance(progress, chain, &mut ends);
        if step == Step::Done {
            step = chain.advance(progress, &mut ends);
        }
        if step == Step::Done {
            self.mark(progress, out);
        }
        outcome(step, out)
    }

    fn has_units(&self) -> bool {
        Op::HOLDS_BACK
    }

    fn end_unit(&mut self, progress: Progress, out: &mut Outbox) -> Result<Step, StageError> {
        let Self { chain, tail, sides, watermark, .. } = self;
        let progress = Progress { watermark: *watermark, ..progress };
        let mut ends = Ends { from: chain.name(), tail, sides, out };
        let step = chain.end_unit(progress, &mut ends);
        if step == Step::Done {
            self.mark(progress, out);
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
