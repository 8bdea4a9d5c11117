//! How batches enter a chain of operators: by one input, or by two that an operator brings together.

use std::vec::Drain;

use crate::exchange::sink::Wants;
use crate::operator::lateness::LateNote;
use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::{
    Collect, Counted, Failure, FanOut, Operator, SidePort, Through, TwoInputOperator,
};
use crate::record::batch::Batch;
use crate::record::data::Data;
use crate::record::time::ProcessingTime;
use crate::record::{Record, Stamps};
use crate::stage::instance::InputPort;

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
    /// Moves the head's own time on; what that releases goes into the chain.
    fn advance<Op: Operator<In = T>, C: Collect<Op::Out>>(
        &mut self,
        progress: Progress,
        chain: &mut Op,
        out: &mut C,
    ) -> Step;
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
    fn late(&mut self, note: LateNote) {
        self.0.late(note);
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
    fn advance<Op: Operator<In = T>, C: Collect<Op::Out>>(
        &mut self,
        _: Progress,
        _: &mut Op,
        _: &mut C,
    ) -> Step {
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
    fn advance<Op: Operator<In = J::Out>, C: Collect<Op::Out>>(
        &mut self,
        progress: Progress,
        chain: &mut Op,
        out: &mut C,
    ) -> Step {
        let from = self.0.name();
        self.0.advance(progress, &mut Through { from, next: chain, out })
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
