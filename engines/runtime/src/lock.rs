//! Locking without poison.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, whether or not another holder panicked: what this crate keeps behind locks is consistent
/// after every statement, and a task's panic is reported by `block_on`, not by the next lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
