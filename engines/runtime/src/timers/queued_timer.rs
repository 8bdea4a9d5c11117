//! The timer that both clocks hand out.

use std::sync::Arc;
use std::task::{Context, Poll};

use dataflow::job::runtime::Timer;
use dataflow::record::time::ProcessingTime;

use crate::timers::timer_queue::{SlotId, TimerQueue};

/// A clock with a queue of timers.
pub(crate) trait TimerHost: Send + Sync {
    /// The current time.
    fn now(&self) -> ProcessingTime;
    /// Acts on the locked queue.
    fn with_queue<R>(&self, act: impl FnOnce(&mut TimerQueue) -> R) -> R;
    /// The queue now starts earlier than it did; it is not locked.
    fn earliest_changed(&self);
}

/// One task's timer.
///
/// It touches the shared queue only where a task has polled it and waits: arming and disarming a
/// timer that nobody waits for is a store to a field, so a task may do it for every buffer.
pub(crate) struct QueuedTimer<H: TimerHost> {
    host: Arc<H>,
    slot: SlotId,
    armed: Option<ProcessingTime>,
    /// A waker has been left in the queue (it may have been popped since).
    waiting: bool,
    /// A task has waited for it since it was armed.
    waited: bool,
}

impl<H: TimerHost> QueuedTimer<H> {
    /// Disarmed.
    pub(crate) fn new(host: Arc<H>) -> Self {
        let slot = host.with_queue(TimerQueue::insert);
        Self { host, slot, armed: None, waiting: false, waited: false }
    }
}

impl<H: TimerHost> Timer for QueuedTimer<H> {
    fn arm(&mut self, at: ProcessingTime) {
        self.armed = Some(at);
        self.waited = self.waiting;
        if self.waiting && self.host.with_queue(|queue| queue.rearm(self.slot, at)) {
            self.host.earliest_changed();
        }
    }

    fn disarm(&mut self) {
        self.armed = None;
        if std::mem::take(&mut self.waiting) {
            drop(self.host.with_queue(|queue| queue.forget(self.slot)));
        }
    }

    fn poll_due(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.armed else { return Poll::Pending };
        if self.host.now() >= at {
            self.disarm();
            return Poll::Ready(());
        }
        (self.waiting, self.waited) = (true, true);
        let change = self.host.with_queue(|queue| queue.wait(self.slot, at, context.waker()));
        if change.earliest {
            self.host.earliest_changed();
        }
        drop(change.replaced);
        Poll::Pending
    }

    fn late_nanos(&self) -> u64 {
        if self.waited { self.host.with_queue(|queue| queue.late_nanos(self.slot)) } else { 0 }
    }
}

impl<H: TimerHost> Drop for QueuedTimer<H> {
    fn drop(&mut self) {
        drop(self.host.with_queue(|queue| queue.remove(self.slot)));
    }
}
