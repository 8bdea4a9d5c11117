//! A storage around which faults strike.

use std::future::pending;
use std::sync::Arc;

use dataflow::job::storage::{Storage, Stored};
use dataflow::record::content_hash::Content;

use crate::faults::Faults;
use crate::faults::fault::{Operation, When};

/// The storage that a runtime gives to its tasks. It counts operations for the faults planned at
/// them; nothing is begun for a task that has been killed, and what others begin while a process
/// is dying waits until all of it is gone.
pub(crate) struct WatchedStorage {
    storage: Arc<dyn Storage>,
    faults: Arc<Faults>,
}

impl WatchedStorage {
    pub(crate) fn new(storage: Arc<dyn Storage>, faults: Arc<Faults>) -> Arc<Self> {
        Arc::new(Self { storage, faults })
    }

    /// Performs an operation when the future is first polled, in the task that performs it.
    fn watch<T: Send + 'static>(
        &self,
        counted: Option<(Operation, Vec<String>)>,
        perform: impl FnOnce(&dyn Storage) -> Stored<T> + Send + 'static,
    ) -> Stored<T> {
        let (storage, faults) = (Arc::clone(&self.storage), Arc::clone(&self.faults));
        Box::pin(async move {
            faults.settled().await;
            let struck = counted.map_or_else(Vec::new, |(operation, names)| {
                faults.count_operation(operation, &names)
            });
            faults.strike_around(When::Before, &struck);
            if faults.is_killed() {
                return pending().await;
            }
            let result = perform(&*storage).await;
            faults.strike_around(When::After, &struck);
            if faults.is_killed() { pending().await } else { result }
        })
    }

    fn watch_one(
        &self,
        operation: Operation,
        name: &str,
        perform: impl FnOnce(&dyn Storage, &str) -> Stored<()> + Send + 'static,
    ) -> Stored<()> {
        let name = name.to_owned();
        let counted = Some((operation, vec![name.clone()]));
        self.watch(counted, move |storage| perform(storage, &name))
    }
}

impl Storage for WatchedStorage {
    fn locate(&self, name: &str) -> String {
        self.storage.locate(name)
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.watch_one(Operation::Put, name, |storage, name| storage.put(name, bytes))
    }

    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.watch_one(Operation::Append, name, |storage, name| storage.append(name, bytes))
    }

    fn sync(&self, name: &str) -> Stored<()> {
        self.watch_one(Operation::Sync, name, |storage, name| storage.sync(name))
    }

    fn rename(&self, from: &str, to: &str) -> Stored<()> {
        let (from, to) = (from.to_owned(), to.to_owned());
        let counted = Some((Operation::Rename, vec![from.clone(), to.clone()]));
        self.watch(counted, move |storage| storage.rename(&from, &to))
    }

    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>> {
        let name = name.to_owned();
        self.watch(None, move |storage| storage.read(&name))
    }

    fn read_from(&self, name: &str, offset: u64, most: usize) -> Stored<Option<Vec<u8>>> {
        let name = name.to_owned();
        self.watch(None, move |storage| storage.read_from(&name, offset, most))
    }

    fn lengths(&self, prefix: &str) -> Stored<Vec<(String, u64)>> {
        let prefix = prefix.to_owned();
        self.watch(None, move |storage| storage.lengths(&prefix))
    }

    fn list(&self, prefix: &str) -> Stored<Vec<String>> {
        let prefix = prefix.to_owned();
        self.watch(None, move |storage| storage.list(&prefix))
    }

    fn content(&self, name: &str) -> Stored<Option<Content>> {
        let name = name.to_owned();
        self.watch(None, move |storage| storage.content(&name))
    }

    fn remove(&self, name: &str) -> Stored<()> {
        self.watch_one(Operation::Remove, name, |storage, name| storage.remove(name))
    }

    fn remove_all(&self, names: Vec<String>) -> Stored<()> {
        let counted = Some((Operation::Remove, names.clone()));
        self.watch(counted, move |storage| storage.remove_all(names))
    }
}
