//! A lock for commits and aborts: tasks wait for it without blocking a thread.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard};
use std::task::{Poll, Waker};

/// A lock that is waited for by a task.
#[derive(Default)]
pub(super) struct CommitLock(Mutex<Waiters>);

#[derive(Default)]
struct Waiters {
    taken: bool,
    wakers: Vec<Waker>,
}

/// The turn, until dropped.
pub(super) struct CommitGuard<'a>(&'a CommitLock);

impl CommitLock {
    fn lock(&self) -> MutexGuard<'_, Waiters> {
        self.0.lock().expect("no holder fails")
    }

    /// Waits until nobody else has it.
    pub(super) async fn take(&self) -> CommitGuard<'_> {
        poll_fn(|context| {
            let mut waiting = self.lock();
            if !waiting.taken {
                waiting.taken = true;
                return Poll::Ready(CommitGuard(self));
            }
            if !waiting.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                waiting.wakers.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}

impl Drop for CommitGuard<'_> {
    /// Wakes all who wait: one of them may be gone.
    fn drop(&mut self) {
        let mut waiting = self.0.lock();
        waiting.taken = false;
        let wakers = std::mem::take(&mut waiting.wakers);
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Context;

    use super::*;

    #[test]
    fn the_second_waits_for_the_first_and_one_who_gives_up_holds_nobody() {
        let turn = CommitLock::default();
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(first) = pin!(turn.take()).poll(&mut context) else {
            panic!("nobody has it")
        };
        let mut second = pin!(turn.take());
        assert!(second.as_mut().poll(&mut context).is_pending());
        {
            let gives_up = pin!(turn.take());
            assert!(gives_up.poll(&mut context).is_pending());
        }
        drop(first);
        assert!(second.as_mut().poll(&mut context).is_ready());
        assert!(pin!(turn.take()).poll(&mut context).is_ready(), "the second has let go of it");
    }
}
