//! Zipf's law: the k-th most frequent of K keys has a share proportional to 1/k^s.

/// Shares of keys, most frequent first, reduced to the two sums that closed forms need.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Zipf {
    /// Share of the most frequent key, 1/H(K, s).
    pub first: f64,
    /// Sum over keys of the squares of their shares, H(K, 2s)/H(K, s)².
    pub sum_of_squares: f64,
}

impl Zipf {
    /// Shares of a number of keys; an exponent of 0 is uniform.
    ///
    /// ```
    /// use reports::formulas::partitioning::zipf::Zipf;
    /// let uniform = Zipf::new(4, 0.0);
    /// assert_eq!((uniform.first, uniform.sum_of_squares), (0.25, 0.25));
    /// // 1 + 1/2 + 1/3 = 11/6.
    /// assert!((Zipf::new(3, 1.0).first - 6.0 / 11.0).abs() < 1e-12);
    /// ```
    pub fn new(keys: u64, exponent: f64) -> Self {
        let harmonic = |power: f64| (1..=keys).map(|k| (k as f64).powf(-power)).sum::<f64>();
        let (one, two) = (harmonic(exponent), harmonic(2.0 * exponent));
        Self { first: 1.0 / one, sum_of_squares: two / (one * one) }
    }

    /// The same with every key split into a number of keys with equal shares.
    #[must_use]
    pub fn split(self, parts: u32) -> Self {
        let parts = f64::from(parts.max(1));
        Self { first: self.first / parts, sum_of_squares: self.sum_of_squares / parts }
    }
}
