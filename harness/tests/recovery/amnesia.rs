//! The proof that state matters: a storage that gives back empty state makes outputs wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use dataflow::job::storage::{Storage, Stored};
use runtime::{MemoryStorage, Victim};
use streamgauge::internals::FaultSpec;

use crate::scenario::Scenario;

/// Remembers the first state that every subtask or partition has put; with `forgets` it gives
/// back that of another storage in the place of what is asked for.
struct Amnesia {
    inner: Arc<MemoryStorage>,
    first: Mutex<BTreeMap<String, Vec<u8>>>,
    forgets: Option<BTreeMap<String, Vec<u8>>>,
}

impl Amnesia {
    fn new(forgets: Option<BTreeMap<String, Vec<u8>>>) -> Arc<Self> {
        Arc::new(Self { inner: MemoryStorage::new(), first: Mutex::default(), forgets })
    }
}

/// Whose state a file holds: `stage-subtask`, which stands behind the checkpoint in one engine and
/// before the version in the other.
fn owner(name: &str) -> Option<String> {
    let owner = match name.strip_prefix("microbatch/state/") {
        Some(rest) => rest.split('/').next()?,
        None => name.strip_prefix("pipelined/")?.split_once('-')?.1,
    };
    owner.contains('-').then(|| owner.to_owned())
}

impl Storage for Amnesia {
    fn locate(&self, name: &str) -> String {
        self.inner.locate(name)
    }
    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        if let Some(owner) = owner(name) {
            self.first.lock().unwrap().entry(owner).or_insert_with(|| bytes.clone());
        }
        self.inner.put(name, bytes)
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
        let forgotten = owner(name).and_then(|owner| self.forgets.as_ref()?.get(&owner).cloned());
        match forgotten {
            Some(bytes) => Box::pin(std::future::ready(Ok(Some(bytes)))),
            None => self.inner.read(name),
        }
    }
    fn list(&self, prefix: &str) -> Stored<Vec<String>> {
        self.inner.list(prefix)
    }
    fn remove(&self, name: &str) -> Stored<()> {
        self.inner.remove(name)
    }
}

#[test]
fn a_restore_from_empty_state_loses_what_the_state_held() {
    for (engine, victim) in [("pipelined", Victim::Subtask), ("microbatch", Victim::Driver)] {
        let mut scenario = Scenario::new(engine, "keyed-count", "exactly-once");
        // As good as nothing has been counted when the first state is written.
        let donor = Amnesia::new(None);
        let mut hardly_any = scenario.clone();
        (hardly_any.events, hardly_any.rate) = (8, 8.0);
        hardly_any.run_on(donor.clone(), None).expect("it runs");
        let empty = donor.first.lock().unwrap().clone();

        scenario.faults = vec![FaultSpec::kill_at(victim, 0.5)];
        let sound = scenario.run_on(Amnesia::new(None), None).expect("it runs");
        assert!(sound.is_right(), "{engine}: the kill alone does no harm");
        let forgetful = scenario.run_on(Amnesia::new(Some(empty)), None).expect("it runs");
        assert_eq!(forgetful.struck.len(), 1);
        assert!(!forgetful.is_right(), "{engine}: what was counted before is forgotten");
    }
}
