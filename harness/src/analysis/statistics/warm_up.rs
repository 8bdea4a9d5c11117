//! Where the steady state of a run begins: MSER-5.
//!
//! White's marginal standard error rule (An Effective Truncation Heuristic for Bias Reduction in
//! Simulation Output, 1997) drops as many values at the start as make the squared standard error
//! of the mean of the rest smallest: dropping the warm-up lowers the variance, dropping more only
//! lowers the number of values. MSER-5 does so on means of five values, which takes single spikes
//! out (White, Cobb and Spratt 2000).
//!
//! The rule errs on the side of dropping too much. A steady series without any warm-up is called
//! unsteady in 10 % of cases at 50 values, 15 % at 100, 3 % at 200 and none of 2,000 at 600; with a
//! ramp over the first fifth in 14, 20, 5 and 0.1 % (normal noise of 2 %, 2,000 series each, in
//! Python). In none of them was a truncation point more than a batch before the end of the ramp.

/// Values per batch.
pub(crate) const BATCH: usize = 5;
/// Fewest batches of a series: fewer say nothing about a trend.
pub(crate) const FEWEST_BATCHES: usize = 10;
/// Fewest batches at the end that are never dropped, of which there is always a quarter: a few
/// that happen to be equal would have no error at all.
const KEPT_BATCHES: usize = 5;

/// The place of the first value of the steady state in a series of throughputs, one for each bin
/// of equal length; a multiple of [`BATCH`].
///
/// `None` when no steady state is found: the truncation point is not in the first half, the series
/// is shorter than [`BATCH`] times [`FEWEST_BATCHES`], or a value is not finite. Values at the
/// end that fill no batch are left out.
pub(crate) fn steady_from(throughputs: &[f64]) -> Option<usize> {
    let batches: Vec<f64> = throughputs.chunks_exact(BATCH).map(super::student::mean).collect();
    if batches.len() < FEWEST_BATCHES || batches.iter().any(|mean| !mean.is_finite()) {
        return None;
    }
    let mut best = (f64::INFINITY, 0);
    let kept = KEPT_BATCHES.max(batches.len() / 4);
    for dropped in 0..=batches.len() - kept {
        let error = squared_error(&batches[dropped..]);
        if error < best.0 {
            best = (error, dropped);
        }
    }
    let (_, dropped) = best;
    (2 * dropped < batches.len()).then_some(dropped * BATCH)
}

/// White's statistic: the squares of the distances from the mean, summed, over the squared number.
fn squared_error(values: &[f64]) -> f64 {
    let mean = super::student::mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    squares / (values.len() * values.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::statistics::synthetic::Synthetic;

    #[test]
    fn agrees_with_numpy() {
        // x = [min(10 * (i + 1), 300) + (7 * i) % 11 for i in range(100)]
        // b = np.array(x).reshape(-1, 5).mean(1)
        // [((b[d:] - b[d:].mean()) ** 2).sum() / (20 - d) ** 2 for d in (0, 5, 6, 15)]
        // -> 330.164, 1.468, 0.055, 0.248
        let value = |i: u32| f64::from((10 * (i + 1)).min(300) + (7 * i) % 11);
        let series: Vec<f64> = (0..100).map(value).collect();
        let batches: Vec<f64> = series.chunks(5).map(|it| it.iter().sum::<f64>() / 5.0).collect();
        for (dropped, expected) in [(0, 330.164), (5, 1.468), (6, 0.055), (15, 0.248)] {
            assert!((squared_error(&batches[dropped..]) - expected).abs() < 5e-4, "{dropped}");
        }
        assert_eq!(steady_from(&series), Some(30));
    }

    /// 200 values of 1,000 with noise of 2 %, and a ramp up to it over the first ones.
    fn ramp(synthetic: &mut Synthetic, length: usize) -> Vec<f64> {
        let level = |place: usize| 1_000.0 * (place as f64 / length as f64).min(1.0);
        (0..200).map(|place| level(place) + 20.0 * synthetic.normal()).collect()
    }

    #[test]
    fn a_planted_ramp_is_dropped() {
        let mut synthetic = Synthetic::new(40);
        let found: Vec<Option<usize>> =
            (0..1_000).map(|_| steady_from(&ramp(&mut synthetic, 40))).collect();
        // The last batch of the ramp is nearly at the level.
        assert!(found.iter().flatten().all(|place| *place >= 35));
        let soon = found.iter().flatten().filter(|place| **place <= 50).count();
        assert!(soon >= 700, "{soon} of 1,000");
        let unsteady = found.iter().filter(|place| place.is_none()).count();
        assert!(unsteady <= 90, "{unsteady} of 1,000");
    }

    #[test]
    fn a_series_without_warm_up_is_steady_from_its_start() {
        let mut synthetic = Synthetic::new(41);
        let found: Vec<Option<usize>> =
            (0..1_000).map(|_| steady_from(&ramp(&mut synthetic, 1)[1..])).collect();
        let at_once = found.iter().flatten().filter(|place| **place <= 20).count();
        assert!(at_once >= 800, "{at_once} of 1,000");
        let unsteady = found.iter().filter(|place| place.is_none()).count();
        assert!(unsteady <= 60, "{unsteady} of 1,000");
    }

    #[test]
    fn a_ramp_that_does_not_end_and_a_late_step_are_no_steady_state() {
        let mut synthetic = Synthetic::new(42);
        for _ in 0..200 {
            assert_eq!(steady_from(&ramp(&mut synthetic, 200)), None);
            let mut step = ramp(&mut synthetic, 1);
            step[140..].iter_mut().for_each(|value| *value += 200.0);
            assert_eq!(steady_from(&step), None);
        }
    }

    #[test]
    fn a_short_series_says_nothing_and_equal_values_are_steady() {
        assert_eq!(steady_from(&[7.0; 49]), None);
        assert_eq!(steady_from(&[7.0; 50]), Some(0));
        let mut series = [7.0; 50];
        series[3] = f64::INFINITY;
        assert_eq!(steady_from(&series), None);
    }
}
