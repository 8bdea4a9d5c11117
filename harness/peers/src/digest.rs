//! What a sink keeps of the updates it sees: one number that every contender must agree on.
//!
//! Both kinds are sums, so the order in which two counters interleave does not matter, and a
//! record that is lost, doubled or counted under the wrong key shows.

use clap::ValueEnum;
use dataflow::record::digest::hash_of;
use serde::Serialize;

/// What the sink does with each `(key, count)` it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sink {
    /// Adds up the counts: next to nothing, so what remains is the engine and the table.
    Sum,
    /// Replaces the key's previous count by its new one in a digest of the whole table.
    Digest,
}

impl Sink {
    /// The accumulator after one more update.
    #[inline(always)]
    pub fn absorb(self, accumulator: u128, key: u64, count: u64) -> u128 {
        match self {
            Sink::Sum => accumulator.wrapping_add(u128::from(count)),
            Sink::Digest => {
                let after = hash_of(&(key, count));
                // The first count of a key replaces nothing.
                let before = if count > 1 { hash_of(&(key, count - 1)) } else { 0 };
                accumulator.wrapping_sub(before).wrapping_add(after)
            }
        }
    }

    /// The name the command line knows it by.
    pub fn name(self) -> &'static str {
        match self {
            Sink::Sum => "sum",
            Sink::Digest => "digest",
        }
    }
}

#[cfg(test)]
mod tests {
    use dataflow::record::digest::hash_of;

    use super::Sink;

    #[test]
    fn a_digest_keeps_the_table_and_nothing_of_the_way_there() {
        let updates = [(7, 1), (9, 1), (7, 2), (7, 3), (9, 2)];
        let digest = updates.iter().fold(0, |a, &(k, c)| Sink::Digest.absorb(a, k, c));
        let table: u128 =
            [(7u64, 3u64), (9, 2)].iter().fold(0, |a: u128, row| a.wrapping_add(hash_of(row)));
        assert_eq!(digest, table);
    }

    #[test]
    fn a_digest_shows_a_count_under_the_wrong_key() {
        let right = [(1, 1), (2, 1), (1, 2)].iter();
        let wrong = [(1, 1), (2, 1), (2, 2)].iter();
        let digest = |a, &(k, c): &(u64, u64)| Sink::Digest.absorb(a, k, c);
        assert_ne!(right.fold(0, digest), wrong.fold(0, digest));
    }
}
