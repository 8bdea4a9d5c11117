//! A model of a disk that fails by seed.

use dataflow::exchange::failure::FailureKind;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, Weak};

use dataflow::job::runtime::{Runtime, Timer};
use dataflow::job::storage::{Storage, StorageError, Stored};

use crate::faults::Faults;
use crate::lock::lock;
use crate::random::Draws;
use crate::storage::durability::{Durability, Effect};
use crate::storage::file_name;
use crate::storage::memory::missing;
use crate::storage::storage_faults::{StorageCounts, StorageFaults};

/// Files in memory that come to harm as [`StorageFaults`] says, and of which a
/// [crash](FaultyStorage::crash) takes what was not made durable.
///
/// Operations happen when their futures are polled. One whose future is dropped while it is slow
/// has happened, has not, or has in part, drawn.
#[derive(Debug)]
pub struct FaultyStorage(Arc<Disk>);

impl FaultyStorage {
    /// Without files. It knows no time, and so nothing is slow, until it is
    /// [attached](FaultyStorage::attach).
    pub fn new(faults: StorageFaults) -> Arc<Self> {
        let state = State {
            files: Durability::default(),
            draws: Draws::new(faults.seed),
            counts: StorageCounts::default(),
            in_flight: BTreeMap::new(),
            begun: 0,
        };
        Arc::new(Self(Arc::new(Disk { faults, state: Mutex::new(state), clock: Mutex::default() })))
    }

    /// Gives it the clock of the runtime that it is the storage of, and lets it crash when a
    /// process of that runtime dies.
    pub fn attach(self: &Arc<Self>, runtime: &Arc<dyn Runtime>, faults: &Faults) {
        *lock(&self.0.clock) = Some(Arc::downgrade(runtime));
        let disk = Arc::clone(self);
        faults.on_crash(move || disk.crash());
    }

    /// The process that uses it dies: un-synced appends are cut to a drawn prefix, what was lied
    /// about comes to light, and what is in flight has happened, has not, or has in part.
    pub fn crash(&self) {
        let mut guard = lock(&self.0.state);
        let State { files, draws, counts, in_flight, .. } = &mut *guard;
        for effect in std::mem::take(in_flight).into_values() {
            counts.interrupted += 1;
            files.interrupt(effect, draws);
        }
        counts.crashes += 1;
        counts.damaged_files += files.crash(draws);
    }

    /// How often each fault has struck so far.
    pub fn counts(&self) -> StorageCounts {
        lock(&self.0.state).counts
    }

    /// Names and contents of all files as they are read now, torn temporary ones among them.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        lock(&self.0.state).files.files()
    }
}

#[derive(Debug)]
struct Disk {
    faults: StorageFaults,
    state: Mutex<State>,
    clock: Mutex<Option<Weak<dyn Runtime>>>,
}

#[derive(Debug)]
struct State {
    files: Durability,
    draws: Draws,
    counts: StorageCounts,
    /// By number of the operation.
    in_flight: BTreeMap<u64, Effect>,
    begun: u64,
}

/// What an operation comes to by chance.
enum Outcome {
    Well,
    Lost,
    Full,
    Failing,
    Torn,
}

impl Disk {
    fn locate(name: &str) -> String {
        format!("faulty:{name}")
    }

    /// A timer for the time that an operation takes, if it takes any.
    fn draw_delay(&self) -> Option<Box<dyn Timer>> {
        let runtime = lock(&self.clock).as_ref().and_then(Weak::upgrade)?;
        let mut state = lock(&self.state);
        if !state.draws.happens(self.faults.slow) {
            return None;
        }
        state.counts.slow += 1;
        let longest = usize::try_from(self.faults.slowest_nanos).unwrap_or(usize::MAX).max(1);
        let nanos = 1 + state.draws.below(longest) as u64;
        drop(state);
        let mut timer = runtime.timer();
        timer.arm(runtime.now().after(nanos));
        Some(timer)
    }

    fn depart(self: &Arc<Self>, effect: Effect) -> Flight {
        let mut state = lock(&self.state);
        state.begun += 1;
        let number = state.begun;
        state.in_flight.insert(number, effect);
        Flight { number, disk: Arc::clone(self) }
    }

    fn change(
        self: &Arc<Self>,
        operation: &'static str,
        file: String,
        effect: Effect,
    ) -> Stored<()> {
        let disk = Arc::clone(self);
        Box::pin(async move {
            let effect = match disk.draw_delay() {
                None => effect,
                Some(mut timer) => {
                    let flight = disk.depart(effect);
                    poll_fn(|context| timer.poll_due(context)).await;
                    flight.land().ok_or_else(|| {
                        failure(operation, file.clone(), "the process that began it has died")
                    })?
                }
            };
            disk.bring_about(operation, file, effect)
        })
    }

    fn bring_about(
        &self,
        operation: &'static str,
        file: String,
        effect: Effect,
    ) -> Result<(), StorageError> {
        let mut guard = lock(&self.state);
        let State { files, draws, counts, .. } = &mut *guard;
        match self.draw_outcome(&effect, draws, counts) {
            Outcome::Well => match files.apply(effect) {
                true => Ok(()),
                false => Err(missing(file)),
            },
            Outcome::Lost => {
                if files.lie(&effect, draws) {
                    counts.lost_sync += 1;
                } else {
                    files.apply(effect);
                }
                Ok(())
            }
            Outcome::Full => {
                counts.full += 1;
                Err(failure(operation, file, "no space left on the disk"))
            }
            Outcome::Failing => {
                counts.failing += 1;
                if draws.happens(0.5) {
                    files.apply(effect);
                }
                Err(failure(operation, file, FAILED))
            }
            Outcome::Torn => {
                counts.torn += 1;
                files.tear(effect, draws);
                Err(failure(operation, file, FAILED))
            }
        }
    }

    fn draw_outcome(&self, effect: &Effect, draws: &mut Draws, counts: &StorageCounts) -> Outcome {
        let StorageFaults { full, failing, torn, lost_sync, .. } = self.faults;
        let writes = matches!(effect, Effect::Put { .. } | Effect::Append { .. });
        let promises = matches!(effect, Effect::Put { .. } | Effect::Sync { .. });
        if self.may_fail(counts) {
            if writes && draws.happens(full) {
                return Outcome::Full;
            }
            if writes && draws.happens(torn) {
                return Outcome::Torn;
            }
            if draws.happens(failing) {
                return Outcome::Failing;
            }
        }
        if promises && draws.happens(lost_sync) { Outcome::Lost } else { Outcome::Well }
    }

    fn may_fail(&self, counts: &StorageCounts) -> bool {
        counts.full + counts.failing + counts.torn < self.faults.most_failures
    }

    fn look<T: Send + 'static>(
        self: &Arc<Self>,
        operation: &'static str,
        file: String,
        look: impl FnOnce(&Durability) -> T + Send + 'static,
    ) -> Stored<T> {
        let disk = Arc::clone(self);
        Box::pin(async move {
            if let Some(mut timer) = disk.draw_delay() {
                poll_fn(|context| timer.poll_due(context)).await;
            }
            let mut state = lock(&disk.state);
            if disk.may_fail(&state.counts) && state.draws.happens(disk.faults.failing) {
                state.counts.failing += 1;
                return Err(failure(operation, file, FAILED));
            }
            Ok(look(&state.files))
        })
    }
}

const FAILED: &str = "the disk reports an error; the operation may have happened or not";

/// A slow operation that changes something, until it happens or is interrupted.
struct Flight {
    number: u64,
    disk: Arc<Disk>,
}

impl Flight {
    /// What is to happen now; `None` if a crash came first.
    fn land(self) -> Option<Effect> {
        lock(&self.disk.state).in_flight.remove(&self.number)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut guard = lock(&self.disk.state);
        let State { files, draws, counts, in_flight, .. } = &mut *guard;
        if let Some(effect) = in_flight.remove(&self.number) {
            counts.interrupted += 1;
            files.interrupt(effect, draws);
        }
    }
}

impl FaultyStorage {
    fn change(&self, operation: &'static str, name: &str, effect: Effect) -> Stored<()> {
        match file_name::check(operation, name, || Disk::locate(name)) {
            Ok(()) => self.0.change(operation, Disk::locate(name), effect),
            Err(refused) => Box::pin(std::future::ready(Err(refused))),
        }
    }
}

impl Storage for FaultyStorage {
    fn locate(&self, name: &str) -> String {
        Disk::locate(name)
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.change("write", name, Effect::Put { name: name.to_owned(), bytes })
    }

    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.change("append to", name, Effect::Append { name: name.to_owned(), bytes })
    }

    fn sync(&self, name: &str) -> Stored<()> {
        self.change("sync", name, Effect::Sync { name: name.to_owned() })
    }

    fn rename(&self, from: &str, to: &str) -> Stored<()> {
        if let Err(refused) = file_name::check("rename", to, || Disk::locate(to)) {
            return Box::pin(std::future::ready(Err(refused)));
        }
        self.change("rename", from, Effect::Rename { from: from.to_owned(), to: to.to_owned() })
    }

    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>> {
        if let Err(refused) = file_name::check("read", name, || Disk::locate(name)) {
            return Box::pin(std::future::ready(Err(refused)));
        }
        let wanted = name.to_owned();
        self.0.look("read", Disk::locate(name), move |files| files.read(&wanted).cloned())
    }

    fn lengths(&self, prefix: &str) -> Stored<Vec<(String, u64)>> {
        let wanted = prefix.to_owned();
        self.0.look("list", Disk::locate(prefix), move |files| {
            let files = files.files().into_iter();
            let found =
                files.filter(|(name, _)| name.starts_with(&wanted) && !file_name::is_own(name));
            found.map(|(name, bytes)| (name, bytes.len() as u64)).collect()
        })
    }

    fn remove(&self, name: &str) -> Stored<()> {
        self.change("remove", name, Effect::Remove { name: name.to_owned() })
    }
}

fn failure(operation: &'static str, file: String, cause: &str) -> StorageError {
    StorageError { operation, file, cause: cause.to_owned(), kind: FailureKind::Transient }
}
