//! Receivers of a given speed: sinks that take their time.

use std::sync::Arc;
use std::task::{Context, Poll};

use dataflow::ProcessingTime;
use dataflow::exchange::sink::{Output, Sink, SinkError, SinkSlot, Transaction};
use dataflow::job::engine::BoxFuture;
use dataflow::job::runtime::{Runtime, Timer};
use dataflow::operator::snapshot::Version;

const NANOS_PER_SECOND: f64 = 1e9;

/// Puts a receiver in front of every sink of a slot: the sink of subtask `i` takes
/// `records_per_s[i]` (the last one of these for the rest), and has no room in between. An engine
/// meets it as it meets any sink that is slow.
pub(super) fn slowed(
    slot: SinkSlot,
    records_per_s: &[f64],
    runtime: &Arc<dyn Runtime>,
) -> SinkSlot {
    let (rates, runtime) = (records_per_s.to_vec(), Arc::clone(runtime));
    let Some(&last) = rates.last() else { return slot };
    let inner = slot.open;
    let open = move |subtask: u32| -> Box<dyn Sink> {
        Box::new(Receiver {
            inner: inner(subtask),
            nanos_per_record: NANOS_PER_SECOND
                / rates.get(subtask as usize).copied().unwrap_or(last),
            free_at: 0.0,
            noticed: ProcessingTime::ZERO,
            timer: runtime.timer(),
            runtime: Arc::clone(&runtime),
        })
    };
    SinkSlot { open: Arc::new(open), ..slot }
}

/// Who brings more this soon after there was room had it at hand, and the receiver is as if it had
/// had no break: a timer that comes late does not slow it down.
const AT_HAND_NANOS: u64 = 2_000_000;

/// A sink that is busy for a time per record, from when it takes them or, if they were at hand,
/// from when it was done with those before.
struct Receiver {
    inner: Box<dyn Sink>,
    nanos_per_record: f64,
    /// Nanoseconds since the runtime's start.
    free_at: f64,
    /// When it last said that there was room.
    noticed: ProcessingTime,
    timer: Box<dyn Timer>,
    runtime: Arc<dyn Runtime>,
}

impl Sink for Receiver {
    fn write(&mut self, output: &mut Output, now: ProcessingTime) -> Result<(), SinkError> {
        let busy = output.written as f64 * self.nanos_per_record;
        let at_hand = now.since(self.noticed) <= AT_HAND_NANOS;
        let from = if at_hand { self.free_at } else { self.free_at.max(now.0 as f64) };
        self.free_at = from + busy;
        self.inner.write(output, now)
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let free_at = ProcessingTime(self.free_at as u64);
        if self.runtime.now() < free_at {
            self.timer.arm(free_at);
            if self.timer.poll_due(context).is_pending() {
                return Poll::Pending;
            }
        }
        self.noticed = self.runtime.now();
        self.inner.poll_room(context)
    }

    fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        match self.poll_room(context) {
            Poll::Ready(Ok(())) => self.inner.poll_finish(context),
            other => other,
        }
    }

    fn pre_commit(&mut self, id: Version) -> BoxFuture<Result<Option<Transaction>, SinkError>> {
        self.inner.pre_commit(id)
    }
}
