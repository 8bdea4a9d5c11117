//! How often each key occurs.

use rand::SeedableRng;
use rand_distr::{Distribution, Zipf};
use rand_xoshiro::SplitMix64;

use crate::alias_table::AliasTable;
use crate::random::below;

/// Keys up to which a Zipf distribution is drawn from a table, of 8 bytes a key.
pub const TABLE_KEYS: u64 = 1 << 22;

/// A distribution over the keys `0..keys`.
#[derive(Clone, Debug)]
pub enum KeyDistribution {
    /// All are equally frequent.
    Uniform {
        /// Number of keys.
        keys: u64,
    },
    /// The k-th, from 1, is as frequent as `k^-exponent`; drawn from a table.
    Table(AliasTable),
    /// The same over so many keys that a table would not fit: by rejection-inversion, in about
    /// 100 ns a draw.
    Rejection(Zipf<f64>),
}

impl KeyDistribution {
    /// Zipf over `keys` keys with this exponent, which is uniform for 0.
    ///
    /// # Panics
    /// Without keys, or when the exponent is negative or not finite.
    pub fn zipf(keys: u64, exponent: f64) -> Self {
        assert!(keys > 0, "there is a key");
        assert!(exponent >= 0.0 && exponent.is_finite(), "an exponent is 0 or more");
        if exponent == 0.0 {
            Self::Uniform { keys }
        } else if keys <= TABLE_KEYS {
            let weights: Vec<f64> = (1..=keys).map(|rank| (rank as f64).powf(-exponent)).collect();
            Self::Table(AliasTable::new(&weights))
        } else {
            Self::Rejection(Zipf::new(keys as f64, exponent).expect("both are in range"))
        }
    }

    /// The key of a draw.
    #[inline]
    pub fn key(&self, draw: u64) -> u64 {
        match self {
            Self::Uniform { keys } => below(draw, *keys),
            Self::Table(table) => table.pick(draw),
            Self::Rejection(zipf) => Self::rejected(zipf, draw),
        }
    }

    #[inline(never)]
    fn rejected(zipf: &Zipf<f64>, draw: u64) -> u64 {
        zipf.sample(&mut SplitMix64::seed_from_u64(draw)) as u64 - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Draws;

    /// Draws keys and compares the frequencies of the most frequent and of all the others with
    /// what the definition says: within three standard errors.
    fn check(distribution: &KeyDistribution, keys: u64, exponent: f64, draws: u64) {
        let looked_at = 20.min(keys as usize);
        let mut seen = vec![0_u64; looked_at + 1];
        let stream = Draws::new(7, "frequencies");
        for number in 0..draws {
            let key = distribution.key(stream.at(number));
            assert!(key < keys, "key {key} of {keys}");
            seen[(key as usize).min(looked_at)] += 1;
        }
        let weights = |ranks: std::ops::RangeInclusive<u64>| -> f64 {
            ranks.map(|rank| (rank as f64).powf(-exponent)).sum()
        };
        let sum = weights(1..=keys);
        for (index, &seen) in (0..).zip(&seen) {
            let weight = if index == looked_at as u64 {
                weights(index + 1..=keys)
            } else {
                weights(index + 1..=index + 1)
            };
            let probability = weight / sum;
            let expected = probability * draws as f64;
            let error = (expected * (1.0 - probability)).sqrt();
            let off = seen as f64 - expected;
            assert!(off.abs() <= 3.0 * error, "exponent {exponent}, key {index}: {seen} for {expected}");
        }
    }

    #[test]
    fn frequencies_are_those_of_the_definition() {
        for exponent in [0.0, 0.5, 1.0, 2.0] {
            check(&KeyDistribution::zipf(1_000, exponent), 1_000, exponent, 1_000_000);
        }
    }

    #[test]
    fn so_they_are_where_no_table_fits() {
        let keys = TABLE_KEYS + 1;
        let distribution = KeyDistribution::zipf(keys, 1.0);
        assert!(matches!(distribution, KeyDistribution::Rejection(_)));
        check(&distribution, keys, 1.0, 100_000);
    }

    #[test]
    fn one_key_is_all_keys() {
        for exponent in [0.0, 1.0] {
            assert_eq!(KeyDistribution::zipf(1, exponent).key(u64::MAX), 0);
        }
    }
}
