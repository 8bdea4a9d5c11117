//! Messages that are lost or late, and tasks that are slow.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dataflow::job::runtime::{CostKind, Home, Role, Runtime, Work, sleep_until, yield_now};
use dataflow::record::time::ProcessingTime;
use runtime::{
    CostTable, Fate, Fault, Message, Place, Victim, VirtualOptions, VirtualTime, WallClock,
    WallOptions,
};

use crate::fixture::{MILLI, Machine, on_all};

#[test]
fn messages_are_lost_or_late_as_planned() {
    on_all(|machine| async move {
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let message = |name: &str, nth, fate| Message { name: name.to_owned(), nth, fate };
        machine.faults.plan_message(message("trigger", 2, Fate::Lost));
        machine.faults.plan_message(message("trigger", 3, Fate::Late(50 * MILLI)));
        machine.faults.plan_message(message("acknowledge", 1, Fate::Lost));
        let start = machine.runtime.now();
        for number in 1..=4 {
            let (arrived, runtime) = (Arc::clone(&arrived), Arc::clone(&machine.runtime));
            let action = move || arrived.lock().expect("no panic").push((number, runtime.now()));
            machine.runtime.deliver("trigger", Box::new(action));
        }
        let held = Arc::new(());
        let lost = Arc::clone(&held);
        machine.runtime.deliver("acknowledge", Box::new(move || drop(lost)));
        assert_eq!(Arc::strong_count(&held), 1, "what a lost message owns is dropped");
        let numbers = || -> Vec<u64> {
            arrived.lock().expect("no panic").iter().map(|(number, _)| *number).collect()
        };
        assert!(numbers().starts_with(&[1, 4]), "the others arrive at once");
        while numbers().len() < 3 {
            machine.pause(MILLI).await;
        }
        machine.pause(MILLI).await;
        assert_eq!(numbers(), [1, 4, 3]);
        let late = arrived.lock().expect("no panic")[2].1;
        assert!(late >= start.after(50 * MILLI));
        assert!(machine.runtime.clock() == "wall" || late == start.after(50 * MILLI));
        let struck = machine.struck();
        assert_eq!(struck[0], "lose message 2 `trigger`");
        assert_eq!(struck[1], "delay message 3 `trigger` by 50000000 ns");
        assert_eq!(struck[2], "lose message 1 `acknowledge`");
    });
}

#[test]
fn a_slow_task_reserves_later_in_virtual_time() {
    let costs = CostTable::FREE.with(CostKind::Record, 1.0, Place::Core);
    let time = VirtualTime::new(VirtualOptions { costs, ..VirtualOptions::default() });
    let booked = Arc::new(Mutex::new(Vec::new()));
    let (inner, log) = (Arc::clone(&time), Arc::clone(&booked));
    let main = async move {
        for home in 0..4 {
            let (time, log) = (Arc::clone(&inner), Arc::clone(&log));
            let subtask = async move {
                sleep_until(&*time, ProcessingTime(100)).await;
                let at = time.reserve(Home(home), Work { records: 10, ..Work::default() });
                log.lock().expect("no panic").push(at.expect("virtual time books").0);
            };
            inner.spawn_as(Home(home), Role::Subtask, Box::pin(subtask));
        }
        yield_now().await;
        inner.faults().strike(Fault::Slow { role: Role::Subtask, nanos: 1_000 });
        sleep_until(&*inner, ProcessingTime(1_000)).await;
        let own = inner.reserve(Home(0), Work::default());
        assert_eq!(own, Some(ProcessingTime(1_000)), "the main task is not slow");
    };
    time.block_on(Box::pin(main)).expect("no deadlock");
    let booked = booked.lock().expect("no panic");
    let in_time = booked.iter().zip([110, 120, 130, 140]).filter(|(at, due)| *at == due).count();
    let late = booked.iter().zip([1_110, 1_120, 1_130, 1_140]).filter(|(at, due)| *at == due);
    assert_eq!((in_time, late.count()), (3, 1), "{booked:?}");
}

#[test]
fn a_slow_task_has_its_turns_later_on_the_wall_clock() {
    let clock = WallClock::new(WallOptions { seed: 3, worker_threads: 2 }).expect("threads start");
    let machine = Machine { faults: Arc::clone(clock.faults()), runtime: clock };
    let inner = machine.clone();
    let main = async move {
        let turns: Vec<_> = (0..3).map(|_| Arc::new(AtomicUsize::new(0))).collect();
        for turn in &turns {
            let (turn, machine) = (Arc::clone(turn), inner.clone());
            let subtask = async move {
                loop {
                    machine.pause(100_000).await;
                    turn.fetch_add(1, Ordering::SeqCst);
                }
            };
            inner.runtime.spawn_as(Home(0), Role::Subtask, Box::pin(subtask));
        }
        inner.pause(2 * MILLI).await;
        inner.faults.strike(Fault::Slow { role: Role::Subtask, nanos: 20 * MILLI });
        let counts =
            || -> Vec<usize> { turns.iter().map(|turn| turn.load(Ordering::SeqCst)).collect() };
        inner.pause(2 * MILLI).await;
        let (begun, before) = (inner.runtime.now(), counts());
        inner.pause(100 * MILLI).await;
        let mut gained: Vec<usize> =
            counts().iter().zip(before).map(|(now, before)| now - before).collect();
        let most = inner.runtime.now().since(begun) / (20 * MILLI) + 1;
        gained.sort_unstable();
        assert!((1..=most as usize).contains(&gained[0]), "{gained:?}, at most {most}");
        assert!(gained[1] > 2 * gained[0], "{gained:?}");
        // A slow task can still be killed.
        for _ in 0..3 {
            inner.faults.strike(Fault::Kill(Victim::Subtask));
        }
        while Arc::strong_count(&turns[0]) + Arc::strong_count(&turns[1]) > 2 {
            inner.pause(MILLI).await;
        }
    };
    let runtime = Arc::clone(&machine.runtime);
    runtime.block_on(Box::pin(main)).expect("no deadlock");
}
