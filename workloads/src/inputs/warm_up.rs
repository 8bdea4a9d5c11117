//! Which events of splits of messages are warm-up: the first of each, counted as they are read, as the
//! offsets of messages have gaps.

use std::sync::{Mutex, PoisonError};

/// Finds out where the warm-up of each split ends. A job that goes on in another process begins to count
/// where it begins to read.
pub(crate) struct WarmUp {
    /// Events of a split that are not timed.
    events: u64,
    splits: Vec<Mutex<Counted>>,
}

/// What was counted of a split.
#[derive(Clone, Copy, Default)]
struct Counted {
    events: u64,
    /// Events before this offset are counted: some are read again.
    upto: u64,
    /// The offset of the first event behind the warm-up, once it was read.
    timed_from: Option<u64>,
}

impl WarmUp {
    /// So many events in all, from each split its share.
    pub(crate) fn new(events: u64, splits: u32) -> Self {
        let counted = (0..splits).map(|_| Mutex::default()).collect();
        Self { events: events / u64::from(splits.max(1)), splits: counted }
    }

    /// Counts events of a split, in the order of their offsets. Returns the offset from which on they are
    /// timed; `None` if all of these are warm-up.
    pub(crate) fn timed_from(
        &self,
        split: u32,
        offsets: impl IntoIterator<Item = u64>,
    ) -> Option<u64> {
        let counted = &self.splits[split as usize];
        let mut counted = counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.timed_from.is_none() {
            let from = counted.upto;
            for offset in offsets.into_iter().filter(|offset| *offset >= from) {
                if counted.events == self.events {
                    counted.timed_from = Some(offset);
                    break;
                }
                counted.events += 1;
                counted.upto = offset + 1;
            }
        }
        counted.timed_from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_between_offsets_are_no_events_and_what_is_read_again_is_counted_once() {
        let warm_up = WarmUp::new(6, 2);
        assert_eq!(warm_up.timed_from(0, [10, 17]), None);
        assert_eq!(warm_up.timed_from(0, [10, 17]), None, "they are read again");
        assert_eq!(warm_up.timed_from(1, [3]), None, "each split has a warm-up of its own");
        assert_eq!(warm_up.timed_from(0, [17, 30, 31, 40]), Some(31));
        assert_eq!(warm_up.timed_from(0, [10, 17]), Some(31));
        assert_eq!(WarmUp::new(0, 1).timed_from(0, [5, 6]), Some(5), "without a warm-up");
    }
}
