//! Percentiles over the samples of several runs together, where a single one is too short, with an
//! interval by a bootstrap in two stages: runs are drawn, then slices of a second within each.
//!
//! The samples of a run hang together, and those of a second more so: drawing samples one by one
//! would make intervals far too narrow. (Davison and Hinkley, Bootstrap Methods and their
//! Application, 1997, section 3.8.) With few runs such an interval is still too narrow: the tests
//! below hold how often it covers the truth.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::bootstrap::quantile;
use super::ratio::{CONFIDENCE, FEWEST_PAIRS};

/// Samples of a second, as (value, how often).
pub(crate) type SliceCounts = Vec<(u64, u64)>;

/// Samples that must lie beyond a percentile.
const SAMPLES_BEYOND: f64 = 10.0;
/// Times that runs and slices are drawn.
const RESAMPLES: usize = 1_000;
/// Seed of the draws: the same samples have the same interval.
const SEED: u64 = 0x706f_6f6c_6564;

/// A percentile of all samples.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pooled {
    pub(crate) value: u64,
    /// Below five runs `None`.
    pub(crate) interval: Option<(f64, f64)>,
    pub(crate) samples: u64,
}

/// These quantiles (between 0 and 1) of runs that each have slices; `None` where fewer than ten
/// samples lie beyond.
pub(crate) fn pooled(runs: &[&[SliceCounts]], quantiles: &[f64]) -> Vec<Option<Pooled>> {
    let ranked = Ranked::of(runs);
    let all = ranked.runs.iter().flatten();
    let mut counts = vec![0; ranked.values.len()];
    let values = ranked.at(all, quantiles, &mut counts);
    let samples: u64 = counts.iter().sum();
    let is_there = |quantile: f64| samples as f64 * (1.0 - quantile) >= SAMPLES_BEYOND;
    let drawn = if runs.len() < FEWEST_PAIRS || !quantiles.iter().any(|it| is_there(*it)) {
        Vec::new()
    } else {
        ranked.draw(quantiles)
    };
    let interval = |place: usize| {
        let mut values: Vec<f64> = drawn.iter().map(|drawn| drawn[place] as f64).collect();
        values.sort_by(f64::total_cmp);
        let tail = (1.0 - CONFIDENCE) / 2.0;
        (!values.is_empty()).then(|| (quantile(&values, tail), quantile(&values, 1.0 - tail)))
    };
    let pooled = |(place, quantile): (usize, &f64)| {
        let value = values[place];
        is_there(*quantile).then(|| Pooled { value, interval: interval(place), samples })
    };
    quantiles.iter().enumerate().map(pooled).collect()
}

/// The samples of some runs by the rank of their value, so that a draw sorts nothing.
struct Ranked {
    /// All values that occur, in order.
    values: Vec<u64>,
    /// Per run and slice: the place of a value among them, and how often it occurs.
    runs: Vec<Vec<Vec<(usize, u64)>>>,
}

impl Ranked {
    fn of(runs: &[&[SliceCounts]]) -> Self {
        let samples = runs.iter().flat_map(|run| run.iter().flatten());
        let mut values: Vec<u64> = samples.map(|(value, _)| *value).collect();
        values.sort_unstable();
        values.dedup();
        let place = |value: &u64| values.binary_search(value).expect("every value is among them");
        let slice = |slice: &SliceCounts| slice.iter().map(|(it, n)| (place(it), *n)).collect();
        let runs = runs.iter().map(|run| run.iter().map(slice).collect()).collect();
        Self { values, runs }
    }

    /// The quantiles of as many draws.
    fn draw(&self, quantiles: &[f64]) -> Vec<Vec<u64>> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(SEED);
        let mut one_of =
            |count: usize| workloads::random::below(random.next_u64(), count as u64) as usize;
        let mut counts = vec![0; self.values.len()];
        let mut draw = || {
            let mut slices = Vec::new();
            for _ in &self.runs {
                let run = &self.runs[one_of(self.runs.len())];
                slices.extend((0..run.len()).map(|_| &run[one_of(run.len())]));
            }
            self.at(slices.into_iter(), quantiles, &mut counts)
        };
        (0..RESAMPLES).map(|_| draw()).collect()
    }

    /// The quantiles of all samples of some slices. `counts` is left with how often each value occurs.
    fn at<'a>(
        &'a self,
        slices: impl Iterator<Item = &'a Vec<(usize, u64)>>,
        quantiles: &[f64],
        counts: &mut [u64],
    ) -> Vec<u64> {
        counts.fill(0);
        slices.flatten().for_each(|(place, count)| counts[*place] += count);
        let samples: u64 = counts.iter().sum();
        let value = |quantile: &f64| {
            let rank = ((samples as f64 * quantile).ceil() as u64).max(1);
            let mut seen = 0;
            let reached = counts.iter().position(|count| {
                seen += count;
                seen >= rank
            });
            reached.map_or(0, |place| self.values[place])
        };
        quantiles.iter().map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::statistics::synthetic::Synthetic;

    fn slice(values: impl IntoIterator<Item = u64>) -> SliceCounts {
        values.into_iter().map(|value| (value, 1)).collect()
    }

    #[test]
    fn a_percentile_is_that_of_all_samples_and_needs_ten_beyond() {
        let runs: Vec<Vec<SliceCounts>> =
            (0..5_u64).map(|run| vec![slice((1..=100).map(|n| n * 5 - run)), slice([])]).collect();
        let runs: Vec<&[SliceCounts]> = runs.iter().map(Vec::as_slice).collect();
        let found = pooled(&runs, &[0.5, 0.98, 0.99]);
        let median = found[0].as_ref().unwrap();
        assert_eq!((median.value, median.samples), (250, 500), "1 to 500");
        let (low, high) = median.interval.unwrap();
        assert!(low <= 250.0 && 250.0 <= high && low > 200.0 && high < 300.0, "{low} {high}");
        assert_eq!(found[1].as_ref().unwrap().value, 490, "ten lie beyond");
        assert_eq!(found[2], None, "five lie beyond");
        let four = pooled(&runs[..4], &[0.5]);
        assert_eq!(four[0].as_ref().unwrap().interval, None);
        assert_eq!(pooled(&[], &[0.5]), [None]);
        assert_eq!(pooled(&runs, &[0.5]), found[..1], "the same again");
    }

    /// How often the interval covers the truth, for runs that differ and whose seconds differ: the
    /// samples are exponential, with a mean that is drawn by run and by second.
    fn coverage(runs: usize, seed: u64) -> f64 {
        const EXPERIMENTS: usize = 200;
        let mut synthetic = Synthetic::new(seed);
        let run = |synthetic: &mut Synthetic| -> Vec<SliceCounts> {
            let of_run = 0.1 * synthetic.normal();
            let second = |synthetic: &mut Synthetic| {
                let scale = 1e6 * (of_run + 0.1 * synthetic.normal()).exp();
                slice((0..60).map(|_| (scale * synthetic.exponential()) as u64))
            };
            (0..3).map(|_| second(synthetic)).collect()
        };
        let many: Vec<SliceCounts> = (0..4_000).flat_map(|_| run(&mut synthetic)).collect();
        let truth = pooled(&[&many], &[0.9])[0].as_ref().unwrap().value as f64;
        let covers = |synthetic: &mut Synthetic| {
            let runs: Vec<Vec<SliceCounts>> = (0..runs).map(|_| run(synthetic)).collect();
            let runs: Vec<&[SliceCounts]> = runs.iter().map(Vec::as_slice).collect();
            let (low, high) = pooled(&runs, &[0.9])[0].as_ref().unwrap().interval.unwrap();
            low <= truth && truth <= high
        };
        let covered = (0..EXPERIMENTS).filter(|_| covers(&mut synthetic)).count();
        covered as f64 / EXPERIMENTS as f64
    }

    #[test]
    fn the_interval_covers_the_truth_about_as_often_as_it_says() {
        let (five, twenty) = (coverage(5, 1), coverage(20, 2));
        assert!((0.84..=0.98).contains(&five), "five runs: {five}");
        assert!((0.90..=0.99).contains(&twenty), "twenty runs: {twenty}");
    }
}
