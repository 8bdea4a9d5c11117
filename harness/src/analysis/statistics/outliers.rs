//! Values that stand apart from the others. They are flagged and kept: an outlier of a benchmark
//! is part of what the machine does, and dropping it would make the interval too narrow.
//!
//! The rule is Iglewicz and Hoaglin's (How to Detect and Handle Outliers, 1993): a modified
//! z-score, 0.6745 times the distance from the median over the median absolute deviation, of more
//! than 3.5. In few values the deviation itself is uncertain, so the rule also flags values of
//! clean (normal) series: at least one in 21 % of series of 5 values, 17 % of 7, 13 % of 10 and 10 %
//! of 20 (40,000 series each, in Python). A flag is a reason to look at a run, no more.

/// Values below which none stands apart.
pub(crate) const FEWEST_VALUES: usize = 5;
/// Modified z-scores above this are outliers'.
pub(crate) const LARGEST_SCORE: f64 = 3.5;
/// The median absolute deviation of a normal distribution, in its standard deviations.
const MEDIAN_DEVIATION: f64 = 0.6745;
/// The mean absolute deviation of a normal distribution, in its standard deviations.
const MEAN_DEVIATION: f64 = 0.797_885;

/// Where in a series of logarithms the outliers are, in order; none in fewer than
/// [`FEWEST_VALUES`], and none where a value is not finite.
///
/// Where more than half of the values are equal, the mean absolute deviation from the median takes
/// the place of the median one, which is 0.
pub(crate) fn outliers(logs: &[f64]) -> Vec<usize> {
    if logs.len() < FEWEST_VALUES || logs.iter().any(|log| !log.is_finite()) {
        return Vec::new();
    }
    let middle = median(logs);
    let distances: Vec<f64> = logs.iter().map(|log| (log - middle).abs()).collect();
    let mut deviation = median(&distances) / MEDIAN_DEVIATION;
    if deviation == 0.0 {
        deviation = super::student::mean(&distances) / MEAN_DEVIATION;
    }
    let stands_apart = |distance: f64| distance > LARGEST_SCORE * deviation;
    (0..logs.len()).filter(|place| stands_apart(distances[*place])).collect()
}

/// The middle value, or the mean of the two middle ones; there is at least one.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::statistics::synthetic::Synthetic;

    #[test]
    fn agrees_with_scipy() {
        // v = np.log([10, 11, 9, 10.5, 9.5, 10.2, 14])
        // 0.6745 * (v - np.median(v)) / stats.median_abs_deviation(v)
        // -> -0.188, 0.716, -1.187, 0.275, -0.6745, 0, 3.004; with 14.7 for 14: 3.467, with 14.8: 3.531
        let series = |last: f64| [10.0, 11.0, 9.0, 10.5, 9.5, 10.2, last].map(f64::ln);
        for (last, expected) in [(14.0, vec![]), (14.7, vec![]), (14.8, vec![6])] {
            assert_eq!(outliers(&series(last)), expected, "{last}");
        }
    }

    #[test]
    fn where_most_are_equal_the_mean_deviation_decides() {
        assert_eq!(outliers(&[1.0; 9]), Vec::<usize>::new());
        // The mean deviation of one value in n is its distance over n: 0.798 n is more than 3.5
        // from 5 values on.
        assert_eq!(outliers(&[1.0, 1.0, 1.0, 1.0, 1.5]), [4]);
        assert_eq!(outliers(&[1.0, 1.0, 1.0, 1.5]), Vec::<usize>::new());
        assert_eq!(outliers(&[1.0, 1.0, f64::NAN, 1.0, 1.5]), Vec::<usize>::new());
    }

    #[test]
    fn planted_outliers_are_found_on_either_side() {
        let mut synthetic = Synthetic::new(3);
        for _ in 0..1_000 {
            let mut logs = synthetic.normals(20, 0.02);
            logs[7] = 0.5;
            logs[11] = -0.5;
            let found = outliers(&logs);
            assert!(found.contains(&7) && found.contains(&11), "{found:?}");
        }
    }

    #[test]
    fn clean_series_are_flagged_as_often_as_stated() {
        let mut synthetic = Synthetic::new(4);
        for (count, stated) in [(5, 207), (7, 171), (10, 125), (20, 99)] {
            let is_flagged = |_: &u32| !outliers(&synthetic.normals(count, 0.02)).is_empty();
            let flagged = (0..1_000).filter(is_flagged).count();
            // Three standard deviations of the number of series.
            assert!(flagged.abs_diff(stated) < 40, "{count} values: {flagged} of 1,000");
        }
    }
}
