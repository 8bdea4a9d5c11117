//! A storage that fails for good ends a run at once; one that fails on and on ends it in the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dataflow::exchange::failure::FailureKind;
use dataflow::job::storage::{Storage, StorageError, Stored};
use runtime::MemoryStorage;

use crate::scenario::Scenario;

/// Memory in which every put from one of them on fails.
struct Failing {
    inner: Arc<MemoryStorage>,
    puts: AtomicU64,
    from: u64,
    kind: FailureKind,
}

impl Failing {
    fn new(from: u64, kind: FailureKind) -> Arc<Self> {
        Arc::new(Self { inner: MemoryStorage::new(), puts: AtomicU64::new(0), from, kind })
    }
}

impl Storage for Failing {
    fn locate(&self, name: &str) -> String {
        self.inner.locate(name)
    }
    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        if self.puts.fetch_add(1, Ordering::Relaxed) < self.from {
            return self.inner.put(name, bytes);
        }
        let (file, cause) = (self.locate(name), "no space left on device".to_owned());
        let error = StorageError { operation: "write", file, cause, kind: self.kind };
        Box::pin(std::future::ready(Err(error)))
    }
    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.inner.append(name, bytes)
    }
    fn sync(&self, name: &str) -> Stored<()> {
        self.inner.sync(name)
    }
    fn rename(&self, from: &str, to: &str) -> Stored<()> {
        self.inner.rename(from, to)
    }
    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>> {
        self.inner.read(name)
    }
    fn lengths(&self, prefix: &str) -> Stored<Vec<(String, u64)>> {
        self.inner.lengths(prefix)
    }
    fn remove(&self, name: &str) -> Stored<()> {
        self.inner.remove(name)
    }
}

#[test]
fn a_failure_that_stays_ends_the_run_at_once_wherever_it_comes() {
    for engine in ["pipelined", "microbatch"] {
        for from in [0, 1, 7, 20] {
            let storage = Failing::new(from, FailureKind::Permanent);
            let scenario = Scenario::new(engine, "windowed-count", "exactly-once");
            let error = scenario.run_on(Arc::clone(&storage) as _, None).err().expect(engine);
            assert!(error.contains("no space left on device"), "{engine}, {from}: {error}");
            assert!(!error.contains("given up"), "{engine}, {from}: {error}");
            // What was under way elsewhere may still have failed alike, and nothing after that.
            let puts = storage.puts.load(Ordering::Relaxed) - from;
            assert!(puts <= 4, "{engine}, {from}: tried {puts} times");
        }
    }
}

#[test]
fn a_failure_that_never_passes_ends_the_run_after_so_many_restarts_without_progress() {
    for engine in ["pipelined", "microbatch"] {
        for most in [0, 3] {
            let storage = Failing::new(20, FailureKind::Transient);
            let mut scenario = Scenario::new(engine, "windowed-count", "exactly-once");
            scenario.set.push(("restart_attempts", most.into()));
            let error = scenario.run_on(storage, None).err().expect(engine);
            assert!(error.contains(&format!("given up after {most} restarts")), "{error}");
        }
    }
}
