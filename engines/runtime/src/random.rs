//! Named random streams.

use xxhash_rust::xxh3::Xxh3;

/// The seed of the stream called `stream` in a run with this seed: XXH3 (64 bits) over the run's
/// seed, little-endian, and the name's bytes. Fixed by the two alone, on both clocks, so that a
/// stream which is added or drawn from more often moves no other.
pub(crate) fn stream_seed(seed: u64, stream: &str) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(stream.as_bytes());
    hasher.digest()
}

/// Numbers drawn one after the other from one stream: SplitMix64.
#[derive(Debug)]
pub(crate) struct Draws {
    state: u64,
}

impl Draws {
    /// Fixed by the seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, each as likely as the others. Panics when `bound` is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "there is no number below zero");
        let scaled = u128::from(self.next()) * bound as u128;
        (scaled >> 64) as usize
    }

    /// True with this probability.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        unit < probability
    }
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    #[test]
    fn it_is_the_hash_of_the_bytes_in_one_piece() {
        let mut bytes = 0x0102_0304_0506_0708_u64.to_le_bytes().to_vec();
        bytes.extend_from_slice(b"flusher/3");
        assert_eq!(stream_seed(0x0102_0304_0506_0708, "flusher/3"), xxh3_64(&bytes));
    }

    #[test]
    fn draws_are_those_of_the_reference_implementation() {
        let mut draws = Draws::new(1_234_567);
        assert_eq!(draws.next(), 6_457_827_717_110_365_317);
        assert_eq!(draws.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn draws_are_spread_evenly() {
        let mut draws = Draws::new(1);
        let mut found = [0_u32; 4];
        for _ in 0..4_000 {
            found[draws.below(4)] += 1;
        }
        assert!(found.iter().all(|&count| (900..1_100).contains(&count)), "{found:?}");
        let happened = (0..4_000).filter(|_| draws.happens(0.25)).count();
        assert!((900..1_100).contains(&happened), "{happened}");
        assert!(!draws.happens(0.0));
        assert!(draws.happens(1.0));
    }
}
