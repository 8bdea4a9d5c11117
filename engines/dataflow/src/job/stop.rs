//! The signal that asks a job to stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// Asks a job to stop: sources read no more, everything is drained, and the job ends.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<StopState>);

#[derive(Debug, Default)]
struct StopState {
    requested: AtomicBool,
    wakers: Mutex<Vec<Waker>>,
}

impl StopSignal {
    /// Asks for it; the first call counts.
    pub fn request(&self) {
        self.0.requested.store(true, Ordering::SeqCst);
        let wakers = std::mem::take(&mut *self.0.wakers.lock().expect("no holder fails"));
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether it was asked for.
    #[inline]
    pub fn is_requested(&self) -> bool {
        self.0.requested.load(Ordering::Relaxed)
    }

    /// Ready once it was asked for.
    pub fn poll_requested(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.is_requested() {
            return Poll::Ready(());
        }
        let mut wakers = self.0.wakers.lock().expect("no holder fails");
        if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            wakers.push(context.waker().clone());
        }
        drop(wakers);
        if self.is_requested() { Poll::Ready(()) } else { Poll::Pending }
    }
}
