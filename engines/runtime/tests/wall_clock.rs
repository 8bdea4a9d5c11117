//! What only the wall clock promises: worker threads, real time, and an end from anywhere.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use dataflow::job::runtime::{Home, Runtime, Work, sleep_until, yield_now};
use runtime::{WallClock, WallOptions};

fn wall(worker_threads: usize) -> Arc<WallClock> {
    WallClock::new(WallOptions { seed: 0, worker_threads }).expect("threads start")
}

#[test]
fn it_runs_tasks_on_its_workers_and_books_nothing() {
    let clock = wall(1);
    let inner = Arc::clone(&clock);
    let main = async move {
        assert_eq!(std::thread::current().name(), Some("streamgauge-worker"));
        assert_eq!(
            inner.reserve(Home(0), Work { records: 1, buffers: 1, tasks: 1, ..Work::NONE }),
            None
        );
        assert!(!inner.tracing());
        inner.trace(format_args!("nowhere"));
    };
    clock.block_on(Box::pin(main)).expect("no deadlock");
    assert_eq!(clock.clock(), "wall");
}

#[test]
fn zero_workers_are_refused() {
    let refused = WallClock::new(WallOptions { seed: 0, worker_threads: 0 });
    assert_eq!(refused.expect_err("no runtime").kind(), ErrorKind::InvalidInput);
}

#[test]
fn the_last_handle_may_be_dropped_inside_a_task() {
    let (outer, dropped) = (wall(1), wall(1));
    let main = async move {
        yield_now().await;
        drop(dropped);
    };
    outer.block_on(Box::pin(main)).expect("no deadlock");

    // Inside one of its own tasks, where the worker ends itself.
    let own = wall(1);
    let (started, wait_for_start) = mpsc::channel::<()>();
    let (told, wait_for_end) = mpsc::channel();
    let last = Arc::clone(&own);
    let task = async move {
        wait_for_start.recv().expect("the test lets go first");
        drop(last);
        told.send(()).expect("the test waits");
    };
    own.spawn(Home(0), Box::pin(task));
    drop(own);
    started.send(()).expect("the task waits");
    wait_for_end.recv().expect("the task went on");
}

#[test]
fn timers_outlive_the_clock_in_silence() {
    let clock = wall(1);
    let mut timer = clock.timer();
    drop(clock);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    timer.arm(dataflow::record::time::ProcessingTime(u64::MAX / 2));
    assert!(timer.poll_due(&mut context).is_pending());
    timer.disarm();
}

#[test]
fn many_sleepers_on_busy_workers_all_wake() {
    const SLEEPERS: usize = 200;
    let clock = wall(2);
    let inner = Arc::clone(&clock);
    let main = async move {
        let ended = Arc::new(AtomicUsize::new(0));
        for i in 0..SLEEPERS as u64 {
            let (clock, ended) = (Arc::clone(&inner), Arc::clone(&ended));
            let sleeper = async move {
                for step in 1..20 {
                    let deadline = clock.now().after((i * 7_919 * step) % 300_000);
                    sleep_until(&*clock, deadline).await;
                    assert!(clock.now() >= deadline);
                }
                ended.fetch_add(1, Ordering::SeqCst);
            };
            inner.spawn(Home(0), Box::pin(sleeper));
        }
        while ended.load(Ordering::SeqCst) < SLEEPERS {
            yield_now().await;
        }
    };
    clock.block_on(Box::pin(main)).expect("no deadlock");
}
