//! Log-ratios of duets, whose sides swap their cores every round: what the cores differ by is taken out.
//!
//! One core may serve interrupts, or have more of what else runs. It then adds to the log-ratio of one
//! round what it takes from that of the next: the mean over rounds stays what it is, but the scatter,
//! and with it the interval, is far too large. So the scatter is that within rounds of the same kind.

use super::ratio::FEWEST_PAIRS;
use super::student::{half_width, mean};

/// The log-ratios of rounds with whether cores were swapped in them, such that their mean is the mean
/// of both kinds and Student's interval of them, at this confidence (between 0 and 1), that of a
/// two-way layout: by the scatter within the kinds, at two degrees of freedom less than rounds.
/// With fewer than two rounds of a kind they stay as they are.
pub(crate) fn without_core_effect(rounds: &[(f64, bool)], confidence: f64) -> Vec<f64> {
    let of = |kind: bool| -> Vec<f64> {
        rounds.iter().filter(|(_, swapped)| *swapped == kind).map(|(log, _)| *log).collect()
    };
    let (straight, swapped) = (of(false), of(true));
    let widen = widening(straight.len(), swapped.len(), confidence);
    let Some(widen) = widen.filter(|_| straight.len().min(swapped.len()) >= 2) else {
        return rounds.iter().map(|(log, _)| *log).collect();
    };
    // Of so few there is a range, and no interval.
    let widen = if rounds.len() < FEWEST_PAIRS { 1.0 } else { widen };
    let (of_straight, of_swapped) = (mean(&straight), mean(&swapped));
    let centre = f64::midpoint(of_straight, of_swapped);
    let about = |(log, is_swapped): &(f64, bool)| {
        centre + widen * (log - if *is_swapped { of_swapped } else { of_straight })
    };
    let logs: Vec<f64> = rounds.iter().map(about).collect();
    // Where one kind has more rounds than the other, the mean of all is not that of both.
    let off = mean(&logs) - centre;
    logs.into_iter().map(|log| log - off).collect()
}

/// What the scatter within kinds is multiplied by, so that an interval which knows nothing of kinds is
/// the right one.
fn widening(straight: usize, swapped: usize, confidence: f64) -> Option<f64> {
    let (p, q) = (straight as f64, swapped as f64);
    let rounds = p + q;
    let own = half_width(1.0, rounds - 2.0, confidence)?;
    let other = half_width(1.0, rounds - 1.0, confidence)?;
    let scatter = (rounds - 1.0) * rounds * (1.0 / p + 1.0 / q) / (4.0 * (rounds - 2.0));
    Some(own / other * scatter.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::statistics::ratio::{CONFIDENCE, Ratio};
    use crate::analysis::statistics::student_interval;
    use crate::analysis::statistics::synthetic::Synthetic;

    #[test]
    fn agrees_with_a_linear_model() {
        // import statsmodels.api as sm; import numpy as np
        // y = [.1, .3, .12, .33, .11]; s = [0, 1, 0, 1, 0]; x = sm.add_constant(np.array(s) - .5)
        // By hand: means .11 and .315, residual sum of squares .00065, 3 degrees of freedom;
        // standard error sqrt(.00065 / 3 * (1/3 + 1/2) / 4) = .0067185, t(3) = 3.1824463
        let rounds = [(0.1, false), (0.3, true), (0.12, false), (0.33, true), (0.11, false)];
        let logs = without_core_effect(&rounds, CONFIDENCE);
        let (low, high) = student_interval(&logs, CONFIDENCE).unwrap();
        let half = 3.182_446_3 * (0.000_65_f64 / 3.0 * (1.0 / 3.0 + 0.5) / 4.0).sqrt();
        assert!((f64::midpoint(low, high) - 0.2125).abs() < 1e-12, "{low} {high}");
        assert!(((high - low) / 2.0 - half).abs() < 1e-7, "{low} {high} {half}");
    }

    #[test]
    fn with_one_round_of_a_kind_there_is_nothing_to_take_out() {
        let rounds = [(0.1, false), (0.3, true), (0.2, false)];
        assert_eq!(without_core_effect(&rounds, CONFIDENCE), [0.1, 0.3, 0.2]);
        assert_eq!(without_core_effect(&[], CONFIDENCE), [0.0; 0]);
    }

    #[test]
    fn the_interval_covers_the_truth_whatever_the_cores_differ_by() {
        let mut synthetic = Synthetic::new(11);
        for (rounds, effect) in [(5, 0.0), (5, 0.5), (10, 0.1), (11, 2.0)] {
            let mut covers = || {
                let round = |place: usize| {
                    let swapped = place % 2 == 1;
                    (0.02 * synthetic.normal() + if swapped { -effect } else { effect }, swapped)
                };
                let rounds: Vec<(f64, bool)> = (0..rounds).map(round).collect();
                let logs = without_core_effect(&rounds, CONFIDENCE);
                Ratio::of_logs(&logs, CONFIDENCE).unwrap().contains_one()
            };
            let covered = (0..4_000).filter(|_| covers()).count() as f64 / 4_000.0;
            assert!((0.935..=0.965).contains(&covered), "{rounds} rounds, {effect}: {covered}");
        }
    }
}
