//! What holds on either clock.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use dataflow::job::runtime::{Home, Runtime, Task, Timer, sleep_until, yield_now};
use dataflow::record::time::ProcessingTime;
use runtime::{VirtualOptions, VirtualTime, WallClock, WallOptions};

type Shared = Arc<dyn Runtime>;

fn all() -> Vec<Shared> {
    let wall = |worker_threads| -> Shared {
        WallClock::new(WallOptions { seed: 42, worker_threads }).expect("threads start")
    };
    let virtual_time = VirtualTime::new(VirtualOptions { seed: 42, ..VirtualOptions::default() });
    vec![virtual_time, wall(1), wall(2)]
}

/// Runs `main` on every runtime.
fn on_all<F: Future<Output = ()> + Send + 'static>(main: impl Fn(Shared) -> F) {
    for runtime in all() {
        runtime.block_on(Box::pin(main(Arc::clone(&runtime)))).expect("no deadlock");
    }
}

fn counter() -> Arc<AtomicUsize> {
    Arc::default()
}

async fn due(timer: &mut dyn Timer) {
    std::future::poll_fn(|context| timer.poll_due(context)).await;
}

/// One poll with the waker of the task that calls it.
async fn is_due(timer: &mut dyn Timer) -> bool {
    std::future::poll_fn(|context| Poll::Ready(timer.poll_due(context).is_ready())).await
}

/// Ready once the counter has reached `count`. It stays ready to run, so virtual time stands still.
async fn reached(counter: &AtomicUsize, count: usize) {
    while counter.load(Ordering::SeqCst) < count {
        yield_now().await;
    }
}

const MILLI: u64 = 1_000_000;

#[test]
fn time_starts_near_zero_and_never_goes_back() {
    on_all(|runtime| async move {
        let mut last = runtime.now();
        let latest = if runtime.clock() == "wall" { 60_000 } else { 0 };
        assert!(last <= ProcessingTime::from_millis(latest), "{}: {last:?}", runtime.clock());
        for _ in 0..1_000 {
            let now = runtime.now();
            assert!(now >= last);
            last = now;
            yield_now().await;
        }
    });
}

#[test]
fn a_sleeper_never_wakes_early() {
    on_all(|runtime| async move {
        for nanos in [0, 1, 1_000, 50_000, 300_000, 2 * MILLI] {
            let deadline = runtime.now().after(nanos);
            sleep_until(&*runtime, deadline).await;
            assert!(runtime.now() >= deadline, "{}: {nanos} ns", runtime.clock());
        }
    });
}

/// Spawns sleepers until `start` and some milliseconds more, and gives the order in which they
/// wake. `None` if the machine was too slow to arm them all before `start`.
async fn waking_order(runtime: &Shared, start: ProcessingTime) -> Option<Vec<u64>> {
    let woken = Arc::new(Mutex::new(Vec::new()));
    let (armed, ended) = (counter(), counter());
    for i in [3, 0, 4, 1, 2] {
        let (armed, ended, woken) = (armed.clone(), ended.clone(), woken.clone());
        let mut timer = runtime.timer();
        let sleeper = async move {
            timer.arm(start.after(i * MILLI));
            if !is_due(&mut *timer).await {
                armed.fetch_add(1, Ordering::SeqCst);
                due(&mut *timer).await;
            }
            woken.lock().expect("no panic").push(i);
            ended.fetch_add(1, Ordering::SeqCst);
        };
        runtime.spawn(Home(0), Box::pin(sleeper));
    }
    while armed.load(Ordering::SeqCst) + ended.load(Ordering::SeqCst) < 5 {
        yield_now().await;
    }
    let in_time = runtime.now() < start;
    while ended.load(Ordering::SeqCst) < 5 {
        sleep_until(&**runtime, runtime.now().after(MILLI)).await;
    }
    in_time.then(|| woken.lock().expect("no panic").clone())
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    // Two workers may overtake one another; one must not.
    for runtime in all().into_iter().take(2) {
        let inner = Arc::clone(&runtime);
        let main = async move {
            let mut lead = 5 * MILLI;
            let order = loop {
                match waking_order(&inner, inner.now().after(lead)).await {
                    Some(order) => break order,
                    None => lead *= 2,
                }
            };
            assert_eq!(order, [0, 1, 2, 3, 4], "{}", inner.clock());
        };
        runtime.block_on(Box::pin(main)).expect("no deadlock");
    }
}

#[test]
fn a_past_deadline_is_due_at_once() {
    on_all(|runtime| async move {
        sleep_until(&*runtime, runtime.now().after(MILLI)).await;
        let mut timer = runtime.timer();
        timer.arm(ProcessingTime::ZERO);
        assert!(is_due(&mut *timer).await);
        assert!(!is_due(&mut *timer).await, "a timer fires once");
    });
}

#[test]
fn rearming_to_later_fires_later() {
    on_all(|runtime| async move {
        let mut timer = runtime.timer();
        let first = runtime.now().after(MILLI);
        timer.arm(first);
        is_due(&mut *timer).await;
        let later = first.after(4 * MILLI);
        timer.arm(later);
        due(&mut *timer).await;
        assert!(runtime.now() >= later, "{}", runtime.clock());
    });
}

#[test]
fn rearming_to_earlier_fires_earlier() {
    on_all(|runtime| async move {
        let mut timer = runtime.timer();
        // Without the second deadline this would end long after the test's patience.
        timer.arm(runtime.now().after(1_000_000 * MILLI));
        assert!(!is_due(&mut *timer).await);
        let earlier = runtime.now().after(MILLI);
        timer.arm(earlier);
        // Not polled again: who waits already is woken at the new deadline.
        let mut turns = 0;
        std::future::poll_fn(|context| {
            turns += 1;
            if turns == 1 { Poll::Pending } else { timer.poll_due(context) }
        })
        .await;
        assert!(runtime.now() >= earlier);
        assert!(runtime.now() < ProcessingTime(1_000_000 * MILLI));
    });
}

#[test]
fn a_disarmed_timer_stays_silent_until_it_is_armed_again() {
    on_all(|runtime| async move {
        let mut timer = runtime.timer();
        assert!(!is_due(&mut *timer).await, "a new timer is disarmed");
        timer.arm(runtime.now().after(MILLI));
        assert!(!is_due(&mut *timer).await || runtime.clock() == "wall");
        timer.disarm();
        sleep_until(&*runtime, runtime.now().after(3 * MILLI)).await;
        assert!(!is_due(&mut *timer).await);
        let again = runtime.now().after(MILLI);
        timer.arm(again);
        due(&mut *timer).await;
        assert!(runtime.now() >= again);
    });
}

#[test]
fn one_timer_serves_over_and_over() {
    on_all(|runtime| async move {
        let mut timer = runtime.timer();
        for _ in 0..200 {
            // A deadline as for a flush, moved forward and back as an engine does.
            let deadline = runtime.now().after(20_000);
            timer.arm(deadline.after(MILLI));
            is_due(&mut *timer).await;
            timer.arm(deadline);
            due(&mut *timer).await;
            assert!(runtime.now() >= deadline);
        }
    });
}

/// Tasks in a ring; the one at `turn` may move it on.
struct Ring {
    turn: usize,
    left: usize,
    wakers: Vec<Option<Waker>>,
}

impl Ring {
    /// Ready once nothing is left to pass.
    fn poll_pass(&mut self, place: usize, context: &mut Context<'_>) -> Poll<()> {
        let size = self.wakers.len();
        if self.left > 0 && self.turn == place {
            self.left -= 1;
            self.turn = (place + 1) % size;
            if let Some(waker) = self.wakers[self.turn].take() {
                waker.wake();
            }
        }
        if self.left == 0 {
            self.wakers.iter_mut().filter_map(Option::take).for_each(Waker::wake);
            return Poll::Ready(());
        }
        self.wakers[place] = Some(context.waker().clone());
        Poll::Pending
    }
}

#[test]
fn a_token_goes_round_many_tasks() {
    const TASKS: usize = 500;
    const ROUNDS: usize = 10;
    on_all(|runtime| async move {
        let wakers = vec![None; TASKS];
        let ring = Arc::new(Mutex::new(Ring { turn: 0, left: TASKS * ROUNDS, wakers }));
        let ended = counter();
        for place in 0..TASKS {
            let (ring, ended) = (Arc::clone(&ring), Arc::clone(&ended));
            let passer = async move {
                std::future::poll_fn(|context| {
                    ring.lock().expect("no panic").poll_pass(place, context)
                })
                .await;
                ended.fetch_add(1, Ordering::SeqCst);
            };
            runtime.spawn(Home(place as u32), Box::pin(passer));
        }
        reached(&ended, TASKS).await;
    });
}

#[test]
fn random_streams_are_fixed_by_seed_and_name() {
    for runtime in all() {
        // By the reference implementation of XXH3, over 2a 00 00 00 00 00 00 00 and the name.
        assert_eq!(runtime.random("flusher/0"), GOLDEN, "{}", runtime.clock());
        assert_ne!(runtime.random("flusher/0"), runtime.random("flusher/1"));
    }
    let other = VirtualTime::new(VirtualOptions { seed: 43, ..VirtualOptions::default() });
    assert_ne!(other.random("flusher/0"), GOLDEN);
}

const GOLDEN: u64 = 0xd003_e032_62f4_bdfb;

#[test]
fn what_is_unfinished_is_dropped_when_block_on_returns() {
    for runtime in all() {
        let alive = Arc::new(());
        let forever = |alive: Arc<()>| -> Task {
            Box::pin(async move {
                std::future::pending::<()>().await;
                drop(alive);
            })
        };
        runtime.spawn(Home(0), forever(Arc::clone(&alive)));
        let (inner, held) = (Arc::clone(&runtime), Arc::clone(&alive));
        let main = async move {
            for _ in 0..100 {
                inner.spawn(Home(0), forever(Arc::clone(&held)));
            }
            yield_now().await;
            inner.spawn(Home(0), forever(held));
        };
        runtime.block_on(Box::pin(main)).expect("no deadlock");
        assert_eq!(Arc::strong_count(&alive), 1, "{}", runtime.clock());
        assert_eq!(Arc::strong_count(&runtime), 1, "{}", runtime.clock());
        runtime.block_on(Box::pin(async {})).expect("it can be used again");
    }
}

fn panic_of(runtime: &Shared, main: Task) -> String {
    let result = catch_unwind(AssertUnwindSafe(|| runtime.block_on(main)));
    let payload = result.expect_err("the panic comes out of block_on");
    payload.downcast_ref::<&str>().expect("a panic with a literal").to_string()
}

#[test]
fn a_panic_of_the_main_task_propagates() {
    for runtime in all() {
        assert_eq!(panic_of(&runtime, Box::pin(async { panic!("main") })), "main");
        runtime.block_on(Box::pin(yield_now())).expect("it can be used again");
    }
}

#[test]
fn a_panic_of_a_spawned_task_propagates() {
    for runtime in all() {
        let inner = Arc::clone(&runtime);
        let main = async move {
            inner.spawn(Home(0), Box::pin(async { panic!("spawned") }));
            // Only the panic can end this.
            let mut timer = inner.timer();
            timer.arm(ProcessingTime(u64::MAX / 2));
            due(&mut *timer).await;
        };
        assert_eq!(panic_of(&runtime, Box::pin(main)), "spawned");
        assert_eq!(Arc::strong_count(&runtime), 1);
        runtime.block_on(Box::pin(yield_now())).expect("it can be used again");
    }
}
