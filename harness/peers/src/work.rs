//! The work, `keyed-count`, in the pieces that every contender is made of: the same generator, the
//! same 32-byte record, the same routing, the same table and the same sink. What differs between
//! contenders is only how a record gets from a source to its counter.

use std::ops::Range;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use rand::{Rng, SeedableRng};
use rand_xoshiro::SplitMix64;
use serde::{Deserialize, Serialize};

use crate::digest::Sink;

/// Workers of every contender but the one-thread loop; one source and one counter on each.
pub const WORKERS: usize = 2;

/// SplitMix64's increment: 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// One event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What is counted.
    pub key: u64,
    /// Unused; it has to be carried.
    pub payload: u64,
    /// Nanoseconds.
    pub event_time: i64,
    /// Unused here: room for latency stamps, so that a record has its usual size.
    pub stamps: u64,
}

const _: () = assert!(size_of::<Record>() == 32);

/// One cell of the comparison.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// Distinct keys, drawn uniformly.
    pub keys: u64,
    /// Events, over both sources.
    pub records: u64,
    /// Of the generator.
    pub seed: u64,
    /// Where each update goes.
    pub sink: Sink,
}

impl Work {
    /// Event number `i`. A counter and a mix: any source can make any event on its own.
    #[inline(always)]
    pub fn record(&self, i: u64) -> Record {
        let state = self.seed.wrapping_add(i.wrapping_mul(GOLDEN));
        let z = SplitMix64::seed_from_u64(state).next_u64();
        let key = ((u128::from(z) * u128::from(self.keys)) >> 64) as u64;
        Record { key, payload: 0, event_time: i as i64 * 1_000, stamps: 0 }
    }

    /// How many events a source has: those with `i % WORKERS == source`.
    pub fn source_len(&self, source: usize) -> u64 {
        let workers = WORKERS as u64;
        self.records / workers + u64::from((source as u64) < self.records % workers)
    }

    /// A stretch of a source's events, by their place in that source.
    #[inline(always)]
    pub fn source(
        self,
        source: usize,
        places: Range<u64>,
    ) -> impl ExactSizeIterator<Item = Record> + Clone + Send + use<> {
        // Only `Range<usize>` knows its exact size at 64 bits.
        let places = places.start as usize..places.end as usize;
        places.map(move |place| self.record((place * WORKERS + source) as u64))
    }
}

/// The hash records are exchanged by. Its low bits are good ones, as a mask or a remainder will
/// pick a worker, and they have nothing to do with the hash of the tables.
#[inline(always)]
pub fn route(key: u64) -> u64 {
    key.wrapping_mul(GOLDEN) >> 32
}

/// What a contender has to show for its work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Updates that reached the sink: one per record.
    pub records: u64,
    /// The sink's, over all updates.
    pub accumulator: u128,
}

impl Outcome {
    /// Both halves of the work.
    pub fn and(self, other: Outcome) -> Outcome {
        Outcome {
            records: self.records + other.records,
            accumulator: self.accumulator.wrapping_add(other.accumulator),
        }
    }

    /// One update arrives at the sink.
    #[inline(always)]
    pub fn absorb(&mut self, sink: Sink, key: u64, count: u64) {
        self.records += 1;
        self.accumulator = sink.absorb(self.accumulator, key, count);
    }
}

/// The running count per key. Starts empty: no engine knows its number of keys beforehand.
#[derive(Clone)]
pub struct Counts(HashMap<u64, u64, FixedState>);

impl Counts {
    /// No keys yet.
    pub fn new() -> Self {
        Counts(HashMap::with_hasher(FixedState::with_seed(0x5eed)))
    }

    /// Counts one more of this key, and says how many that makes.
    #[inline(always)]
    pub fn count(&mut self, key: u64) -> u64 {
        match self.0.entry(key) {
            Entry::Occupied(mut entry) => {
                *entry.get_mut() += 1;
                *entry.get()
            }
            Entry::Vacant(entry) => {
                entry.insert(1);
                1
            }
        }
    }
}

/// Someone who can do the work.
pub trait Contender {
    /// As in the table and on the command line.
    fn name(&self) -> &str;

    /// Does all of it, from starting its threads to having joined them. The caller holds the
    /// watch, and takes a panic for a failure.
    fn run(&self, work: &Work) -> Outcome;
}

#[cfg(test)]
mod tests {
    use super::{Record, WORKERS, Work};
    use crate::digest::Sink;

    fn work(records: u64) -> Work {
        Work { keys: 10, records, seed: 42, sink: Sink::Sum }
    }

    #[test]
    fn the_sources_share_out_all_events() {
        for records in [0, 1, 2, 7, 1_000] {
            let work = work(records);
            let mut all: Vec<Record> = (0..WORKERS)
                .flat_map(|source| work.source(source, 0..work.source_len(source)))
                .collect();
            all.sort_by_key(|record| record.event_time);
            let expected: Vec<Record> = (0..records).map(|i| work.record(i)).collect();
            assert_eq!(all, expected);
        }
    }

    #[test]
    fn keys_are_uniform_enough() {
        let mut seen = [0; 10];
        (0..100_000).for_each(|i| seen[work(0).record(i).key as usize] += 1);
        assert!(seen.iter().all(|n| (9_500..10_500).contains(n)), "{seen:?}");
    }
}
