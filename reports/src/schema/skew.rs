//! How evenly keys spread records over partitions: the figures, and what `skew` leaves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text;

/// Schema tag of [`SkewResult`].
pub const SKEW_SCHEMA: &str = "streamgauge.skew/1";

/// The largest load over the mean: 1 is even, the number of partitions is all on one. 1 when there
/// is no load.
///
/// ```
/// use reports::schema::skew::max_over_mean;
/// assert_eq!(max_over_mean(&[30, 10, 10, 10]), 2.0);
/// ```
pub fn max_over_mean(loads: &[u64]) -> f64 {
    let (largest, total) = (loads.iter().copied().max().unwrap_or(0), sum(loads));
    if total > 0.0 { largest as f64 * loads.len() as f64 / total } else { 1.0 }
}

/// Standard deviation of the loads over their mean; the loads are all there are, not a sample.
///
/// ```
/// use reports::schema::skew::coefficient_of_variation;
/// assert_eq!(coefficient_of_variation(&[3, 1]), 0.5);
/// ```
pub fn coefficient_of_variation(loads: &[u64]) -> f64 {
    let mean = sum(loads) / loads.len().max(1) as f64;
    if mean == 0.0 {
        return 0.0;
    }
    let squares: f64 = loads.iter().map(|&load| (load as f64 - mean).powi(2)).sum();
    (squares / loads.len() as f64).sqrt() / mean
}

/// Gini coefficient: mean difference between two loads over twice their mean. 0 is even; all on
/// one of M is 1 - 1/M.
///
/// ```
/// use reports::schema::skew::gini;
/// assert_eq!(gini(&[4, 0, 0, 0]), 0.75);
/// ```
pub fn gini(loads: &[u64]) -> f64 {
    let total = sum(loads);
    if total == 0.0 {
        return 0.0;
    }
    let mut sorted = loads.to_vec();
    sorted.sort_unstable();
    let count = sorted.len() as f64;
    let weighted: f64 =
        (1..).zip(&sorted).map(|(rank, &load): (u32, _)| f64::from(rank) * load as f64).sum();
    2.0 * weighted / (count * total) - (count + 1.0) / count
}

fn sum(loads: &[u64]) -> f64 {
    loads.iter().map(|&load| load as f64).sum()
}

/// The same records placed by every rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
pub struct SkewResult {
    /// Always [`SKEW_SCHEMA`].
    pub schema: String,
    /// When it began, UTC, `2026-11-22T17:52:04Z`.
    pub started: String,
    /// The command that reproduces it.
    pub command: String,
    /// The workload.
    #[serde(deserialize_with = "text::name")]
    pub workload: String,
    /// Its knobs as resolved.
    pub knobs: BTreeMap<String, Value>,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Whether the user stopped it before all events were read.
    #[serde(default)]
    pub interrupted: bool,
    /// Events that were to be read.
    #[serde(default)]
    pub events_planned: u64,
    /// Events read.
    pub events: u64,
    /// Exchange whose keys were placed, as the stages at both ends.
    pub exchange: String,
    /// Records that met the exchange, N.
    pub records: u64,
    /// Different keys among them.
    pub keys: u64,
    /// The most frequent keys, the most frequent first.
    pub hottest: Vec<HotKey>,
    /// Every figure.
    pub rows: Vec<SkewRow>,
    /// Loads window by window, for the heat map; of one window size and one parallelism.
    pub heat: Vec<Heat>,
    /// The machine and the build.
    pub environment: BTreeMap<String, Value>,
}

/// A key and how often it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HotKey {
    /// As printed.
    pub key: String,
    /// Its records.
    pub records: u64,
}

/// One placement over a number of partitions, over the run or within windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkewRow {
    /// The rule.
    pub placement: String,
    /// Partitions, M.
    pub parallelism: u32,
    /// `run`, `per_500` (windows of 500 records) or `per_batch`.
    pub scope: String,
    /// Windows the figures are means over, each weighed by its records; 1 for the run.
    pub windows: u64,
    /// Largest load over the mean.
    pub max_over_mean: f64,
    /// The worst window's.
    pub max_over_mean_worst: f64,
    /// Standard deviation of loads over their mean.
    pub coefficient_of_variation: f64,
    /// Gini coefficient.
    pub gini: f64,
    /// Records per partition over the run; empty for windows.
    pub records: Vec<u64>,
}

/// Scope of a row over the whole run.
pub const RUN: &str = "run";
/// Scope of a row over the batches of a micro-batch run.
pub const PER_BATCH: &str = "per_batch";

/// Scope of a row over windows of this many records.
pub fn per_window(records: u64) -> String {
    format!("per_{records}")
}

/// Loads of partitions in window after window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heat {
    /// The rule.
    pub placement: String,
    /// As in [`SkewRow`].
    pub scope: String,
    /// Records per partition, window by window.
    pub windows: Vec<Vec<u64>>,
}

/// Adds up figures window by window, each by its records: a batch of one record, all of it on one
/// partition, says little.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    windows: u64,
    records: f64,
    max_over_mean: f64,
    worst: f64,
    coefficient_of_variation: f64,
    gini: f64,
}

impl Tally {
    /// Adds the loads of a window.
    pub fn add(&mut self, loads: &[u64]) {
        let (skew, records) = (max_over_mean(loads), sum(loads));
        self.windows += 1;
        self.records += records;
        self.max_over_mean += skew * records;
        self.worst = self.worst.max(skew);
        self.coefficient_of_variation += coefficient_of_variation(loads) * records;
        self.gini += gini(loads) * records;
    }

    /// The means; `None` without a window.
    pub fn row(&self, placement: &str, parallelism: u32, scope: &str) -> Option<SkewRow> {
        let mean = |sum: f64| sum / self.records;
        (self.records > 0.0).then(|| SkewRow {
            placement: placement.to_owned(),
            parallelism,
            scope: scope.to_owned(),
            windows: self.windows,
            max_over_mean: mean(self.max_over_mean),
            max_over_mean_worst: self.worst,
            coefficient_of_variation: mean(self.coefficient_of_variation),
            gini: mean(self.gini),
            records: Vec::new(),
        })
    }
}

impl SkewResult {
    /// Partition counts, in the order in which they were asked for.
    pub fn parallelisms(&self) -> Vec<u32> {
        distinct(self.rows.iter().map(|row| row.parallelism))
    }

    /// Scopes, the run first.
    pub fn scopes(&self) -> Vec<&str> {
        distinct(self.rows.iter().map(|row| row.scope.as_str()))
    }

    /// Placements, in the order in which they were asked for.
    pub fn placements(&self) -> Vec<&str> {
        distinct(self.rows.iter().map(|row| row.placement.as_str()))
    }

    /// A row.
    pub fn row(&self, placement: &str, parallelism: u32, scope: &str) -> Option<&SkewRow> {
        self.rows.iter().find(|row| {
            (row.placement.as_str(), row.parallelism, row.scope.as_str())
                == (placement, parallelism, scope)
        })
    }
}

fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_hand_computation() {
        let loads = [1, 2, 3, 4];
        assert_eq!(max_over_mean(&loads), 1.6);
        // Deviations 1.5, 0.5, 0.5, 1.5: variance 1.25.
        assert!((coefficient_of_variation(&loads) - 1.25_f64.sqrt() / 2.5).abs() < 1e-12);
        // Mean absolute difference over all pairs, 20 / 16, over twice the mean.
        assert!((gini(&loads) - 0.25).abs() < 1e-12);
        assert_eq!((max_over_mean(&[5, 5]), gini(&[5, 5])), (1.0, 0.0));
        assert_eq!(
            (max_over_mean(&[]), gini(&[0]), coefficient_of_variation(&[])),
            (1.0, 0.0, 0.0)
        );
    }

    #[test]
    fn a_row_is_the_mean_over_windows() {
        let mut tally = Tally::default();
        assert_eq!(tally.row("modulo", 2, "per_4"), None);
        tally.add(&[4, 0]);
        tally.add(&[2, 2]);
        let row = tally.row("modulo", 2, "per_4").unwrap();
        assert_eq!((row.windows, row.max_over_mean, row.max_over_mean_worst), (2, 1.5, 2.0));
        assert_eq!(row.gini, 0.25);
        tally.add(&[12, 4]);
        assert_eq!(tally.row("modulo", 2, "per_batch").unwrap().max_over_mean, 1.5, "by records");
    }
}
