//! Storage that lives as long as the process.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, Mutex};

use dataflow::storage::{Storage, StorageError, Stored};

use crate::lock::lock;

/// Files in memory. What is written is there at once.
#[derive(Debug, Default)]
pub struct MemoryStorage(Mutex<BTreeMap<String, Vec<u8>>>);

impl MemoryStorage {
    /// Without files.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Names and contents of all files.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        lock(&self.0).clone()
    }
}

impl Storage for MemoryStorage {
    fn locate(&self, name: &str) -> String {
        format!("memory:{name}")
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        lock(&self.0).insert(name.to_owned(), bytes);
        Box::pin(ready(Ok(())))
    }

    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        lock(&self.0).entry(name.to_owned()).or_default().extend(bytes);
        Box::pin(ready(Ok(())))
    }

    fn sync(&self, _: &str) -> Stored<()> {
        Box::pin(ready(Ok(())))
    }

    fn rename(&self, from: &str, to: &str) -> Stored<()> {
        let mut files = lock(&self.0);
        let renamed = match files.remove(from) {
            Some(bytes) => {
                files.insert(to.to_owned(), bytes);
                Ok(())
            }
            None => Err(StorageError {
                operation: "rename",
                file: self.locate(from),
                cause: "there is no such file".to_owned(),
                damaged: false,
            }),
        };
        Box::pin(ready(renamed))
    }

    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>> {
        Box::pin(ready(Ok(lock(&self.0).get(name).cloned())))
    }

    fn list(&self, prefix: &str) -> Stored<Vec<String>> {
        let files = lock(&self.0);
        let names = files.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        Box::pin(ready(Ok(names)))
    }

    fn remove(&self, name: &str) -> Stored<()> {
        lock(&self.0).remove(name);
        Box::pin(ready(Ok(())))
    }
}
