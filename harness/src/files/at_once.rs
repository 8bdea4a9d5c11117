//! Storage operations where there is no run.

use std::future::Future;
use std::sync::{Arc, Mutex};

use dataflow::exchange::failure::FailureKind;
use dataflow::job::runtime::Runtime;
use dataflow::job::storage::StorageError;
use runtime::{VirtualOptions, VirtualTime};

use crate::error::{Error, Result};

/// Runs storage operations before there is a clock to run them on.
///
/// # Errors
/// What the storage reports: a damaged file is bad input, anything else a failed run.
pub(crate) fn at_once<T: Send + 'static>(
    work: impl Future<Output = std::result::Result<T, StorageError>> + Send + 'static,
) -> Result<T> {
    let place: Arc<Mutex<Option<std::result::Result<T, StorageError>>>> = Arc::default();
    let result = Arc::clone(&place);
    let done = VirtualTime::new(VirtualOptions::default()).block_on(Box::pin(async move {
        let came = work.await;
        *result.lock().expect("nobody else writes here") = Some(came);
    }));
    let came = place.lock().expect("nobody else writes here").take();
    match (done, came) {
        (Ok(()), Some(Ok(value))) => Ok(value),
        (Ok(()), Some(Err(error))) if error.kind == FailureKind::Damaged => {
            Err(Error::input(error))
        }
        (Ok(()), Some(Err(error))) => Err(Error::run(error)),
        _ => Err(Error::run("a storage operation never ended")),
    }
}
