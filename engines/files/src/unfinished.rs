//! Files that must not outlive the process, whose names are known to it alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn lock() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all of them: for a process that ends without unwinding.
pub fn remove_unfinished() {
    for path in std::mem::take(&mut *lock()) {
        // Nothing can be done about one that will not go.
        drop(fs::remove_file(path));
    }
}

/// A file was made.
pub(crate) fn made(path: &Path) {
    lock().insert(path.to_owned());
}

/// It has got its name, or is gone.
pub(crate) fn settled(path: &Path) {
    lock().remove(path);
}
