//! Which key is to be looked at when, in order of time.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::data::Key;
use crate::record::time::EventTime;

/// A set of (time, key) from which the smallest are taken.
///
/// Only the nearest stretch of time is kept in order, and so small enough for a cache; what lies
/// behind it waits in heaps by stretch. At 100,000 keys a session window takes a third less per
/// record than with one ordered set.
#[derive(Clone, Debug)]
pub(crate) struct DueTimes<K> {
    /// Length of a stretch, in nanoseconds.
    stretch: i64,
    /// Everything before `near_upto`.
    near: BTreeSet<(EventTime, K)>,
    near_upto: EventTime,
    /// The others by number of their stretch; doubles are left until they come near.
    far: BTreeMap<i64, Vec<(EventTime, K)>>,
    /// An emptied heap for a stretch to come.
    spare: Vec<(EventTime, K)>,
}

/// Stretches into which the time from now to the latest entry is cut.
const STRETCHES: i64 = 64;

impl<K: Key> DueTimes<K> {
    /// Empty; most times will lie at most `reach` nanoseconds behind those that are taken.
    pub(crate) const fn new(reach: i64) -> Self {
        Self {
            stretch: reach / STRETCHES + 1,
            near: BTreeSet::new(),
            near_upto: EventTime::MIN,
            far: BTreeMap::new(),
            spare: Vec::new(),
        }
    }

    /// Adds a key, unless it is there for this time.
    #[inline]
    pub(crate) fn insert(&mut self, time: EventTime, key: K) {
        if time < self.near_upto {
            self.near.insert((time, key));
        } else {
            let heap = self.far.entry(time.0.div_euclid(self.stretch));
            heap.or_insert_with(|| std::mem::take(&mut self.spare)).push((time, key));
        }
    }

    /// Whether any time is `upto` or earlier.
    pub(crate) fn has(&mut self, upto: EventTime) -> bool {
        while self.near.is_empty() {
            let Some(heap) = self.far.first_entry() else { return false };
            let from = heap.key().saturating_mul(self.stretch);
            if from > upto.0 {
                return false;
            }
            let mut heap = heap.remove();
            self.near_upto = EventTime(from.saturating_add(self.stretch));
            self.near = heap.drain(..).collect();
            self.spare = heap;
        }
        self.near.first().is_some_and(|(time, _)| *time <= upto)
    }

    /// Takes the smallest time and key, if the time is `upto` or earlier.
    pub(crate) fn pop(&mut self, upto: EventTime) -> Option<(EventTime, K)> {
        if self.has(upto) { self.near.pop_first() } else { None }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.near.clear();
        self.near_upto = EventTime::MIN;
        self.far.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against one ordered set, with times before those that were taken already.
        #[test]
        fn agrees_with_an_ordered_set(
            reach in 1_i64..2_000,
            steps in proptest::collection::vec((any::<bool>(), -500_i64..500, 0_u8..4), 0..300),
        ) {
            let mut due = DueTimes::new(reach);
            let mut plain = BTreeSet::new();
            for (n, (adds, time, key)) in (0..).zip(steps) {
                let time = EventTime(time + 3 * n);
                if adds {
                    due.insert(time, key);
                    plain.insert((time, key));
                } else {
                    let next = plain.first().copied().filter(|first| first.0 <= time);
                    prop_assert_eq!(due.pop(time), next);
                    if let Some(next) = next {
                        plain.remove(&next);
                    }
                }
            }
            let rest = std::iter::from_fn(|| due.pop(EventTime::MAX));
            prop_assert!(rest.eq(plain));
        }
    }

    #[test]
    fn both_ends_of_time_are_times() {
        for reach in [1, 1_000, i64::MAX] {
            let mut due = DueTimes::new(reach);
            due.insert(EventTime::MAX, 1_u8);
            due.insert(EventTime::MIN, 2);
            due.insert(EventTime::MAX, 1);
            assert_eq!(due.pop(EventTime::MIN), Some((EventTime::MIN, 2)));
            assert_eq!(due.pop(EventTime(i64::MAX - 1)), None);
            assert_eq!(due.pop(EventTime::MAX), Some((EventTime::MAX, 1)));
            assert_eq!(due.pop(EventTime::MAX), None);
        }
    }
}
