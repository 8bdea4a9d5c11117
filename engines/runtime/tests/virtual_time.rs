//! What only virtual time promises: exact instants, booked cores, deadlocks found, equal traces.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use dataflow::job::runtime::{CostKind, Deadlock, Home, Runtime, Work, sleep_until, yield_now};
use dataflow::record::time::ProcessingTime;
use proptest::prelude::*;
use runtime::{CostTable, Place, VirtualOptions, VirtualTime};

fn machine(nodes: u32, cores_per_node: u32, costs: CostTable) -> Arc<VirtualTime> {
    VirtualTime::new(VirtualOptions { seed: 7, nodes, cores_per_node, costs, tracing: true })
}

/// Prices of a record, a buffer and a task, in nanoseconds.
fn costs(record: f64, buffer: f64, task: f64) -> CostTable {
    CostTable::FREE
        .with(CostKind::Record, record, Place::Core)
        .with(CostKind::Buffer, buffer, Place::Core)
        .with(CostKind::Task, task, Place::Core)
}

fn idle() -> Arc<VirtualTime> {
    machine(1, 1, CostTable::FREE)
}

async fn wait(count: &AtomicU32) {
    std::future::poll_fn(|_| match count.load(Ordering::Relaxed) {
        0 => Poll::Ready(()),
        _ => Poll::Pending,
    })
    .await;
}

#[test]
fn sleeps_take_exactly_their_time() {
    let time = idle();
    let inner = Arc::clone(&time);
    let main = async move {
        for at in [1, 2, 1_000, 1_000, 86_400_000_000_000] {
            sleep_until(&*inner, ProcessingTime(at)).await;
            assert_eq!(inner.now(), ProcessingTime(at));
        }
        sleep_until(&*inner, ProcessingTime(5)).await;
        assert_eq!(inner.now(), ProcessingTime(86_400_000_000_000), "time never goes back");
    };
    time.block_on(Box::pin(main)).expect("no deadlock");
}

#[test]
fn the_clock_waits_for_ready_tasks() {
    let time = idle();
    let inner = Arc::clone(&time);
    let main = async move {
        let sleeper = Arc::clone(&inner);
        let sleep = async move { sleep_until(&*sleeper, ProcessingTime(1)).await };
        inner.spawn(Home(0), Box::pin(sleep));
        for _ in 0..1_000 {
            yield_now().await;
            assert_eq!(inner.now(), ProcessingTime::ZERO);
        }
    };
    time.block_on(Box::pin(main)).expect("no deadlock");
}

#[test]
fn disarmed_moved_and_dropped_timers_do_not_move_the_clock() {
    let time = idle();
    let inner = Arc::clone(&time);
    let main = async move {
        let mut timers: Vec<_> = (0..4).map(|_| inner.timer()).collect();
        std::future::poll_fn(|context| {
            for (timer, at) in timers.iter_mut().zip(10..) {
                timer.arm(ProcessingTime(at));
                assert!(timer.poll_due(context).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        timers[0].disarm();
        drop(timers.remove(1));
        timers[1].arm(ProcessingTime(100));
        timers[2].arm(ProcessingTime(5));
        let mut turns = Vec::new();
        std::future::poll_fn(|context| {
            turns.push(inner.now().0);
            timers[1].poll_due(context)
        })
        .await;
        assert_eq!(turns, [0, 5, 100]);
    };
    time.block_on(Box::pin(main)).expect("no deadlock");
    assert_eq!(time.now(), ProcessingTime(100));
}

/// When the last of `tasks` tasks is done, each of `records` records, all started at zero.
fn makespan(time: &Arc<VirtualTime>, tasks: u32, records: u64) -> ProcessingTime {
    let inner = Arc::clone(time);
    let left = Arc::new(AtomicU32::new(tasks));
    let done = Arc::new(AtomicU64::new(0));
    let last = Arc::clone(&done);
    let main = async move {
        for home in 0..tasks {
            let (time, left, done) = (Arc::clone(&inner), Arc::clone(&left), Arc::clone(&last));
            let task = async move {
                let work = Work { records, ..Work::default() };
                let at = time.reserve(Home(home), work).expect("virtual time books work");
                sleep_until(&*time, at).await;
                assert_eq!(time.now(), at);
                done.fetch_max(at.0, Ordering::Relaxed);
                left.fetch_sub(1, Ordering::Relaxed);
            };
            inner.spawn(Home(home), Box::pin(task));
        }
        while left.load(Ordering::Relaxed) > 0 {
            sleep_until(&*inner, inner.now().after(1)).await;
        }
    };
    time.block_on(Box::pin(main)).expect("no deadlock");
    ProcessingTime(done.load(Ordering::Relaxed))
}

#[test]
fn work_shares_the_cores_exactly() {
    let costs = CostTable::FREE.with(CostKind::Record, 100.0, Place::Core);
    for (nodes, cores, end) in [(1, 1, 400_000), (1, 2, 200_000), (1, 4, 100_000), (4, 1, 100_000)]
    {
        let time = machine(nodes, cores, costs);
        assert_eq!(makespan(&time, 400, 10), ProcessingTime(end), "{nodes} x {cores}");
    }
    assert_eq!(makespan(&machine(1, 4, costs), 401, 10), ProcessingTime(101_000));
    assert_eq!(makespan(&machine(2, 1, costs), 3, 10), ProcessingTime(2_000));
}

#[test]
fn every_unit_of_work_has_its_cost() {
    let time = machine(1, 1, costs(1.0, 100.0, 10_000.0));
    let work = Work { records: 7, buffers: 2, tasks: 1, ..Work::NONE };
    assert_eq!(time.reserve(Home(0), work), Some(ProcessingTime(10_207)));
    assert_eq!(time.now(), ProcessingTime::ZERO, "booking takes no time");
}

#[test]
fn a_deadlock_is_reported_with_its_tasks() {
    let time = idle();
    let inner = Arc::clone(&time);
    let main = async move {
        for _ in 0..3 {
            inner.spawn(Home(0), Box::pin(std::future::pending()));
        }
        inner.spawn(Home(0), Box::pin(async {}));
        let other = Arc::clone(&inner);
        inner
            .spawn(Home(0), Box::pin(async move { sleep_until(&*other, ProcessingTime(9)).await }));
        wait(&AtomicU32::new(1)).await;
    };
    assert_eq!(time.block_on(Box::pin(main)), Err(Deadlock { waiting_tasks: 4 }));
    assert_eq!(time.now(), ProcessingTime(9));
    assert_eq!(Arc::strong_count(&time), 1, "its tasks are gone");
}

#[test]
fn a_timer_for_the_end_of_time_is_a_deadlock() {
    let time = idle();
    let inner = Arc::clone(&time);
    let main = async move { sleep_until(&*inner, ProcessingTime::MAX).await };
    assert_eq!(time.block_on(Box::pin(main)), Err(Deadlock { waiting_tasks: 1 }));
    assert_eq!(time.now(), ProcessingTime::ZERO);
}

#[test]
fn a_wake_up_for_an_ended_task_reaches_no_other() {
    let time = idle();
    let turns = Arc::new(AtomicU32::new(0));
    let (inner, counted) = (Arc::clone(&time), Arc::clone(&turns));
    let main = async move {
        let ends_woken = async {
            std::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::Ready(())
            })
            .await;
        };
        inner.spawn(Home(0), Box::pin(ends_woken));
        yield_now().await;
        let counts = std::future::poll_fn(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Poll::Pending
        });
        inner.spawn(Home(0), Box::pin(counts));
        sleep_until(&*inner, ProcessingTime(1)).await;
    };
    time.block_on(Box::pin(main)).expect("no deadlock");
    assert_eq!(turns.load(Ordering::Relaxed), 1);
}

#[test]
#[should_panic(expected = "block_on is already running")]
fn it_does_not_nest() {
    let time = idle();
    let inner = Arc::clone(&time);
    let main = async move { inner.block_on(Box::pin(async {})).expect("not reached") };
    time.block_on(Box::pin(main)).expect("not reached");
}

#[test]
#[should_panic(expected = "at least one node")]
fn a_machine_has_nodes() {
    machine(0, 1, CostTable::FREE);
}

/// Ten workers that compute and sleep by their random streams.
fn traced(seed: u64) -> String {
    let costs = costs(50.0, 2_000.0, 20_000.0);
    let options = VirtualOptions { seed, nodes: 2, cores_per_node: 2, costs, tracing: true };
    let time = VirtualTime::new(options);
    let inner: Arc<dyn Runtime> = time.clone();
    let left = Arc::new(AtomicU32::new(10));
    let main = async move {
        for worker in 0..10 {
            let (time, left) = (Arc::clone(&inner), Arc::clone(&left));
            let task = async move {
                for round in 0..20 {
                    let draw = time.random(&format!("worker/{worker}/{round}"));
                    let work = Work { records: draw % 1_000, buffers: 1, ..Work::NONE };
                    if let Some(at) = time.reserve(Home(worker), work) {
                        sleep_until(&*time, at).await;
                    }
                    time.trace(format_args!("worker {worker} round {round}"));
                    sleep_until(&*time, time.now().after(draw % 7)).await;
                }
                left.fetch_sub(1, Ordering::Relaxed);
            };
            inner.spawn(Home(worker), Box::pin(task));
        }
        while left.load(Ordering::Relaxed) > 0 {
            sleep_until(&*inner, inner.now().after(1_000)).await;
        }
    };
    time.block_on(Box::pin(main)).expect("no deadlock");
    let trace = time.take_trace();
    assert_eq!(time.take_trace(), "");
    trace
}

#[test]
fn the_same_seed_makes_the_same_run() {
    let trace = traced(42);
    assert_eq!(trace.lines().count(), 200);
    assert_eq!(trace, traced(42));
    assert_ne!(trace, traced(43));
}

#[test]
fn a_trace_line_carries_the_time() {
    let time = idle();
    let inner = Arc::clone(&time);
    let main = async move {
        inner.trace(format_args!("start"));
        sleep_until(&*inner, ProcessingTime(1_500)).await;
        inner.trace(format_args!("{} of {}", 1, 2));
    };
    time.block_on(Box::pin(main)).expect("no deadlock");
    assert!(time.tracing());
    assert_eq!(time.take_trace(), "0 start\n1500 1 of 2\n");

    let silent = VirtualTime::new(VirtualOptions::default());
    silent.trace(format_args!("lost"));
    assert!(!silent.tracing());
    assert_eq!(silent.take_trace(), "");
}

proptest! {
    #[test]
    fn sleeps_end_by_time_and_then_by_arming(deadlines in prop::collection::vec(0..50_u64, 1..100)) {
        let time = idle();
        let ended = Arc::new(Mutex::new(Vec::new()));
        let (inner, log) = (Arc::clone(&time), Arc::clone(&ended));
        let tasks = deadlines.clone();
        let main = async move {
            for (i, at) in tasks.into_iter().enumerate() {
                let (time, log) = (Arc::clone(&inner), Arc::clone(&log));
                let sleeper = async move {
                    sleep_until(&*time, ProcessingTime(at)).await;
                    assert_eq!(time.now(), ProcessingTime(at));
                    log.lock().expect("no panic").push((at, i));
                };
                inner.spawn(Home(0), Box::pin(sleeper));
            }
            sleep_until(&*inner, ProcessingTime(50)).await;
        };
        time.block_on(Box::pin(main)).expect("no deadlock");
        let mut expected: Vec<_> = deadlines.into_iter().zip(0..).collect();
        expected.sort_unstable();
        prop_assert_eq!(&*ended.lock().expect("no panic"), &expected);
    }
}
