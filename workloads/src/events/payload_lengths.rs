//! How long payloads are.

use rand_distr::{Distribution, LogNormal};

use crate::random::Draws;
use crate::spec::Knobs;

/// Names that the knob `payload_distribution` takes.
pub(crate) const PAYLOAD_DISTRIBUTIONS: &[&str] = &["fixed", "uniform", "log-normal"];

/// Different payloads of a generator, each of a length of its own.
pub(crate) const VARIANTS: u64 = 64;
/// Standard deviation of the natural logarithm of log-normal lengths: the longest of the lengths
/// is about eight times the mean.
const LOG_NORMAL_SIGMA: f64 = 1.0;
/// Draws behind each of the log-normal lengths.
const DRAWS_EACH: usize = 256;

/// As many lengths as there are payloads, each as likely as the others, in bytes. They stand for
/// the distribution: the n-th is what its n-th part of 64 has on average, and their mean is the one
/// asked for, to a byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadLengths {
    lengths: Box<[u64]>,
}

impl PayloadLengths {
    /// By the knobs `payload_bytes` and `payload_distribution`.
    pub fn of(knobs: &Knobs) -> Self {
        let mean = knobs.integer("payload_bytes");
        match knobs.name("payload_distribution") {
            "uniform" => Self::uniform(mean),
            "log-normal" => Self::log_normal(mean),
            _ => Self::fixed(mean),
        }
    }

    /// All of the same length.
    pub fn fixed(bytes: u64) -> Self {
        Self { lengths: vec![bytes; VARIANTS as usize].into() }
    }

    /// From 0 to twice the mean, evenly.
    fn uniform(mean: u64) -> Self {
        let step = 2.0 * mean as f64 / VARIANTS as f64;
        Self::rounded((0..VARIANTS).map(|part| (part as f64 + 0.5) * step))
    }

    /// Log-normal with this mean.
    fn log_normal(mean: u64) -> Self {
        let Ok(distribution) = LogNormal::new(0.0, LOG_NORMAL_SIGMA) else {
            unreachable!("a deviation of {LOG_NORMAL_SIGMA} is finite");
        };
        // The same for every seed, so that the seed does not change how many bytes there are.
        let mut generator = Draws::new(0, "payload lengths").generator(0);
        let count = VARIANTS as usize * DRAWS_EACH;
        let mut drawn: Vec<f64> = distribution.sample_iter(&mut generator).take(count).collect();
        drawn.sort_unstable_by(f64::total_cmp);
        let scale = mean as f64 * VARIANTS as f64 / drawn.iter().sum::<f64>();
        Self::rounded(drawn.chunks(DRAWS_EACH).map(|part| part.iter().sum::<f64>() * scale))
    }

    /// Whole bytes, whose sum is that of the fractions.
    fn rounded(lengths: impl Iterator<Item = f64>) -> Self {
        let (mut exact, mut so_far) = (0.0, 0);
        let lengths = lengths.map(|length| {
            exact += length;
            let bytes = exact.round() as u64 - so_far;
            so_far += bytes;
            bytes
        });
        Self { lengths: lengths.collect() }
    }

    /// The length for a draw, of which the lowest bits count.
    #[inline]
    pub fn pick(&self, draw: u64) -> u64 {
        self.lengths[(draw % VARIANTS) as usize]
    }

    /// Whether all lengths are 0.
    pub fn is_empty(&self) -> bool {
        self.lengths.iter().all(|length| *length == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::knobs::common;

    fn lengths(distribution: &str, mean: &str) -> Vec<u64> {
        let knobs = common(&[("payload_bytes", mean), ("payload_distribution", distribution)]);
        let lengths = PayloadLengths::of(&knobs);
        (0..VARIANTS).map(|draw| lengths.pick(draw)).collect()
    }

    #[test]
    fn the_mean_is_the_one_asked_for() {
        for distribution in PAYLOAD_DISTRIBUTIONS {
            for mean in [1, 10, 100, 1_000_000] {
                let sum: u64 = lengths(distribution, &mean.to_string()).iter().sum();
                assert!(sum.abs_diff(mean * VARIANTS) <= 1, "{distribution} {mean}: {sum}");
            }
        }
    }

    #[test]
    fn lengths_are_spread_as_the_distribution_says() {
        assert_eq!(lengths("fixed", "100"), [100; 64]);
        let uniform = lengths("uniform", "1000");
        assert_eq!((uniform[0], uniform[32], uniform[63]), (16, 1_016, 1_984));
        let log_normal = lengths("log-normal", "1000");
        // The median is the mean times e to minus a half of sigma squared.
        assert!(log_normal[31] < 607 && log_normal[32] > 606, "{log_normal:?}");
        // The highest of 64 parts begins 2.154 deviations up and has on average the mean times
        // 64 times the normal distribution's tail from 1.154 deviations on: 64 x 0.1243 = 7.96.
        assert!((7_200..8_800).contains(&log_normal[63]), "{log_normal:?}");
        // One deviation below the median, at the quantile 0.1587.
        assert!((205..240).contains(&log_normal[10]), "{log_normal:?}");
    }

    #[test]
    fn nothing_is_empty() {
        assert!(PayloadLengths::fixed(0).is_empty() && !PayloadLengths::fixed(1).is_empty());
    }
}
