//! Events whose event times are not in order.

use crate::random::{Draws, below};
use crate::spec::{Knobs, nanos};

/// Names that the knob `disorder` takes.
pub const DISORDERS: &[&str] = &["uniform", "exponential"];

/// Means of an exponential distribution that fit into its bound, where it is cut.
const MEANS_IN_BOUND: f64 = 5.0;

/// How much earlier events have happened than they would have in order. Every event is up to
/// `disorder_ms` early, evenly or exponentially; a `late_fraction` of them is earlier than
/// watermarks allow for.
#[derive(Copy, Clone, Debug)]
pub struct Disorder {
    /// What watermarks allow for, in nanoseconds.
    bound: u64,
    /// Draws below this one make an event late.
    late_below: u64,
    /// Late events are up to this many nanoseconds earlier than the bound.
    late_span: u64,
    /// Whether most events are hardly early, rather than evenly so.
    is_exponential: bool,
    delays: Draws,
    lates: Draws,
}

impl Disorder {
    /// By the knobs `disorder`, `disorder_ms`, `late_fraction` and `window_ms`.
    pub fn new(knobs: &Knobs, seed: u64) -> Self {
        let bound = nanos(knobs, "disorder_ms") as u64;
        Self {
            bound,
            late_below: (knobs.number("late_fraction") * 2.0_f64.powi(64)) as u64,
            late_span: bound + nanos(knobs, "window_ms") as u64,
            is_exponential: knobs.name("disorder") == "exponential",
            delays: Draws::new(seed, "delays"),
            lates: Draws::new(seed, "lates"),
        }
    }

    /// Whether every event happens in order.
    pub const fn is_none(&self) -> bool {
        self.longest_nanos() == 0
    }

    /// The most that any event can be early, in nanoseconds.
    pub const fn longest_nanos(&self) -> i64 {
        (if self.late_below == 0 { self.bound } else { self.bound + self.late_span }) as i64
    }

    /// How much earlier an event has happened, in nanoseconds.
    // A call costs less than the registers that this would take from events in order.
    #[inline(never)]
    pub fn nanos(&self, number: u64) -> i64 {
        let draw = self.delays.at(number);
        if self.late_below > 0 && self.lates.at(number) < self.late_below {
            return (self.bound + 1 + below(draw, self.late_span)) as i64;
        }
        if self.is_exponential {
            return self.exponential(draw);
        }
        below(draw, self.bound + 1) as i64
    }

    /// By inversion of the distribution cut at the bound: no event lies on the bound itself more
    /// often than its density says.
    fn exponential(&self, draw: u64) -> i64 {
        let uniform = (draw >> 11) as f64 / 2.0_f64.powi(53);
        let within = 1.0 - (-MEANS_IN_BOUND).exp();
        let means = -(-uniform * within).ln_1p();
        let delay = means / MEANS_IN_BOUND * (self.bound + 1) as f64;
        (delay as u64).min(self.bound) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::knobs::common;

    #[test]
    fn without_late_events_the_bound_holds() {
        let disorder = Disorder::new(&common(&[("disorder_ms", "3")]), 1);
        let delays: Vec<i64> = (0..100_000).map(|number| disorder.nanos(number)).collect();
        assert!(delays.iter().all(|delay| (0..=3_000_000).contains(delay)));
        let mean = delays.iter().sum::<i64>() as f64 / delays.len() as f64;
        // Three standard errors of a uniform distribution's mean.
        assert!(
            (mean - 1_500_000.0).abs() < 3.0 * 3_000_000.0 / 12_f64.sqrt() / 100_000_f64.sqrt()
        );
        assert_eq!(disorder.longest_nanos(), 3_000_000);
    }

    #[test]
    fn exponential_delays_are_cut_at_the_bound() {
        let knobs = common(&[("disorder_ms", "3"), ("disorder", "exponential")]);
        let disorder = Disorder::new(&knobs, 1);
        let delays: Vec<i64> = (0..100_000).map(|number| disorder.nanos(number)).collect();
        assert!(delays.iter().all(|delay| (0..=3_000_000).contains(delay)));
        // By hand: with a mean of a fifth of the bound b and cut there, below b/5 lie
        // (1 - e^-1) / (1 - e^-5) = 63.64 %, below b/2 (1 - e^-2.5) / (1 - e^-5) = 92.41 %, and
        // the mean is b (1/5 - e^-5 / (1 - e^-5)) = 0.19322 b.
        let below = |limit| delays.iter().filter(|delay| **delay < limit).count();
        assert!(below(600_000).abs_diff(63_640) < 460, "{}", below(600_000));
        assert!(below(1_500_000).abs_diff(92_414) < 260, "{}", below(1_500_000));
        let mean = delays.iter().sum::<i64>() as f64 / 1e5;
        assert!((mean - 579_660.0).abs() < 6_000.0, "{mean}");
        assert_eq!(disorder.longest_nanos(), 3_000_000);
        assert_eq!([0, u64::MAX].map(|draw| disorder.exponential(draw)), [0, 3_000_000]);
    }

    #[test]
    fn late_events_are_as_frequent_and_as_late_as_asked_for() {
        let knobs = common(&[("disorder_ms", "3"), ("late_fraction", "0.01"), ("window_ms", "10")]);
        let disorder = Disorder::new(&knobs, 1);
        let delays: Vec<i64> = (0..100_000).map(|number| disorder.nanos(number)).collect();
        let late = delays.iter().filter(|&&delay| delay > 3_000_000).count();
        assert!(late.abs_diff(1_000) < 95, "{late} of 1000");
        assert!(delays.iter().all(|&delay| delay <= 16_000_000));
        assert!(delays.iter().any(|&delay| delay > 15_500_000));
        assert_eq!(disorder.longest_nanos(), 16_000_000);
    }

    #[test]
    fn all_events_can_be_late() {
        let disorder = Disorder::new(&common(&[("late_fraction", "1"), ("window_ms", "1")]), 1);
        assert!((0..10_000).all(|number| (1..=1_000_000).contains(&disorder.nanos(number))));
        assert!(Disorder::new(&common(&[]), 1).is_none());
    }
}
