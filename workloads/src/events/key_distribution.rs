//! How often each key occurs.

use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Zipf};
use rand_xoshiro::SplitMix64;

use crate::events::alias_table::{AliasTable, TABLE_KEYS};
use crate::events::key_file::KeyFile;
use crate::random::below;
use crate::spec::Knobs;

/// Names that the knob `key_distribution` takes.
pub const KEY_DISTRIBUTIONS: &[&str] = &["uniform", "zipf", "hot-set", "sequential", "file"];

/// Largest number of keys.
pub const MAX_KEYS: i64 = 1 << 31;

/// A distribution over the keys `0..keys`, or over those of a file.
#[derive(Clone, Debug)]
pub enum KeyDistribution {
    /// All are equally frequent.
    Uniform {
        /// Number of keys.
        keys: u64,
    },
    /// The k-th, from 1, is as frequent as `k^-exponent`; drawn from a table.
    Table(AliasTable),
    /// Distributions that are drawn by a call of their own, so that the two above stay fast.
    Other(OtherKeys),
}

/// Distributions that are drawn more slowly, or whose keys depend on more than a draw.
#[derive(Clone, Debug)]
pub enum OtherKeys {
    /// Zipf over more keys than fit into a table: by rejection-inversion, in about 60 ns a
    /// draw.
    Rejection(Zipf<f64>),
    /// Some keys are hot, for a time.
    HotSet(HotSet),
    /// One after the other, and again from 0.
    Sequential {
        /// Number of keys.
        keys: u64,
    },
    /// As a file says.
    File(Arc<KeyFile>),
}

/// A few neighbouring keys get a share of all events, evenly; all other keys share the rest. After
/// a number of events the next few take their place.
#[derive(Copy, Clone, Debug)]
pub struct HotSet {
    keys: u64,
    hot_keys: u64,
    /// Draws below this one give a hot key.
    hot_below: u64,
    /// Events after which the set moves on by its own size; 0 for never.
    drift_events: u64,
}

impl HotSet {
    /// `hot_keys` of `keys` keys with this share of all events, for `drift_events` events at a
    /// time, or always when that is 0.
    ///
    /// # Panics
    /// Without hot keys, with more of them than keys, or when the share is not from 0 to 1.
    pub fn new(keys: u64, hot_keys: u64, share: f64, drift_events: u64) -> Self {
        assert!((1..=keys).contains(&hot_keys), "some of the keys are hot");
        assert!((0.0..=1.0).contains(&share), "a share lies between 0 and 1");
        // Without another key all events are the hot ones'.
        let share = if hot_keys == keys { 1.0 } else { share };
        // Rounds to the largest number for 1: one draw in 2^64 is then not hot.
        let hot_below = (share * 2.0_f64.powi(64)) as u64;
        Self { keys, hot_keys, hot_below, drift_events }
    }

    /// The first hot key when this event comes.
    fn first(&self, event: u64) -> u64 {
        let moves = event.checked_div(self.drift_events).unwrap_or(0);
        (u128::from(moves) * u128::from(self.hot_keys) % u128::from(self.keys)) as u64
    }

    fn key(&self, event: u64, draw: u64) -> u64 {
        let within = SplitMix64::seed_from_u64(draw).next_u64();
        let others = self.keys - self.hot_keys;
        let behind = if draw < self.hot_below || others == 0 {
            below(within, self.hot_keys)
        } else {
            self.hot_keys + below(within, others)
        };
        (self.first(event) + behind) % self.keys
    }
}

impl KeyDistribution {
    /// By the knobs `keys`, `key_distribution` (zipf when that is not set), `zipf_exponent`,
    /// `hot_share`, `hot_keys`, `hot_drift_events` and `key_file`.
    ///
    /// # Panics
    /// When they are not as [`crate::knobs::resolve`] leaves them, which also reads the file.
    pub fn of(knobs: &Knobs) -> Self {
        let keys = knobs.integer("keys");
        match knobs.get_name("key_distribution") {
            None | Some("zipf") => Self::zipf(keys, knobs.number("zipf_exponent")),
            Some("hot-set") => {
                let (hot_keys, share) = (knobs.integer("hot_keys"), knobs.number("hot_share"));
                let drift_events = knobs.integer("hot_drift_events");
                let hot_set = HotSet::new(keys, hot_keys, share, drift_events);
                Self::Other(OtherKeys::HotSet(hot_set))
            }
            Some("sequential") => Self::Other(OtherKeys::Sequential { keys }),
            Some("file") => {
                let file = KeyFile::open(knobs.name("key_file"));
                let file = file.unwrap_or_else(|error| panic!("it could be read before: {error}"));
                Self::Other(OtherKeys::File(file))
            }
            Some(_) => Self::Uniform { keys },
        }
    }

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
            let zipf = Zipf::new(keys as f64, exponent).expect("both are in range");
            Self::Other(OtherKeys::Rejection(zipf))
        }
    }

    /// The key of a draw, for an event: the `nth` from 0, if the event has several.
    #[inline]
    pub fn key(&self, event: u64, nth: u64, draw: u64) -> u64 {
        match self {
            Self::Uniform { keys } => below(draw, *keys),
            Self::Table(table) => table.pick(draw),
            Self::Other(other) => other.key(event, nth, draw),
        }
    }
}

impl OtherKeys {
    #[inline(never)]
    fn key(&self, event: u64, nth: u64, draw: u64) -> u64 {
        match self {
            Self::Rejection(zipf) => zipf.sample(&mut SplitMix64::seed_from_u64(draw)) as u64 - 1,
            Self::HotSet(hot_set) => hot_set.key(event, draw),
            Self::Sequential { keys } => event.wrapping_add(nth) % keys,
            Self::File(file) => file.key(draw),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Draws;

    fn hot_set(keys: u64, hot_keys: u64, share: f64, drift_events: u64) -> KeyDistribution {
        let hot_set = HotSet::new(keys, hot_keys, share, drift_events);
        KeyDistribution::Other(OtherKeys::HotSet(hot_set))
    }

    #[test]
    fn a_hot_set_has_its_share_and_moves_on() {
        let distribution = hot_set(100, 8, 0.75, 10_000);
        let draws = Draws::new(1, "hot");
        // The 13th set wraps around the end: 96..100 and 0..4.
        for (turn, first) in [(0_u64, 0_u64), (1, 8), (12, 96)] {
            let mut seen = [0_u32; 100];
            for event in turn * 10_000..(turn + 1) * 10_000 {
                seen[distribution.key(event, 0, draws.at(event)) as usize] += 1;
            }
            let hot: Vec<u32> = (0..8).map(|k| seen[((first + k) % 100) as usize]).collect();
            let share: u32 = hot.iter().sum();
            assert!(share.abs_diff(7_500) < 175, "{share}: four standard errors");
            assert!(hot.iter().all(|it| it.abs_diff(937) < 130), "{hot:?}");
            // 2500 events over 92 keys: 27 each.
            let others = (0..100).filter(|key| (key + 100 - first) % 100 >= 8);
            assert!(others.into_iter().all(|key| (5..60).contains(&seen[key as usize])));
        }
    }

    #[test]
    fn a_set_that_does_not_move_stays_and_one_of_all_keys_is_uniform() {
        let draws = Draws::new(1, "hot");
        let still = hot_set(1_000, 1, 1.0, 0);
        assert!((0..10_000).all(|event| still.key(event << 30, 0, draws.at(event)) == 0));
        let all = hot_set(3, 3, 0.1, 0);
        let mut seen = [0_u32; 3];
        (0..3_000).for_each(|event| seen[all.key(event, 0, draws.at(event)) as usize] += 1);
        assert!(seen.iter().all(|it| it.abs_diff(1_000) < 110), "{seen:?}");
        let none = hot_set(1_000, 10, 0.0, 0);
        assert!((0..1_000).all(|event| none.key(event, 0, draws.at(event)) >= 10));
    }

    #[test]
    fn sequential_keys_go_round() {
        let keys = KeyDistribution::Other(OtherKeys::Sequential { keys: 3 });
        let one_each: Vec<u64> = (0..7).map(|event| keys.key(event, 0, 99)).collect();
        assert_eq!(one_each, [0, 1, 2, 0, 1, 2, 0]);
        assert_eq!([0, 1, 2].map(|nth| keys.key(5, nth, 99)), [2, 0, 1]);
    }

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
                let key = distribution.key(number, 0, stream.at(number));
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
        let distribution = KeyDistribution::zipf(keys, 1.0);
        assert!(matches!(distribution, KeyDistribution::Other(OtherKeys::Rejection(_))));
        check(keys, 1.0, 10_000);
    }

    #[test]
    fn one_key_is_all_keys() {
        for exponent in [0.0, 1.0] {
            assert_eq!(KeyDistribution::zipf(1, exponent).key(0, 0, u64::MAX), 0);
        }
    }
}
