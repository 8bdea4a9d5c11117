//! Each kill drops its victims, whoever orders it.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use dataflow::job::runtime::{Home, Role, yield_now};
use runtime::{Fault, Victim};

use crate::fixture::{Alive, MILLI, on_all};

#[test]
fn each_kill_drops_its_victims_and_no_others() {
    on_all(|machine| async move {
        let subtasks = machine.start(Role::Subtask, 4);
        let tasks = machine.start(Role::Task, 3);
        let drivers = machine.start(Role::Driver, 1);
        let services = machine.start(Role::Service, 2);
        let counts = || [&subtasks, &tasks, &drivers, &services].map(Alive::count);
        machine.pause(MILLI).await;
        assert_eq!(counts(), [4, 3, 1, 2]);

        machine.faults.strike(Fault::Kill(Victim::Subtask));
        machine.until(&subtasks, 3).await;
        assert_eq!(counts(), [3, 3, 1, 2]);
        machine.faults.strike(Fault::Kill(Victim::Task));
        machine.until(&tasks, 2).await;
        assert_eq!(counts(), [3, 2, 1, 2]);

        let (hooks, then) = (Arc::new(AtomicUsize::new(0)), subtasks.clone());
        let (hook, faults) = (Arc::clone(&hooks), Arc::downgrade(&machine.faults));
        machine.faults.on_crash(move || {
            assert_eq!(then.count(), 1, "this one is the hook's");
            let faults = faults.upgrade().expect("the machine is there");
            let mut settled = pin!(faults.settled());
            let polled = settled.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending(), "a successor waits for the hooks");
            hook.fetch_add(1, Ordering::SeqCst);
        });
        machine.faults.strike(Fault::Kill(Victim::Driver));
        machine.faults.settled().await;
        assert_eq!(hooks.load(Ordering::SeqCst), 1);
        assert_eq!(counts(), [1, 0, 0, 0], "all but the hook's");

        let struck = machine.struck();
        assert!(struck[0].starts_with("kill subtask on home ") && struck[0].contains("of 4 alive"));
        assert!(struck[1].starts_with("kill task on home ") && struck[1].contains("of 3 alive"));
        let process = "with its process (3 subtask, 2 task, 1 driver, 2 service)";
        assert_eq!(struck[2], format!("kill driver on home 0 {process}"));
        // A successor starts as if nothing had been.
        let again = machine.start(Role::Subtask, 2);
        machine.until(&again, 2).await;
    });
}

#[test]
fn an_executor_is_all_workers_of_one_home() {
    on_all(|machine| async move {
        let homes: Vec<[Alive; 4]> = (0..3)
            .map(|home| {
                let roles = [Role::Subtask, Role::Task, Role::Driver, Role::Service];
                roles.map(|role| {
                    let alive = Alive::default();
                    for _ in 0..2 {
                        machine.runtime.spawn_as(Home(home), role, alive.wait_for_ever());
                    }
                    alive
                })
            })
            .collect();
        let counts = || -> Vec<[usize; 4]> {
            homes.iter().map(|home| home.each_ref().map(Alive::count)).collect()
        };
        for left in [2, 1, 0] {
            machine.faults.strike(Fault::Kill(Victim::Executor));
            while counts().iter().flatten().sum::<usize>() > 12 + 4 * left {
                machine.pause(MILLI).await;
            }
            machine.pause(2 * MILLI).await;
            let counts = counts();
            let whole = counts.iter().filter(|home| **home == [2, 2, 2, 2]).count();
            let struck = counts.iter().filter(|home| **home == [0, 0, 2, 2]).count();
            assert_eq!((whole, struck), (left, 3 - left), "{counts:?}");
        }
        machine.faults.strike(Fault::Kill(Victim::Executor));
        assert_eq!(machine.struck()[3], "kill executor: nobody to strike");
    });
}

#[test]
fn where_nobody_is_alive_nobody_is_struck_later() {
    on_all(|machine| async move {
        let hooks = Arc::new(AtomicUsize::new(0));
        let hook = Arc::clone(&hooks);
        machine.faults.on_crash(move || {
            hook.fetch_add(1, Ordering::SeqCst);
        });
        let services = machine.start(Role::Service, 2);
        for victim in [Victim::Subtask, Victim::Task, Victim::Executor, Victim::Driver] {
            machine.faults.strike(Fault::Kill(victim));
            let what = machine.struck().pop().expect("it is remembered");
            assert_eq!(what, format!("kill {victim}: nobody to strike"));
        }
        let subtasks = machine.start(Role::Subtask, 1);
        machine.until(&subtasks, 1).await;
        assert_eq!((services.count(), hooks.load(Ordering::SeqCst)), (2, 0));
    });
}

#[test]
fn a_kill_that_waits_strikes_the_first_victim_in_the_middle_of_its_work() {
    on_all(|machine| async move {
        let kill = Fault::Kill(Victim::Task);
        machine.faults.strike_or_wait(kill);
        let spared = machine.start(Role::Subtask, 2);
        machine.until(&spared, 2).await;
        machine.runtime.spawn_as(Home(0), Role::Task, Box::pin(async {}));
        machine.pause(2 * MILLI).await;
        assert_eq!(machine.faults.struck(), [], "that one had ended at the end of its turn");
        let first = machine.start(Role::Task, 1);
        machine.until(&first, 0).await;
        let next = machine.start(Role::Task, 1);
        machine.until(&next, 1).await;
        assert_eq!(machine.faults.struck().len(), 1);
        machine.faults.strike_or_wait(Fault::Kill(Victim::Subtask));
        machine.until(&spared, 1).await;
    });
}

#[test]
fn a_task_may_be_killed_in_its_own_turn() {
    on_all(|machine| async move {
        let steps = Arc::new(Mutex::new(Vec::new()));
        let child = Alive::default();
        let (inner, log, spawned) = (machine.clone(), Arc::clone(&steps), child.clone());
        let alive = Alive::default();
        let held = Arc::clone(&alive.0);
        let suicidal = async move {
            yield_now().await;
            inner.faults.strike(Fault::Kill(Victim::Subtask));
            log.lock().expect("no panic").push("the turn goes on");
            inner.runtime.spawn_as(Home(0), Role::Subtask, spawned.wait_for_ever());
            assert_eq!(spawned.count(), 1, "what a killed task starts is dropped");
            yield_now().await;
            log.lock().expect("no panic").push("and there is no other");
            drop(held);
        };
        machine.runtime.spawn_as(Home(0), Role::Subtask, Box::pin(suicidal));
        machine.until(&alive, 0).await;
        assert_eq!(*steps.lock().expect("no panic"), ["the turn goes on"]);
        assert_eq!(child.count(), 0);
    });
}

#[test]
fn a_killed_task_gets_no_other_turn() {
    on_all(|machine| async move {
        let (alive, turns) = (Alive::default(), Arc::new(AtomicUsize::new(0)));
        let (held, counted) = (Arc::clone(&alive.0), Arc::clone(&turns));
        let counts = async move {
            std::future::poll_fn::<(), _>(|_| {
                counted.fetch_add(1, Ordering::SeqCst);
                Poll::Pending
            })
            .await;
            drop(held);
        };
        machine.runtime.spawn_as(Home(0), Role::Task, Box::pin(counts));
        while turns.load(Ordering::SeqCst) == 0 {
            machine.pause(MILLI).await;
        }
        machine.faults.strike(Fault::Kill(Victim::Task));
        machine.until(&alive, 0).await;
        assert_eq!(turns.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn what_kills_itself_is_gone_before_the_next_turn_of_another() {
    on_all(|machine| async move {
        let alive = Alive::default();
        let (held, inner) = (Arc::clone(&alive.0), machine.clone());
        let found = Arc::new(Mutex::new(None));
        let (witness, seen) = (alive.clone(), Arc::clone(&found));
        let suicidal = async move {
            let witness = async move {
                // Its own handle beside that of the test.
                *seen.lock().expect("no panic") = Some(witness.count() - 1);
            };
            inner.runtime.spawn(Home(0), Box::pin(witness));
            inner.faults.strike(Fault::Kill(Victim::Subtask));
            std::future::pending::<()>().await;
            drop(held);
        };
        machine.runtime.spawn_as(Home(0), Role::Subtask, Box::pin(suicidal));
        machine.until(&alive, 0).await;
        let found = found.lock().expect("no panic").expect("the witness had its turn");
        assert!(found == 0 || machine.runtime.clock() == "wall", "{found}");
    });
}

#[test]
fn kills_from_everywhere_at_once_leave_nothing_behind() {
    on_all(|machine| async move {
        let alive = Alive::default();
        for round in 0..30_u32 {
            for home in 0..8 {
                let (inner, held) = (machine.clone(), Arc::clone(&alive.0));
                let busy = async move {
                    for turn in 0..50_u32 {
                        yield_now().await;
                        if turn == 20 && home == round % 8 {
                            inner.faults.strike(Fault::Kill(Victim::Executor));
                        }
                        inner.pause(u64::from(turn) * 1_000).await;
                    }
                    drop(held);
                };
                let role = if home % 2 == 0 { Role::Subtask } else { Role::Driver };
                machine.runtime.spawn_as(Home(home), role, Box::pin(busy));
            }
            if round % 3 == 0 {
                machine.pause(u64::from(round) * 10_000).await;
                machine.faults.strike(Fault::Kill(Victim::Driver));
                machine.faults.settled().await;
                assert_eq!(alive.count(), 0);
            } else {
                while alive.count() > 0 {
                    machine.pause(MILLI).await;
                }
            }
        }
    });
}
