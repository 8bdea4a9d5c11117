//! Planned faults strike at their instant or operation, once, and the same victims every time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dataflow::job::runtime::{Home, Role, Runtime, sleep_until, yield_now};
use dataflow::record::time::ProcessingTime;
use runtime::{
    Fault, FaultyStorage, Operation, StorageFaults, Trigger, Victim, VirtualOptions, VirtualTime,
    When,
};

use crate::fixture::{Alive, MILLI, Machine, machines, on_all};

#[test]
fn a_planned_instant_is_kept() {
    on_all(|machine| async move {
        let at = machine.runtime.now().after(3 * MILLI);
        machine.faults.plan(Trigger::At(at), Fault::Kill(Victim::Subtask));
        let subtasks = machine.start(Role::Subtask, 2);
        machine.until(&subtasks, 1).await;
        let struck = machine.faults.struck().remove(0).at;
        assert!(struck >= at, "{struck:?}");
        assert!(machine.runtime.clock() == "wall" || struck == at, "{struck:?}");
    });
}

/// Starts a task that puts `out/1`, `out/2` and `out/3` and counts what it learns of.
fn writer(machine: &Machine, role: Role) -> (Alive, Arc<AtomicUsize>) {
    let (alive, learned) = (Alive::default(), Arc::new(AtomicUsize::new(0)));
    let (storage, held, count) =
        (machine.runtime.storage(), Arc::clone(&alive.0), Arc::clone(&learned));
    let task = async move {
        for name in ["out/1", "out/2", "out/3"] {
            storage.put(name, Vec::new()).await.expect("memory does not fail");
            count.fetch_add(1, Ordering::SeqCst);
        }
        drop(held);
    };
    machine.runtime.spawn_as(Home(0), role, Box::pin(task));
    (alive, learned)
}

fn at_put(nth: u64, when: When) -> Trigger {
    Trigger::Storage { prefix: "out/".to_owned(), operation: Operation::Put, nth, when }
}

#[test]
fn a_task_is_killed_before_or_after_its_operation() {
    for (when, written) in [(When::Before, 1), (When::After, 2)] {
        on_all(move |machine| async move {
            let storage = machine.runtime.storage();
            machine.faults.plan(at_put(2, when), Fault::Kill(Victim::Subtask));
            // A put of another name, and another operation, do not count.
            storage.put("other", Vec::new()).await.expect("memory does not fail");
            storage.append("out/0", Vec::new()).await.expect("memory does not fail");
            let others = machine.start(Role::Subtask, 30);
            let (alive, learned) = writer(&machine, Role::Subtask);
            machine.until(&alive, 0).await;
            assert_eq!(others.count(), 30, "it strikes whoever performs the operation");
            assert_eq!(learned.load(Ordering::SeqCst), 1, "{when:?}");
            let names = storage.list("out/").await.expect("memory does not fail");
            assert_eq!(names.len(), 1 + written, "{when:?}: {names:?}");
            // It strikes once.
            let (alive, learned) = writer(&machine, Role::Subtask);
            machine.until(&alive, 0).await;
            assert_eq!(learned.load(Ordering::SeqCst), 3);
        });
    }
}

#[test]
fn who_performs_an_operation_and_is_no_such_victim_goes_on() {
    for when in [When::Before, When::After] {
        on_all(move |machine| async move {
            machine.faults.plan(at_put(1, when), Fault::Kill(Victim::Subtask));
            let subtasks = machine.start(Role::Subtask, 5);
            let (alive, learned) = writer(&machine, Role::Driver);
            machine.until(&alive, 0).await;
            machine.until(&subtasks, 4).await;
            assert_eq!(learned.load(Ordering::SeqCst), 3);
        });
    }
}

#[test]
fn every_operation_can_be_the_trigger() {
    on_all(|machine| async move {
        use Operation::{Append, Put, Remove, Rename, Sync};
        let storage = machine.runtime.storage();
        for (operation, prefix) in
            [(Put, "a"), (Append, "a"), (Sync, "a"), (Rename, "a"), (Rename, "b"), (Remove, "b")]
        {
            let prefix = prefix.to_owned();
            let trigger = Trigger::Storage { prefix, operation, nth: 1, when: When::After };
            machine.faults.plan(trigger, Fault::Kill(Victim::Task));
        }
        let mut struck = Vec::new();
        storage.put("a", Vec::new()).await.expect("memory does not fail");
        struck.push(machine.struck().len());
        storage.append("a", Vec::new()).await.expect("memory does not fail");
        struck.push(machine.struck().len());
        storage.sync("a").await.expect("memory does not fail");
        struck.push(machine.struck().len());
        storage.rename("a", "b").await.expect("memory does not fail");
        struck.push(machine.struck().len());
        storage.read("b").await.expect("memory does not fail");
        storage.remove("b").await.expect("memory does not fail");
        struck.push(machine.struck().len());
        assert_eq!(struck, [1, 2, 3, 5, 6]);
    });
}

#[test]
fn with_its_process_dies_what_was_not_durable() {
    let mut shorter = 0;
    for seed in 0..20 {
        let faults = StorageFaults { seed, ..StorageFaults::default() };
        let disks = Mutex::new(Vec::new());
        let machines = machines(seed, || {
            let disk = FaultyStorage::new(faults);
            disks.lock().expect("no panic").push(Arc::clone(&disk));
            disk
        });
        for (machine, disk) in machines.into_iter().zip(disks.into_inner().expect("no panic")) {
            disk.attach(&machine.runtime, &machine.faults);
            let runtime = Arc::clone(&machine.runtime);
            let seen = Arc::new(Mutex::new(None));
            let found = Arc::clone(&seen);
            let main = async move {
                let storage = machine.runtime.storage();
                let trigger = Trigger::Storage {
                    prefix: "log".to_owned(),
                    operation: Operation::Append,
                    nth: 2,
                    when: When::After,
                };
                machine.faults.plan(trigger, Fault::Kill(Victim::Driver));
                let alive = machine.start(Role::Subtask, 3);
                let (held, inner) = (Arc::clone(&alive.0), Arc::clone(&storage));
                let driver = async move {
                    inner.append("log", b"synced".to_vec()).await.expect("no faults");
                    inner.sync("log").await.expect("no faults");
                    inner.append("log", b" and not".to_vec()).await.expect("no faults");
                    drop(held);
                    panic!("it does not learn of that");
                };
                machine.runtime.spawn_as(Home(0), Role::Driver, Box::pin(driver));
                while machine.struck().is_empty() {
                    yield_now().await;
                }
                // Begun while others are dying, it waits for the crash.
                let bytes = storage.read("log").await.expect("no faults").expect("it was synced");
                assert_eq!(alive.count(), 0, "{}", machine.runtime.clock());
                assert!(bytes.starts_with(b"synced") && b"synced and not".starts_with(&bytes));
                *found.lock().expect("no panic") = Some(bytes.len());
            };
            runtime.block_on(Box::pin(main)).expect("no deadlock");
            assert_eq!(disk.counts().crashes, 1);
            let length = seen.lock().expect("no panic").expect("the main task has ended");
            shorter += usize::from(length < "synced and not".len());
        }
    }
    assert!(shorter > 20, "{shorter} of 60");
}

/// Kills three of ten subtasks, one of them at a storage operation.
fn traced(seed: u64) -> String {
    let time = VirtualTime::new(VirtualOptions { seed, tracing: true, ..Default::default() });
    time.faults().plan(Trigger::At(ProcessingTime(100)), Fault::Kill(Victim::Subtask));
    time.faults().plan(Trigger::At(ProcessingTime(200)), Fault::Kill(Victim::Executor));
    time.faults().plan(at_put(1, When::After), Fault::Kill(Victim::Subtask));
    let machine = Machine { faults: Arc::clone(time.faults()), runtime: time.clone() };
    let main = async move {
        let subtasks = machine.start(Role::Subtask, 10);
        sleep_until(&*machine.runtime, ProcessingTime(300)).await;
        let storage = machine.runtime.storage();
        storage.put("out/1", Vec::new()).await.expect("memory does not fail");
        machine.until(&subtasks, 7).await;
    };
    time.block_on(Box::pin(main)).expect("no deadlock");
    time.take_trace()
}

#[test]
fn the_same_seed_chooses_the_same_victims() {
    let trace = traced(1);
    let lines: Vec<&str> = trace.lines().collect();
    assert!(lines[0].starts_with("100 fault kill subtask on home "), "{trace}");
    assert!(lines[1].starts_with("200 fault kill executor on home "), "{trace}");
    assert!(lines[2].starts_with("300 fault kill subtask on home "), "{trace}");
    assert_eq!(trace, traced(1));
    let different: std::collections::BTreeSet<String> = (0..20).map(traced).collect();
    assert!(different.len() > 15, "{}", different.len());
}
