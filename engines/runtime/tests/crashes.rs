//! What a disk that fails by seed still promises.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use dataflow::job::runtime::{Runtime, sleep_until};
use dataflow::job::storage::{Storage, StorageError, Stored};
use proptest::prelude::*;
use runtime::{FaultyStorage, StorageCounts, StorageFaults, VirtualOptions, VirtualTime};

/// A disk with a clock, and the runtime that gives it.
fn disk(faults: StorageFaults) -> (Arc<VirtualTime>, Arc<FaultyStorage>) {
    let storage = FaultyStorage::new(faults);
    let options = VirtualOptions { seed: faults.seed, ..VirtualOptions::default() };
    let time = VirtualTime::with_storage(options, storage.clone());
    let runtime: Arc<dyn Runtime> = time.clone();
    storage.attach(&runtime, time.faults());
    (time, storage)
}

fn run(time: &VirtualTime, main: impl Future<Output = ()> + Send + 'static) {
    time.block_on(Box::pin(main)).expect("no deadlock");
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    Remove(u8),
    Append(u8, usize),
    Sync(u8),
}

#[derive(Clone, Copy, Debug)]
enum Patience {
    Waits,
    Drops,
    /// In flight when the disk crashes.
    Holds,
}

fn steps() -> impl Strategy<Value = Vec<(Step, Patience)>> {
    let step = prop_oneof![
        3 => (0..2_u8).prop_map(Step::Put),
        1 => (0..2_u8).prop_map(Step::Remove),
        4 => ((0..2_u8), (1..9_usize)).prop_map(|(file, bytes)| Step::Append(file, bytes)),
        2 => (0..2_u8).prop_map(Step::Sync),
    ];
    let patience = prop_oneof![
        6 => Just(Patience::Waits),
        1 => Just(Patience::Drops),
        1 => Just(Patience::Holds),
    ];
    prop::collection::vec((step, patience), 1..40)
}

/// Polls once. `None` while it is slow.
fn begin(operation: &mut Stored<()>) -> Option<Result<(), StorageError>> {
    match operation.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

/// What may be found after a crash.
#[derive(Default)]
struct Expected {
    /// Of files that are put: any of these, the last being what was there for sure.
    put: BTreeMap<String, Vec<Option<Vec<u8>>>>,
    /// Of files that are appended to: this much at the least.
    synced: BTreeMap<String, Vec<u8>>,
    /// And bytes that appends in flight may add.
    in_flight: BTreeMap<String, Vec<Vec<u8>>>,
}

async fn live(
    storage: Arc<FaultyStorage>,
    steps: Vec<(Step, Patience)>,
) -> (Expected, Vec<Stored<()>>) {
    let mut expected = Expected::default();
    let mut held: Vec<Stored<()>> = Vec::new();
    let mut held_puts: Vec<(String, Option<Vec<u8>>)> = Vec::new();
    for (number, (step, patience)) in steps.into_iter().enumerate() {
        let (name, mut operation) = match &step {
            Step::Put(file) => {
                let name = format!("put/{file}");
                (name.clone(), storage.put(&name, format!("version {number}").into()))
            }
            Step::Remove(file) => (format!("put/{file}"), storage.remove(&format!("put/{file}"))),
            Step::Append(file, bytes) => {
                let name = format!("log/{file}");
                (name.clone(), storage.append(&name, vec![number as u8; *bytes]))
            }
            Step::Sync(file) => (format!("log/{file}"), storage.sync(&format!("log/{file}"))),
        };
        let outcome = match begin(&mut operation) {
            Some(result) => Some(result),
            None => match patience {
                Patience::Waits => Some(operation.await),
                Patience::Drops => {
                    drop(operation);
                    None
                }
                Patience::Holds => {
                    held.push(operation);
                    if let Step::Append(_, bytes) = step {
                        let bytes = vec![number as u8; bytes];
                        expected.in_flight.entry(name.clone()).or_default().push(bytes);
                    }
                    None
                }
            },
        };
        let done = matches!(outcome, Some(Ok(())));
        match step {
            Step::Put(_) | Step::Remove(_) => {
                let version =
                    matches!(step, Step::Put(_)).then(|| format!("version {number}").into_bytes());
                if matches!(patience, Patience::Holds) && outcome.is_none() {
                    held_puts.push((name.clone(), version.clone()));
                }
                let versions = expected.put.entry(name).or_insert_with(|| vec![None]);
                if done {
                    versions.clear();
                }
                versions.push(version);
            }
            Step::Sync(_) if done => {
                let found = storage.files().remove(&name).unwrap_or_default();
                expected.synced.insert(name, found);
            }
            Step::Append(..) | Step::Sync(_) => {}
        }
    }
    for (name, version) in held_puts {
        expected.put.entry(name).or_default().push(version);
    }
    (expected, held)
}

fn faults(seed: u64) -> StorageFaults {
    StorageFaults { seed, slow: 0.4, full: 0.1, failing: 0.1, torn: 0.1, ..Default::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_crash_leaves_what_was_ready_and_invents_nothing(seed: u64, steps in steps()) {
        let (time, storage) = disk(faults(seed));
        let inner = Arc::clone(&storage);
        run(&time, async move {
            let (expected, held) = live(Arc::clone(&inner), steps).await;
            let before = inner.files();
            inner.crash();
            let found = inner.files();
            for (name, versions) in &expected.put {
                let version = found.get(name).cloned();
                assert!(versions.contains(&version), "{name}: {version:?} of {versions:?}");
            }
            for name in ["log/0", "log/1"] {
                let bytes = found.get(name).cloned().unwrap_or_default();
                let synced = expected.synced.get(name).cloned().unwrap_or_default();
                assert!(bytes.starts_with(&synced), "{name}: {bytes:?} lacks {synced:?}");
                if expected.synced.get(name).is_some_and(|synced| !synced.is_empty()) {
                    assert!(found.contains_key(name));
                }
                let written = before.get(name).cloned().unwrap_or_default();
                let common = bytes.len().min(written.len());
                assert_eq!(&bytes[..common], &written[..common], "{}", name);
                let rest: usize = expected.in_flight.get(name).into_iter().flatten().map(Vec::len).sum();
                assert!(bytes.len() <= written.len() + rest, "{name}: bytes from nowhere");
            }
            for name in found.keys() {
                let known = name.contains(".unfinished/") || name.starts_with("put/") || before.contains_key(name)
                    || expected.in_flight.contains_key(name);
                assert!(known, "{name} from nowhere");
            }
            // Found once, found for ever.
            inner.crash();
            assert_eq!(inner.files(), found);
            let listed = loop {
                if let Ok(names) = inner.list("").await { break names }
            };
            assert!(listed.iter().all(|name| !name.contains(".unfinished/")));
            for operation in held {
                let error = operation.await.expect_err("its process has died");
                assert!(error.cause.contains("has died"), "{error}");
            }
            assert_eq!(inner.files(), found, "what was in flight does not land any more");
        });
    }

    #[test]
    fn the_same_seed_makes_the_same_faults(seed: u64, steps in steps()) {
        let outcome = |steps: Vec<_>| {
            let (time, storage) = disk(faults(seed));
            let inner = Arc::clone(&storage);
            run(&time, async move {
                let (_, held) = live(Arc::clone(&inner), steps).await;
                inner.crash();
                drop(held);
            });
            (storage.files(), storage.counts(), time.now())
        };
        prop_assert_eq!(outcome(steps.clone()), outcome(steps));
    }
}

/// One run per seed, and what all of them have counted.
fn over_seeds(faults: StorageFaults, mut look: impl FnMut(&FaultyStorage)) -> StorageCounts {
    let mut sum = StorageCounts::default();
    for seed in 0..200 {
        let (time, storage) = disk(StorageFaults { seed, ..faults });
        let inner = Arc::clone(&storage);
        run(&time, async move {
            inner.put("a/metadata", b"old".to_vec()).await.ok();
            inner.put("a/metadata", b"new".to_vec()).await.ok();
            inner.append("a/log", b"synced".to_vec()).await.ok();
            inner.sync("a/log").await.ok();
            inner.append("a/log", b" and not".to_vec()).await.ok();
            inner.append("a/never", b"never synced".to_vec()).await.ok();
            inner.append("a/staged", b"never synced".to_vec()).await.ok();
            inner.rename("a/staged", "a/renamed").await.ok();
            inner.crash();
        });
        look(&storage);
        let counts = storage.counts();
        sum.slow += counts.slow;
        sum.full += counts.full;
        sum.failing += counts.failing;
        sum.torn += counts.torn;
        sum.lost_sync += counts.lost_sync;
        sum.damaged_files += counts.damaged_files;
    }
    sum
}

#[test]
fn without_faults_a_crash_takes_only_what_was_not_synced() {
    let (mut cut, mut whole, mut none, mut empty) = (0, 0, 0, 0);
    let counts = over_seeds(StorageFaults::default(), |storage| {
        let files = storage.files();
        assert_eq!(files["a/metadata"], b"new");
        assert!(files["a/log"].starts_with(b"synced"));
        assert!(b"synced and not".starts_with(&files["a/log"]));
        cut += u32::from(files["a/log"].len() < 14);
        whole += u32::from(files["a/log"].len() == 14);
        none += u32::from(!files.contains_key("a/never"));
        assert!(!files.contains_key("a/staged"));
        // Renamed durably, but its bytes were never synced.
        empty += u32::from(files["a/renamed"].len() < 12);
    });
    assert!(cut > 100 && whole > 5 && none > 50 && empty > 100, "{cut} {whole} {none} {empty}");
    assert!(counts.damaged_files > 200);
    let faults = (counts.slow, counts.full, counts.failing, counts.torn, counts.lost_sync);
    assert_eq!(faults, (0, 0, 0, 0, 0));
}

#[test]
fn a_lost_sync_comes_to_light_in_a_crash() {
    let faults = StorageFaults { lost_sync: 1.0, ..StorageFaults::default() };
    let (mut missing, mut torn) = (0, 0);
    let counts = over_seeds(faults, |storage| match storage.files().get("a/metadata") {
        None => missing += 1,
        Some(bytes) if *bytes != b"new" => torn += 1,
        Some(_) => panic!("the new file is durable"),
    });
    assert!(missing > 20 && torn > 20, "{missing} {torn}");
    assert_eq!(counts.lost_sync, 3 * 200);
}

#[test]
fn a_lost_put_can_bring_the_old_file_back() {
    let mut old = 0;
    for seed in 0..50 {
        // Not the first put, but some later one.
        let (time, storage) = disk(StorageFaults { seed, lost_sync: 0.5, ..Default::default() });
        let inner = Arc::clone(&storage);
        run(&time, async move {
            assert_eq!(inner.put("file", b"old".to_vec()).await, Ok(()));
            assert_eq!(inner.put("file", b"new".to_vec()).await, Ok(()));
            assert_eq!(inner.read("file").await, Ok(Some(b"new".to_vec())), "not before it");
            inner.crash();
        });
        old += u32::from(storage.files().get("file").is_some_and(|bytes| bytes == b"old"));
    }
    assert!(old > 3, "{old}");
}

#[test]
fn failures_are_counted_reported_and_come_to_an_end() {
    let faults = StorageFaults { full: 1.0, most_failures: 3, ..StorageFaults::default() };
    let (time, storage) = disk(faults);
    let inner = Arc::clone(&storage);
    run(&time, async move {
        for _ in 0..3 {
            let error = inner.put("file", b"1".to_vec()).await.unwrap_err();
            assert!(error.to_string().contains("cannot write faulty:file: no space left"));
            assert_eq!(inner.read("file").await, Ok(None));
        }
        assert_eq!(inner.put("file", b"1".to_vec()).await, Ok(()));
    });
    assert_eq!(storage.counts(), StorageCounts { full: 3, ..StorageCounts::default() });

    let faults = StorageFaults { failing: 0.5, torn: 0.5, slow: 0.5, ..faults };
    let counts = over_seeds(StorageFaults { full: 0.3, ..faults }, |_| ());
    let StorageCounts { slow, full, failing, torn, .. } = counts;
    assert!(slow > 500 && full > 50 && failing > 50 && torn > 50, "{counts:?}");
}

#[test]
fn a_torn_put_harms_no_file_and_a_torn_append_leaves_a_prefix() {
    let faults = StorageFaults { torn: 1.0, ..StorageFaults::default() };
    let mut lengths = [0; 5];
    for seed in 0..100 {
        let (time, storage) = disk(StorageFaults { seed, ..faults });
        let inner = Arc::clone(&storage);
        run(&time, async move {
            assert!(inner.put("a/file", b"whole".to_vec()).await.is_err());
            assert_eq!(inner.read("a/file").await, Ok(None));
            assert_eq!(inner.list("").await, Ok(Vec::new()));
            assert!(inner.append("log", b"four".to_vec()).await.is_err());
        });
        let files = storage.files();
        assert!(b"whole".starts_with(&files[".unfinished/1"]));
        assert!(b"four".starts_with(&files["log"]));
        lengths[files["log"].len()] += 1;
    }
    assert!(lengths.iter().all(|&count| count > 5), "{lengths:?}");
}

#[test]
fn slow_operations_take_virtual_time() {
    let faults = StorageFaults { slow: 1.0, slowest_nanos: 1_000, ..StorageFaults::default() };
    let (time, storage) = disk(faults);
    let (inner, clock) = (Arc::clone(&storage), Arc::clone(&time));
    run(&time, async move {
        for _ in 0..10 {
            let before = clock.now();
            assert_eq!(inner.append("log", b"1".to_vec()).await, Ok(()));
            assert!((1..=1_000).contains(&clock.now().since(before)));
        }
        sleep_until(&*clock, clock.now().after(1)).await;
        assert_eq!(inner.read("log").await, Ok(Some(vec![b'1'; 10])));
    });
    assert_eq!(storage.counts().slow, 11);
}
