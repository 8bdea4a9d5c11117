//! How long to wait before a job is started again.

use dataflow::ProcessingTime;

/// Flink's `exponential-delay` restart strategy: each delay a multiple of the one before, up to a
/// bound, with jitter, and back to the first after a long time without failure.
#[derive(Clone, Debug)]
pub(crate) struct RestartBackoff {
    initial_nanos: u64,
    max_nanos: u64,
    current_nanos: u64,
    last_failure: Option<ProcessingTime>,
}

/// `restart-strategy.exponential-delay.backoff-multiplier`.
const MULTIPLIER: f64 = 1.5;
/// `restart-strategy.exponential-delay.jitter-factor`.
const JITTER: f64 = 0.1;
/// `restart-strategy.exponential-delay.reset-backoff-threshold`: an hour.
const RESET_NANOS: u64 = 3_600 * 1_000_000_000;

impl RestartBackoff {
    /// With the first and the longest delay, in nanoseconds.
    pub(crate) const fn new(initial_nanos: u64, max_nanos: u64) -> Self {
        Self { initial_nanos, max_nanos, current_nanos: initial_nanos, last_failure: None }
    }

    /// The delay after a failure at `now`, in nanoseconds; `random` draws the jitter.
    pub(crate) fn delay(&mut self, now: ProcessingTime, random: u64) -> u64 {
        if self.last_failure.is_some_and(|last| now.since(last) >= RESET_NANOS) {
            self.current_nanos = self.initial_nanos;
        }
        self.last_failure = Some(now);
        let base = self.current_nanos.min(self.max_nanos);
        self.current_nanos = (base as f64 * MULTIPLIER) as u64;
        let share = random as f64 / u64::MAX as f64 * 2.0 - 1.0;
        (base as f64 * (1.0 + JITTER * share)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: u64 = u64::MAX / 2;

    #[test]
    fn delays_grow_by_half_up_to_the_bound_and_start_over_after_an_hour() {
        let mut backoff = RestartBackoff::new(1_000, 3_000);
        let mut delay = |now| (backoff.delay(ProcessingTime(now), MIDDLE) as f64 / 10.0).round();
        assert_eq!([delay(1), delay(2), delay(3), delay(4)], [100.0, 150.0, 225.0, 300.0]);
        assert_eq!(delay(5 + RESET_NANOS), 100.0);
    }

    #[test]
    fn jitter_is_a_tenth_to_either_side() {
        let delay = |random| RestartBackoff::new(1_000, 3_000).delay(ProcessingTime(0), random);
        assert_eq!([delay(0), delay(u64::MAX)], [900, 1_100]);
    }
}
