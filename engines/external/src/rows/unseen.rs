//! The events of a running count that no row stands for yet: where a system has a row for each key and
//! batch, a row shows the results of all the events that it has counted since the row before.

use std::collections::{BTreeMap, HashMap, VecDeque};

use dataflow::job::source::take_wired;
use dataflow::{Record, Stamps};
use foldhash::fast::FixedState;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Events that were sent, by key. The `k`-th event of a key that was sent is shown by the first row
/// that counts `k` or more.
#[derive(Debug, Default)]
pub(crate) struct UnseenEvents {
    keys: HashMap<u64, KeyEvents, FixedState>,
    /// Events of each split that were taken in: a system that fails reads some of them again.
    taken: BTreeMap<u32, u64>,
}

#[derive(Debug, Default)]
struct KeyEvents {
    /// Events that rows have counted.
    seen: u64,
    waiting: VecDeque<Stamps>,
}

impl UnseenEvents {
    /// Takes in the events of a block as it is sent: of one split, up to so many of its events.
    ///
    /// # Errors
    /// When the bytes are no events with a number as their key.
    pub(crate) fn sent(
        &mut self,
        split: u32,
        (records, upto): (u64, u64),
        mut block: &[u8],
    ) -> Result<(), String> {
        let taken = self.taken.entry(split).or_default();
        let mut number = upto - records;
        while !block.is_empty() {
            let Record { value, stamps, .. } = take_wired::<KeyedFields>(&mut block)?;
            if number >= *taken {
                self.keys.entry(value.key).or_default().waiting.push_back(stamps);
            }
            number += 1;
        }
        *taken = upto.max(*taken);
        Ok(())
    }

    /// A row has come: puts the stamps of the events into `into` that no row had shown before.
    ///
    /// # Errors
    /// When it is no row of a key and a count.
    pub(crate) fn shown(&mut self, row: &[u8], into: &mut Vec<Stamps>) -> Result<(), String> {
        let (key, count): (u64, u64) =
            rmp_serde::from_slice(row).map_err(|error| error.to_string())?;
        let Some(KeyEvents { seen, waiting }) = self.keys.get_mut(&key) else { return Ok(()) };
        let new = (count.saturating_sub(*seen) as usize).min(waiting.len());
        into.extend(waiting.drain(..new));
        *seen = count.max(*seen);
        Ok(())
    }
}

/// The fields of an event, of which the second is left out where it is empty.
#[derive(Deserialize)]
struct KeyedFields {
    key: u64,
    #[serde(default, rename = "payload")]
    _payload: IgnoredAny,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stamps(number: u32) -> Stamps {
        Stamps { planned: number, ingested: number }
    }

    /// A block of events with these keys, numbered from `from`.
    fn block(keys: &[u64], from: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (key, number) in keys.iter().zip(from..) {
            bytes.extend(0_i64.to_le_bytes());
            bytes.extend(number.to_le_bytes());
            bytes.extend(number.to_le_bytes());
            let event = match number % 2 {
                0 => rmp_serde::to_vec(&(key,)),
                _ => rmp_serde::to_vec(&(key, "carried along")),
            };
            bytes.extend(event.unwrap());
        }
        bytes
    }

    fn shown(unseen: &mut UnseenEvents, key: u64, count: u64) -> Vec<Stamps> {
        let mut events = Vec::new();
        unseen.shown(&rmp_serde::to_vec(&(key, count)).unwrap(), &mut events).unwrap();
        events
    }

    #[test]
    fn a_row_shows_the_events_that_it_has_counted_since_the_row_before() {
        let mut unseen = UnseenEvents::default();
        unseen.sent(0, (4, 4), &block(&[7, 300, 7, 7], 10)).unwrap();
        assert_eq!(shown(&mut unseen, 7, 2), [stamps(10), stamps(12)]);
        // Two splits have events of the same key.
        unseen.sent(1, (1, 1), &block(&[7], 20)).unwrap();
        assert_eq!(shown(&mut unseen, 7, 4), [stamps(13), stamps(20)]);
        assert_eq!(shown(&mut unseen, 300, 1), [stamps(11)]);
    }

    #[test]
    fn what_comes_twice_is_shown_once() {
        let mut unseen = UnseenEvents::default();
        unseen.sent(3, (2, 2), &block(&[5, 5], 1)).unwrap();
        assert_eq!(shown(&mut unseen, 5, 1), [stamps(1)]);
        // The system fails, and goes on from its start.
        unseen.sent(3, (3, 3), &block(&[5, 5, 5], 1)).unwrap();
        assert_eq!(shown(&mut unseen, 5, 1), []);
        assert_eq!(shown(&mut unseen, 5, 3), [stamps(2), stamps(3)]);
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let mut unseen = UnseenEvents::default();
        assert!(unseen.sent(0, (1, 1), b"short").is_err());
        assert!(unseen.shown(b"\xc3", &mut Vec::new()).is_err());
    }

    proptest! {
        /// Every event is shown exactly once, by the first row that counts it, wherever batches end.
        #[test]
        fn every_event_is_shown_once_by_the_first_row_that_counts_it(
            keys in proptest::collection::vec(0_u64..5, 1..80),
            batches in proptest::collection::vec(1_usize..9, 1..80),
        ) {
            let mut unseen = UnseenEvents::default();
            unseen.sent(0, (keys.len() as u64, keys.len() as u64), &block(&keys, 0)).unwrap();
            let mut counts = BTreeMap::<u64, u64>::new();
            let mut upto = 0;
            for size in batches.into_iter().chain([keys.len()]) {
                let batch = upto..(upto + size).min(keys.len());
                for &key in &keys[batch.clone()] {
                    *counts.entry(key).or_default() += 1;
                }
                for (&key, &count) in &counts {
                    let own = batch.clone().filter(|&it| keys[it] == key);
                    let expected: Vec<_> = own.map(|it| stamps(it as u32)).collect();
                    prop_assert_eq!(shown(&mut unseen, key, count), expected);
                }
                upto = batch.end;
            }
        }
    }
}
