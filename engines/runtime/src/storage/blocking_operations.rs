//! Blocking operations whose caller may be dropped before they end.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::lock::lock;

/// Operations on threads that block. By the time that an operation begins to have an effect, any
/// that its caller has abandoned is either over or will never happen: so the successor of a killed
/// task finds either no trace of an operation that this task had begun, or all of it, and it stays
/// that way.
#[derive(Debug, Default)]
pub(crate) struct BlockingOperations {
    /// Operations that are at work and have been abandoned.
    abandoned: Mutex<usize>,
    changed: Condvar,
}

/// Whether one operation is at work and whether anybody waits for it; changed under the lock of
/// [`BlockingOperations`].
#[derive(Debug, Default)]
struct Progress {
    working: bool,
    abandoned: bool,
}

/// Held by whoever waits for an operation. Dropping it abandons the operation.
pub(crate) struct Waiter {
    operations: Arc<BlockingOperations>,
    progress: Arc<Mutex<Progress>>,
}

/// Held by the thread that performs the operation.
pub(crate) struct Performer {
    operations: Arc<BlockingOperations>,
    progress: Arc<Mutex<Progress>>,
}

impl BlockingOperations {
    /// A new operation, in two halves.
    pub(crate) fn begin(self: Arc<Self>) -> (Waiter, Performer) {
        let progress = Arc::<Mutex<Progress>>::default();
        let waiting = Waiter { operations: Arc::clone(&self), progress: Arc::clone(&progress) };
        (waiting, Performer { operations: self, progress })
    }
}

impl Performer {
    /// Blocks until no abandoned operation is at work, and does `work`; `None`, and nothing was
    /// done, when this one has been abandoned meanwhile.
    pub(crate) fn perform<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        {
            let count = lock(&self.operations.abandoned);
            let must_wait = |count: &mut usize| *count > 0 && !lock(&self.progress).abandoned;
            let count = self.operations.changed.wait_while(count, must_wait);
            let _count = count.unwrap_or_else(PoisonError::into_inner);
            let mut progress = lock(&self.progress);
            if progress.abandoned {
                return None;
            }
            progress.working = true;
        }
        Some(work())
    }
}

impl Drop for Performer {
    fn drop(&mut self) {
        let mut count = lock(&self.operations.abandoned);
        let mut progress = lock(&self.progress);
        if progress.working && progress.abandoned {
            *count -= 1;
            self.operations.changed.notify_all();
        }
        progress.working = false;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut count = lock(&self.operations.abandoned);
        let mut progress = lock(&self.progress);
        progress.abandoned = true;
        *count += usize::from(progress.working);
        self.operations.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn what_was_abandoned_before_it_began_never_happens() {
        let operations = Arc::<BlockingOperations>::default();
        let (waiting, performing) = Arc::clone(&operations).begin();
        drop(waiting);
        assert_eq!(performing.perform(|| "done"), None);
        let (_waiting, performing) = operations.begin();
        assert_eq!(performing.perform(|| "done"), Some("done"));
    }

    #[test]
    fn the_next_operation_waits_for_what_was_abandoned_at_work() {
        let operations = Arc::<BlockingOperations>::default();
        let (waiting, performing) = Arc::clone(&operations).begin();
        let (begun, has_begun) = channel();
        let (go_on, may_go_on) = channel::<()>();
        let (log, entries) = channel();
        let first = log.clone();
        let abandoned = thread::spawn(move || {
            performing.perform(|| {
                begun.send(()).expect("the test waits");
                may_go_on.recv().expect("the test lets go");
                first.send("abandoned").expect("the test listens");
            })
        });
        has_begun.recv().expect("it begins");
        drop(waiting);
        let (_waiting, performing) = Arc::clone(&operations).begin();
        let (gone, given_up) = Arc::clone(&operations).begin();
        let next = thread::spawn(move || {
            performing.perform(|| log.send("next").expect("the test listens"))
        });
        // One that waits and is abandoned itself gives up.
        let giving_up = thread::spawn(move || given_up.perform(|| ()));
        drop(gone);
        assert_eq!(giving_up.join().expect("no panic"), None);
        thread::yield_now();
        assert!(entries.try_recv().is_err());
        go_on.send(()).expect("it waits");
        assert_eq!(abandoned.join().expect("no panic"), Some(()));
        assert_eq!(next.join().expect("no panic"), Some(()));
        assert_eq!(entries.iter().collect::<Vec<_>>(), ["abandoned", "next"]);
    }
}
