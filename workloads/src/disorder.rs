//! Events whose event times are not in order.

use crate::knobs;
use crate::random::{Draws, below};
use crate::spec::Knobs;

/// How much earlier events have happened than they would have in order. Every event is up to
/// `disorder_ms` early; a `late_fraction` of them is earlier than watermarks allow for.
#[derive(Copy, Clone, Debug)]
pub struct Disorder {
    /// What watermarks allow for, in nanoseconds.
    bound: u64,
    /// Draws below this one make an event late.
    late_below: u64,
    /// Late events are up to this many nanoseconds earlier than the bound.
    late_span: u64,
    delays: Draws,
    lates: Draws,
}

impl Disorder {
    /// By the knobs `disorder_ms`, `late_fraction` and `window_ms`.
    pub fn new(knobs: &Knobs, seed: u64) -> Self {
        let bound = knobs::nanos(knobs, "disorder_ms") as u64;
        Self {
            bound,
            late_below: (knobs.number("late_fraction") * 2.0_f64.powi(64)) as u64,
            late_span: bound + knobs::nanos(knobs, "window_ms") as u64,
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
        below(draw, self.bound + 1) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knobs::tests::common;

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
