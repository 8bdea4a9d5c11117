//! The bootstrap-t interval of a ratio, for log-ratios that are not normal.
//!
//! Log-ratios are drawn from those measured, as many as there are, with replacement; the t of each
//! such sample takes the place of Student's t (Efron and Tibshirani, An Introduction to the
//! Bootstrap, 1993, section 12.5). The two tails are then as unequal as the figures are skewed.
//!
//! At 20 pairs, 2,000 experiments in Python: log-ratios from an exponential distribution are
//! covered in 93.7 % of experiments (Student's: 91.6 %), from a normal one in 95.1 % (94.9 %),
//! and from a log-normal one with a deviation of 1 in 92.1 % (87.6 %): better, but not cured.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::student::{mean, standard_error};

/// Pairs below which too few different samples can be drawn.
pub(crate) const FEWEST_PAIRS: usize = 20;
/// Samples drawn.
pub(crate) const RESAMPLES: usize = 2_000;
/// Seed of the draws: the same figures have the same interval.
const SEED: u64 = 0x7374_7265_616d;

/// The interval of this confidence (between 0 and 1) for the ratio, from log-ratios.
///
/// `None` below [`FEWEST_PAIRS`], and when so many figures are equal that samples without any
/// variance leave an end of it open.
pub(crate) fn interval(logs: &[f64], confidence: f64) -> Option<(f64, f64)> {
    if logs.len() < FEWEST_PAIRS || logs.iter().any(|log| !log.is_finite()) {
        return None;
    }
    let (mean, error) = (mean(logs), standard_error(logs));
    let centred: Vec<f64> = logs.iter().map(|log| log - mean).collect();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(SEED);
    let mut students: Vec<f64> =
        (0..RESAMPLES).map(|_| student_of_sample(&centred, &mut random)).collect();
    students.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    let low = mean - quantile(&students, 1.0 - tail) * error;
    let high = mean - quantile(&students, tail) * error;
    (low.is_finite() && high.is_finite()).then(|| (low.exp(), high.exp()))
}

/// The t of one sample drawn from values with mean 0; infinite for one of equal values.
fn student_of_sample(centred: &[f64], random: &mut Xoshiro256PlusPlus) -> f64 {
    let (mut sum, mut squares) = (0.0, 0.0);
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for _ in centred {
        let value =
            centred[workloads::random::below(random.next_u64(), centred.len() as u64) as usize];
        sum += value;
        squares += value * value;
        least = value.min(least);
        most = value.max(most);
    }
    let count = centred.len() as f64;
    let mean = sum / count;
    let variance = ((squares - count * mean * mean) / (count - 1.0)).max(0.0);
    if least < most {
        mean / (variance / count).sqrt()
    } else if mean == 0.0 {
        0.0
    } else {
        f64::INFINITY.copysign(mean)
    }
}

/// The quantile of sorted values, between two of them in proportion.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    if part == 0.0 { low } else { low + (high - low) * part }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::statistics::ratio::{CONFIDENCE, Ratio};
    use crate::analysis::statistics::synthetic::Synthetic;

    /// y = [round(-np.log(1 - (i + 0.5) / 20), 3) for i in range(20)]
    const SKEWED: [f64; 20] = [
        0.025, 0.078, 0.134, 0.192, 0.255, 0.322, 0.393, 0.47, 0.553, 0.644, 0.744, 0.856, 0.981,
        1.124, 1.291, 1.492, 1.743, 2.079, 2.59, 3.689,
    ];

    #[test]
    fn agrees_with_numpy() {
        // r = y[np.random.default_rng(0).integers(0, 20, (400_000, 20))]
        // t = (r.mean(1) - y.mean()) / (r.std(1, ddof=1) / np.sqrt(20))
        // low, high = np.quantile(t, [0.025, 0.975]); se = stats.sem(y)
        // y.mean() - high * se, y.mean() - low * se -> 0.620331, 1.621204
        // The ends from 2,000 samples instead have standard deviations of 0.011 and 0.027.
        let (low, high) = interval(&SKEWED, CONFIDENCE).unwrap();
        assert!((low.ln() - 0.620_331).abs() < 0.033, "{}", low.ln());
        assert!((high.ln() - 1.621_204).abs() < 0.082, "{}", high.ln());
        assert_eq!(interval(&SKEWED, CONFIDENCE), Some((low, high)), "the same every time");
    }

    #[test]
    fn too_few_or_too_equal_figures_have_no_interval() {
        assert_eq!(interval(&SKEWED[1..], CONFIDENCE), None);
        let mut equal = [0.0; 20];
        assert_eq!(interval(&equal, CONFIDENCE), Some((1.0, 1.0)));
        // 36 of 100 samples miss the one that differs, and have no variance.
        equal[3] = 1.0;
        assert_eq!(interval(&equal, CONFIDENCE), None);
        equal[3] = f64::NAN;
        assert_eq!(interval(&equal, CONFIDENCE), None);
    }

    #[test]
    fn skewed_figures_are_covered_better_than_by_student() {
        let mut synthetic = Synthetic::new(20);
        let (mut covered, mut by_student) = (0, 0);
        for _ in 0..1_000 {
            let logs: Vec<f64> = (0..20).map(|_| synthetic.exponential() - 1.0).collect();
            let covers = |(low, high): (f64, f64)| u32::from(low <= 1.0 && 1.0 <= high);
            covered += covers(interval(&logs, CONFIDENCE).unwrap());
            by_student += covers(Ratio::of_logs(&logs, CONFIDENCE).unwrap().interval);
        }
        assert!((920..=970).contains(&covered), "{covered} of 1,000");
        assert!(covered > by_student, "{covered} against {by_student}");
    }
}
