//! Storage that lives as long as the process.

use dataflow::exchange::failure::FailureKind;
use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, Mutex};

use dataflow::job::storage::{Storage, StorageError, Stored};

use crate::lock::lock;
use crate::storage::file_name;

/// Files in memory. What is written is there at once.
#[derive(Debug, Default)]
pub struct MemoryStorage(Mutex<BTreeMap<String, Vec<u8>>>);

type Files = BTreeMap<String, Vec<u8>>;

impl MemoryStorage {
    /// Without files.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Names and contents of all files.
    pub fn files(&self) -> Files {
        lock(&self.0).clone()
    }

    /// Another one with the same files: what happens to one is not seen in the other.
    pub fn copy(&self) -> Arc<Self> {
        Arc::new(Self(Mutex::new(self.files())))
    }

    fn with<T: Send + 'static>(
        &self,
        operation: &'static str,
        name: &str,
        act: impl FnOnce(&mut Files) -> T,
    ) -> Stored<T> {
        let checked = file_name::check(operation, name, || self.locate(name));
        Box::pin(ready(checked.map(|()| act(&mut lock(&self.0)))))
    }
}

impl Storage for MemoryStorage {
    fn locate(&self, name: &str) -> String {
        format!("memory:{name}")
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.with("write", name, |files| drop(files.insert(name.to_owned(), bytes)))
    }

    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.with("append to", name, |files| {
            files.entry(name.to_owned()).or_default().extend(bytes);
        })
    }

    fn sync(&self, name: &str) -> Stored<()> {
        self.with("sync", name, |_| ())
    }

    fn rename(&self, from: &str, to: &str) -> Stored<()> {
        let renamed = file_name::check("rename", from, || self.locate(from))
            .and_then(|()| file_name::check("rename", to, || self.locate(to)))
            .and_then(|()| {
                let mut files = lock(&self.0);
                let bytes = files.remove(from).ok_or_else(|| missing(self.locate(from)))?;
                files.insert(to.to_owned(), bytes);
                Ok(())
            });
        Box::pin(ready(renamed))
    }

    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>> {
        self.with("read", name, |files| files.get(name).cloned())
    }

    fn lengths(&self, prefix: &str) -> Stored<Vec<(String, u64)>> {
        let files = lock(&self.0);
        let found = files.iter().filter(|(name, _)| name.starts_with(prefix));
        let lengths = found.map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect();
        Box::pin(ready(Ok(lengths)))
    }

    fn remove(&self, name: &str) -> Stored<()> {
        self.with("remove", name, |files| drop(files.remove(name)))
    }
}

/// A file that cannot be renamed because it is not there.
pub(crate) fn missing(file: String) -> StorageError {
    let cause = "there is no such file".to_owned();
    StorageError { operation: "rename", file, cause, kind: FailureKind::Transient }
}
