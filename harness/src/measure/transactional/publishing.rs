//! Holds sinks back while a commit is published: a job that makes rows faster than a broker takes them
//! would make each commit larger than the one before.

use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

/// Whether a commit is being published, and which sinks wait for its end.
#[derive(Default)]
pub(super) struct Publishing(Mutex<State>);

#[derive(Default)]
struct State {
    /// Publications under way.
    active: u32,
    wakers: Vec<Waker>,
}

/// A publication that is under way, until this is dropped.
pub(super) struct Publication<'a>(&'a Publishing);

impl Publishing {
    /// A publication begins.
    pub(super) fn begin(&self) -> Publication<'_> {
        self.lock().active += 1;
        Publication(self)
    }

    /// Ready while nothing is being published.
    pub(super) fn poll_idle(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.active == 0 {
            return Poll::Ready(());
        }
        state.wakers.push(context.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder fails")
    }
}

impl Drop for Publication<'_> {
    fn drop(&mut self) {
        let wakers = {
            let mut state = self.0.lock();
            state.active -= 1;
            std::mem::take(&mut state.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sinks_wait_while_a_commit_is_published_and_no_longer() {
        let publishing = Publishing::default();
        let mut context = Context::from_waker(Waker::noop());
        assert!(publishing.poll_idle(&mut context).is_ready());
        let publication = publishing.begin();
        assert!(publishing.poll_idle(&mut context).is_pending());
        drop(publication);
        assert!(publishing.poll_idle(&mut context).is_ready());
    }
}
