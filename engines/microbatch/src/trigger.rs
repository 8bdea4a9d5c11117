//! When a batch is due.

use dataflow::ProcessingTime;

/// Spark's `ProcessingTime` trigger: boundaries of a fixed interval. The next boundary is
/// computed before a batch runs; a batch that overruns it is followed at once, and boundaries
/// that were missed are not made up for.
#[derive(Clone, Debug)]
pub(crate) struct TriggerClock {
    interval_nanos: u64,
    phase_nanos: u64,
}

impl TriggerClock {
    /// With an interval in nanoseconds (0: back to back) and a random number from which the phase
    /// of the boundaries is drawn.
    pub(crate) fn new(interval_nanos: u64, random: u64) -> Self {
        Self { interval_nanos, phase_nanos: random.checked_rem(interval_nanos).unwrap_or(0) }
    }

    /// The boundary after `now`; `now` itself when batches run back to back.
    pub(crate) fn next_after(&self, now: ProcessingTime) -> ProcessingTime {
        let Some(passed) = (now.0 + self.interval_nanos)
            .saturating_sub(self.phase_nanos)
            .checked_div(self.interval_nanos)
        else {
            return now;
        };
        ProcessingTime(passed * self.interval_nanos + self.phase_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_fixed_and_lie_after_now() {
        let clock = TriggerClock::new(100, 130);
        let next = |now| clock.next_after(ProcessingTime(now)).0;
        assert_eq!([next(0), next(29), next(30), next(31), next(130)], [30, 30, 130, 130, 230]);
    }

    #[test]
    fn back_to_back_is_due_at_once() {
        let clock = TriggerClock::new(0, 7);
        assert_eq!(clock.next_after(ProcessingTime(5)), ProcessingTime(5));
    }
}
