//! What a calibration has found.

use serde::Serialize;

/// What a calibration has found.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    pub(super) prices: Vec<FoundPrice>,
    pub(super) runs: Vec<Measured>,
    pub(super) repeats: usize,
    pub(super) parallelism: u32,
    pub(super) seed: u64,
}

/// A price, and the least and the most that a single repeat would have found.
#[derive(Debug, Serialize)]
pub(super) struct FoundPrice {
    pub(super) kind: &'static str,
    /// The number of keys that it is for, if it depends on that.
    pub(super) keys: Option<u64>,
    pub(super) price_ns: f64,
    pub(super) range_ns: (f64, f64),
}

/// What a design took, and what prices say of it.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) name: &'static str,
    /// What a figure is of: a `record` or a `batch`.
    pub(super) of: &'static str,
    pub(super) engine: &'static str,
    pub(super) workload: &'static str,
    /// Of each repeat.
    pub(super) events: u64,
    /// Median, least and most over repeats.
    pub(super) took_ns: f64,
    pub(super) least_ns: f64,
    pub(super) most_ns: f64,
    pub(super) fitted_ns: f64,
    /// By how much the prices that all other runs give are off, as a share; `null` if this run alone
    /// tells of a price.
    pub(super) left_out_error: Option<f64>,
}

impl Found {
    /// The median and the largest error of runs that were left out, as shares, and how many could be.
    pub(super) fn error(&self) -> Option<(f64, f64, usize)> {
        let mut errors: Vec<f64> =
            self.runs.iter().filter_map(|run| run.left_out_error).map(f64::abs).collect();
        errors.sort_by(f64::total_cmp);
        let largest = *errors.last()?;
        Some((errors[errors.len() / 2], largest, errors.len()))
    }
}
