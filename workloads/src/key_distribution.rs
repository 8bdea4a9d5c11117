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
    /// 60 ns a draw.
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

    /// Probabilities of the 20 most frequent keys, and of all others together.
    fn probabilities(keys: u64, exponent: f64) -> [f64; 21] {
        let weights = |ranks: std::ops::RangeInclusive<u64>| -> f64 {
            ranks.map(|rank| (rank as f64).powf(-exponent)).sum()
        };
        let (first, others) = (weights(1..=20), weights(21..=keys));
        std::array::from_fn(|key| {
            let key = key as u64;
            (if key == 20 { others } else { weights(key + 1..=key + 1) }) / (first + others)
        })
    }

    /// Draws keys by ten seeds and compares their frequencies with the definition's. By chance
    /// one in 370 is off by more than three standard errors: at most 2 of 210 may be.
    fn check(keys: u64, exponent: f64, draws: u64) {
        let distribution = KeyDistribution::zipf(keys, exponent);
        let probabilities = probabilities(keys, exponent);
        let mut deviations = Vec::new();
        for seed in 0..10 {
            let mut seen = [0_u64; 21];
            let stream = Draws::new(seed, "frequencies");
            for number in 0..draws {
                let key = distribution.key(stream.at(number));
                assert!(key < keys, "key {key} of {keys}");
                seen[key.min(20) as usize] += 1;
            }
            deviations.extend(seen.iter().zip(probabilities).map(|(&seen, probability)| {
                let expected = probability * draws as f64;
                (seen as f64 - expected) / (expected * (1.0 - probability)).sqrt()
            }));
        }
        let beyond: Vec<_> = deviations.iter().filter(|it| it.abs() > 3.0).collect();
        assert!(beyond.len() <= 2, "exponent {exponent}: {beyond:?}");
        let mean_square = deviations.iter().map(|it| it * it).sum::<f64>() / 210.0;
        assert!((0.7..1.3).contains(&mean_square), "exponent {exponent}: {mean_square}");
    }

    #[test]
    fn frequencies_are_those_of_the_definition() {
        for exponent in [0.0, 0.5, 1.0, 2.0] {
            check(1_000, exponent, 100_000);
        }
    }

    #[test]
    fn so_they_are_where_no_table_fits() {
        let keys = TABLE_KEYS + 1;
        assert!(matches!(KeyDistribution::zipf(keys, 1.0), KeyDistribution::Rejection(_)));
        check(keys, 1.0, 10_000);
    }

    #[test]
    fn one_key_is_all_keys() {
        for exponent in [0.0, 1.0] {
            assert_eq!(KeyDistribution::zipf(1, exponent).key(u64::MAX), 0);
        }
    }
}
