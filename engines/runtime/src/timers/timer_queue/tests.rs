//! The queue against a model that keeps every timer in a list, and its bounded size.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use proptest::prelude::*;

use super::*;

/// Which timer it was, by the waker it left.
struct NamedWaker(usize, Arc<AtomicUsize>);

impl Wake for NamedWaker {
    fn wake(self: Arc<Self>) {
        self.1.store(self.0, Ordering::Relaxed);
    }
}

struct Wakers {
    last: Arc<AtomicUsize>,
    wakers: Vec<Waker>,
}

impl Wakers {
    fn new(count: usize) -> Self {
        let last = Arc::new(AtomicUsize::new(usize::MAX));
        let wakers = (0..count).map(|i| Waker::from(Arc::new(NamedWaker(i, Arc::clone(&last)))));
        Self { wakers: wakers.collect(), last }
    }

    fn name(&self, waker: Waker) -> usize {
        waker.wake();
        self.last.load(Ordering::Relaxed)
    }
}

#[derive(Clone, Debug)]
enum Act {
    Wait(usize, u64),
    Rearm(usize, u64),
    Forget(usize),
    Replace(usize),
    Pop(u64),
}

const TIMERS: usize = 4;

fn act() -> impl Strategy<Value = Act> {
    let timer = 0..TIMERS;
    prop_oneof![
        4 => (timer.clone(), 0..20_u64).prop_map(|(i, at)| Act::Wait(i, at)),
        3 => (timer.clone(), 0..20_u64).prop_map(|(i, at)| Act::Rearm(i, at)),
        1 => timer.clone().prop_map(Act::Forget),
        1 => timer.prop_map(Act::Replace),
        3 => (0..20_u64).prop_map(Act::Pop),
    ]
}

proptest! {
    #[test]
    fn it_agrees_with_a_sorted_list(acts in prop::collection::vec(act(), 0..200)) {
        let wakers = Wakers::new(TIMERS);
        let mut queue = TimerQueue::default();
        let mut slots: Vec<_> = (0..TIMERS).map(|_| queue.insert()).collect();
        let mut model: [Option<(u64, u64)>; TIMERS] = [None; TIMERS];
        for (sequence, act) in (0_u64..).zip(acts) {
            match act {
                Act::Wait(i, at) => {
                    queue.wait(slots[i], ProcessingTime(at), &wakers.wakers[i]);
                    if model[i].is_none_or(|(old, _)| old != at) {
                        model[i] = Some((at, sequence));
                    }
                }
                Act::Rearm(i, at) => {
                    queue.rearm(slots[i], ProcessingTime(at));
                    model[i] = model[i].map(|_| (at, sequence));
                }
                Act::Forget(i) => {
                    queue.forget(slots[i]);
                    model[i] = None;
                }
                Act::Replace(i) => {
                    queue.remove(slots[i]);
                    slots[i] = queue.insert();
                    model[i] = None;
                }
                Act::Pop(until) => {
                    let (_, first) = (0..TIMERS).map(|i| (model[i], i))
                        .filter(|(key, _)| key.is_some_and(|(at, _)| at <= until))
                        .min().unwrap_or((None, usize::MAX));
                    let popped = queue.pop(ProcessingTime(until));
                    prop_assert_eq!(popped.is_some(), first != usize::MAX);
                    if let Some((at, waker)) = popped {
                        prop_assert_eq!(model[first].map(|(at, _)| at), Some(at.0));
                        prop_assert_eq!(wakers.name(waker), first);
                        prop_assert_eq!(queue.late_nanos(slots[first]), until - at.0);
                        model[first] = None;
                    }
                }
            }
            let earliest = model.iter().flatten().min().map(|(at, _)| ProcessingTime(*at));
            prop_assert_eq!(queue.earliest(), earliest);
        }
    }
}

#[test]
fn rearming_over_and_over_does_not_grow_the_queue() {
    let wakers = Wakers::new(1);
    let mut queue = TimerQueue::default();
    let slot = queue.insert();
    queue.wait(slot, ProcessingTime(1), &wakers.wakers[0]);
    for at in 2..10_000 {
        assert!(!queue.rearm(slot, ProcessingTime(at)), "a later time is nobody's business");
    }
    assert_eq!(queue.heap.len(), 1);
    for at in (0..10_000).rev() {
        queue.rearm(slot, ProcessingTime(at));
        assert!(queue.heap.len() <= 2 + SLACK);
    }
    assert_eq!(queue.pop(ProcessingTime::MAX).map(|(at, _)| at), Some(ProcessingTime(0)));
    assert_eq!(queue.pop(ProcessingTime::MAX).map(|(at, _)| at), None);
}

#[test]
fn only_a_new_earliest_entry_is_announced() {
    let wakers = Wakers::new(2);
    let mut queue = TimerQueue::default();
    let (one, two) = (queue.insert(), queue.insert());
    assert!(queue.wait(one, ProcessingTime(10), &wakers.wakers[0]).earliest);
    assert!(!queue.wait(two, ProcessingTime(20), &wakers.wakers[1]).earliest);
    assert!(!queue.wait(two, ProcessingTime(20), &wakers.wakers[1]).earliest);
    assert!(queue.rearm(two, ProcessingTime(5)));
}
