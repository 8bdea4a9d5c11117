//! Figures drawn at random for the tests of statistics, the same every time.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A source of draws with a known truth.
pub(super) struct Synthetic(Xoshiro256PlusPlus);

impl Synthetic {
    /// The same seed draws the same figures.
    pub(super) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Evenly between 0 (left out) and 1.
    pub(super) fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 1.0) / (1_u64 << 53) as f64
    }

    /// Normal with mean 0 and standard deviation 1, by Box and Muller.
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Exponential with mean 1: skewed to the right.
    pub(super) fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    /// So many of [`Synthetic::normal`], with this standard deviation.
    pub(super) fn normals(&mut self, count: usize, deviation: f64) -> Vec<f64> {
        (0..count).map(|_| deviation * self.normal()).collect()
    }
}
