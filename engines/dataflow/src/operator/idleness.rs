//! Which splits of a source are idle: without events for so long that they hold no watermark back.

use crate::record::time::ProcessingTime;

/// Tells idle splits by what looks at them have found, as Flink's `WatermarkStrategy.withIdleness`. A
/// split is known to be idle only as of the last look at it: what has come since and was not found
/// yet counts as nothing and makes nothing idle.
#[derive(Clone, Debug)]
pub struct Idleness {
    /// `None`: no split is ever idle.
    timeout_nanos: Option<u64>,
    /// By the places of splits; `None` for one with events.
    quiet: Vec<Option<Quiet>>,
    paused_nanos: u64,
}

/// Looks at a split that have found nothing, on a clock that stands still while nothing can be read.
#[derive(Copy, Clone, Debug)]
struct Quiet {
    first: u64,
    last: u64,
}

impl Idleness {
    /// Of so many splits, which are idle after so many nanoseconds without events.
    pub fn new(timeout_nanos: Option<u64>, splits: usize) -> Self {
        Self { timeout_nanos, quiet: vec![None; splits], paused_nanos: 0 }
    }

    /// A look at the split in a place has found something to read.
    #[inline]
    pub fn found_events(&mut self, place: usize) {
        self.quiet[place] = None;
    }

    /// A look at the split in a place has found nothing.
    #[inline]
    pub fn found_nothing(&mut self, place: usize, now: ProcessingTime) {
        if self.timeout_nanos.is_some() {
            let now = now.0.saturating_sub(self.paused_nanos);
            self.quiet[place].get_or_insert(Quiet { first: now, last: now }).last = now;
        }
    }

    /// Nothing could be read for so many nanoseconds in all, as there was no room for it: they do not
    /// count (Flink's `PausableRelativeClock`).
    pub fn set_paused(&mut self, nanos: u64) {
        self.paused_nanos = nanos;
    }

    /// Whether the split in a place is idle.
    #[inline]
    pub fn is_idle(&self, place: usize) -> bool {
        let Some(timeout) = self.timeout_nanos else { return false };
        self.quiet[place].is_some_and(|quiet| quiet.last - quiet.first >= timeout)
    }

    /// When a look would find the first split idle that is not, if it found nothing until then.
    pub fn next_idle_at(&self) -> Option<ProcessingTime> {
        let timeout = self.timeout_nanos?;
        let waiting = (0..self.quiet.len()).filter(|place| !self.is_idle(*place));
        let first = waiting.filter_map(|place| self.quiet[place]).map(|quiet| quiet.first).min()?;
        Some(ProcessingTime(first.saturating_add(timeout).saturating_add(self.paused_nanos)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: u64 = 1_000_000;

    fn at(millis: u64) -> ProcessingTime {
        ProcessingTime::from_millis(millis)
    }

    #[test]
    fn a_split_is_idle_once_nothing_has_come_for_so_long_and_active_again_with_an_event() {
        let mut idleness = Idleness::new(Some(100 * MILLI), 2);
        idleness.found_nothing(1, at(50));
        assert_eq!(idleness.next_idle_at(), Some(at(150)));
        idleness.found_nothing(1, at(149));
        assert!(!idleness.is_idle(1));
        idleness.found_nothing(1, at(150));
        assert!(idleness.is_idle(1) && !idleness.is_idle(0));
        assert_eq!(idleness.next_idle_at(), None, "the other one has events");
        idleness.found_events(1);
        assert!(!idleness.is_idle(1));
        idleness.found_nothing(1, at(300));
        assert!(!idleness.is_idle(1), "it is counted from its last event");
    }

    #[test]
    fn what_nobody_has_looked_at_is_not_idle() {
        let mut idleness = Idleness::new(Some(100 * MILLI), 1);
        idleness.found_nothing(0, at(0));
        // An hour of work on other splits: something may have come meanwhile.
        assert!(!idleness.is_idle(0));
        idleness.found_nothing(0, at(3_600_000));
        assert!(idleness.is_idle(0), "nothing had");
    }

    #[test]
    fn time_without_room_does_not_count() {
        let mut idleness = Idleness::new(Some(100 * MILLI), 1);
        idleness.found_nothing(0, at(10));
        idleness.set_paused(500 * MILLI);
        idleness.found_nothing(0, at(530));
        assert!(!idleness.is_idle(0), "20 ms have passed for it");
        assert_eq!(idleness.next_idle_at(), Some(at(610)));
        idleness.found_nothing(0, at(610));
        assert!(idleness.is_idle(0));
    }

    #[test]
    fn without_a_timeout_no_split_is_idle() {
        let mut idleness = Idleness::new(None, 1);
        idleness.found_nothing(0, at(0));
        idleness.found_nothing(0, at(u64::MAX / MILLI));
        assert!(!idleness.is_idle(0) && idleness.next_idle_at().is_none());
    }
}
