//! Events in the order of their event times.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use dataflow::EventTime;

use crate::spec::{Events, TimedEvent};

/// The first `count` events in the order of their event times, those of equal times by their
/// numbers. Of events that may still be preceded by others, the numbers wait, not the events.
pub(crate) fn in_event_time<G: Events>(events: &G, count: u64) -> InEventTime<'_, G> {
    InEventTime { events, next: 0, count, waiting: BinaryHeap::new() }
}

/// See [`in_event_time`].
#[derive(Debug)]
pub(crate) struct InEventTime<'a, G> {
    events: &'a G,
    next: u64,
    count: u64,
    waiting: BinaryHeap<Reverse<(EventTime, u64)>>,
}

impl<G: Events> InEventTime<'_, G> {
    /// No event that has not been looked at is earlier.
    fn none_before(&self) -> EventTime {
        if self.next == self.count { EventTime::MAX } else { self.events.none_before(self.next) }
    }
}

impl<G: Events> Iterator for InEventTime<'_, G> {
    type Item = TimedEvent<G::Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let none_before = self.none_before();
            if let Some(&Reverse((time, number))) = self.waiting.peek()
                && time <= none_before
            {
                self.waiting.pop();
                return Some(self.events.event(number));
            }
            if self.next == self.count {
                return None;
            }
            let (number, event) = (self.next, self.events.event(self.next));
            self.next += 1;
            if self.waiting.is_empty() && event.event_time <= self.none_before() {
                return Some(event);
            }
            self.waiting.push(Reverse((event.event_time, number)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::events::keyed_event::KeyedEvents;
    use crate::testing::knobs::common;

    proptest! {
        #[test]
        fn the_order_is_that_of_a_stable_sort(
            seed: u64,
            count in 0_u64..500,
            disorder_ms in 0_u32..30,
            late in any::<bool>(),
        ) {
            let knobs = common(&[
                // Two events in a nanosecond, so that there are equal times as well.
                ("event_rate", if late { "1000" } else { "1e9" }),
                ("disorder_ms", disorder_ms.to_string().as_str()),
                ("late_fraction", if late { "0.2" } else { "0" }),
                ("window_ms", "20"),
            ]);
            let events = KeyedEvents::new(&knobs, seed);
            let mut sorted: Vec<_> = (0..count).map(|number| events.event(number)).collect();
            sorted.sort_by_key(|event| event.event_time);
            prop_assert_eq!(in_event_time(&events, count).collect::<Vec<_>>(), sorted);
        }
    }

    #[test]
    fn few_events_wait() {
        let knobs = common(&[("event_rate", "1000"), ("disorder_ms", "5")]);
        let events = KeyedEvents::new(&knobs, 1);
        let mut ordered = in_event_time(&events, 10_000);
        while ordered.next().is_some() {
            assert!(ordered.waiting.len() <= 6);
        }
        let events = KeyedEvents::new(&common(&[]), 1);
        let mut ordered = in_event_time(&events, 1_000);
        while ordered.next().is_some() {
            assert!(ordered.waiting.is_empty());
        }
    }
}
