//! The output flusher: hands over part-filled buffers from time to time.

use dataflow::ProcessingTime;

/// A clock that runs free: due at its phase and every interval from then on, however long ago the
/// buffers were last handed over.
///
/// Mirrors Flink's `OutputFlusher` (`execution.buffer-timeout.interval`): a period per subtask,
/// not a deadline per buffer.
#[derive(Clone, Debug)]
pub(crate) struct Periodic {
    interval_nanos: Option<u64>,
    next: ProcessingTime,
}

impl Periodic {
    /// With an interval in nanoseconds (`None`: never due) and a random number from which the
    /// phase is drawn.
    pub(crate) fn new(interval_nanos: Option<u64>, start: ProcessingTime, random: u64) -> Self {
        let interval_nanos = interval_nanos.map(|interval| interval.max(1));
        let next = match interval_nanos {
            Some(interval) => start.after(random % interval + 1),
            None => ProcessingTime::MAX,
        };
        Self { interval_nanos, next }
    }

    /// When it is due next.
    pub(crate) const fn next(&self) -> ProcessingTime {
        self.next
    }

    /// Whether it is due; periods that were missed are not made up for.
    pub(crate) fn is_due(&mut self, now: ProcessingTime) -> bool {
        let Some(interval) = self.interval_nanos else { return false };
        if now < self.next {
            return false;
        }
        let missed = now.since(self.next) / interval;
        self.next = self.next.after((missed + 1) * interval);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_free_and_does_not_make_up_for_missed_periods() {
        let mut flusher = Periodic::new(Some(100), ProcessingTime(0), 39);
        assert_eq!(flusher.next(), ProcessingTime(40));
        assert!(!flusher.is_due(ProcessingTime(39)));
        assert!(flusher.is_due(ProcessingTime(40)));
        assert!(flusher.is_due(ProcessingTime(371)), "140, 240 and 340 have passed");
        assert_eq!(flusher.next(), ProcessingTime(440));
        let mut never = Periodic::new(None, ProcessingTime(0), 1);
        assert!(!never.is_due(ProcessingTime(u64::MAX - 1)));
    }
}
