//! Draws that are functions of a seed, the name of a stream and a number.

use rand::SeedableRng;
use rand_xoshiro::SplitMix64;

/// What SplitMix64 adds to its state at every step.
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A sequence of 64-bit draws, any of which is had at once: draw `n` is output `n` of a
/// `SplitMix64` generator. Streams of different names or seeds are independent, so that a new one
/// changes none of the others.
#[derive(Copy, Clone, Debug)]
pub struct Draws {
    origin: u64,
}

impl Draws {
    /// The stream of this name under a seed.
    pub fn new(seed: u64, stream: &str) -> Self {
        let origin =
            stream.bytes().fold(output(seed), |state, byte| output(state ^ u64::from(byte)));
        Self { origin }
    }

    /// The draw with this number, from 0.
    #[inline]
    pub fn at(self, number: u64) -> u64 {
        output(self.origin.wrapping_add(number.wrapping_mul(GOLDEN_GAMMA)))
    }

    /// As many draws as it takes for this number: a generator of its own.
    #[inline]
    pub fn generator(self, number: u64) -> SplitMix64 {
        SplitMix64::seed_from_u64(self.at(number))
    }
}

/// The next output of a `SplitMix64` in this state. (Steele, Lea and Flood, OOPSLA 2014, with the
/// constants of Stafford's variant 13.) It is written out because a draw is made for every record,
/// and to make the crate's generator is a call into the crate.
#[inline]
const fn output(state: u64) -> u64 {
    let z = state.wrapping_add(GOLDEN_GAMMA);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number below `bound` out of a draw, by multiplication and shift. A bound of up to 2^32 leaves
/// no number more than 1 in 2^32 too likely.
#[inline]
pub const fn below(draw: u64, bound: u64) -> u64 {
    ((draw as u128 * bound as u128) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn draws_are_the_outputs_of_one_generator() {
        let draws = Draws::new(42, "keys");
        let mut generator = SplitMix64::seed_from_u64(draws.origin);
        for number in 0..1_000 {
            assert_eq!(draws.at(number), generator.next_u64());
        }
    }

    #[test]
    fn a_draw_depends_on_the_seed_and_on_the_name_of_its_stream() {
        assert_ne!(Draws::new(1, "keys").at(0), Draws::new(2, "keys").at(0));
        assert_ne!(Draws::new(1, "keys").at(0), Draws::new(1, "lines").at(0));
    }

    #[test]
    fn numbers_stay_below_their_bound() {
        assert_eq!(below(0, 10), 0);
        assert_eq!(below(u64::MAX, 10), 9);
        assert_eq!(below(1 << 63, 10), 5);
        assert_eq!(below(u64::MAX, 1), 0);
    }
}
