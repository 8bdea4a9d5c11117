//! Where a subtask's time goes.

use std::sync::Arc;

use dataflow::ProcessingTime;
use dataflow::job::observer::{Observer, SubtaskTimes};

/// Reports of [`SubtaskTimes`] are this far apart.
const REPORT_EVERY_NANOS: u64 = 1_000_000_000;

/// Adds up where a subtask's time goes.
pub(crate) struct TimeSheet {
    pub(crate) current: SubtaskTimes,
    /// Since the beginning.
    back_pressured_nanos: u64,
    period_start: ProcessingTime,
    observer: Arc<dyn Observer>,
}

impl TimeSheet {
    pub(crate) fn new(observer: Arc<dyn Observer>, now: ProcessingTime) -> Self {
        let current = SubtaskTimes::default();
        Self { current, back_pressured_nanos: 0, period_start: now, observer }
    }

    /// It had output for so many nanoseconds that nobody took.
    pub(crate) fn back_pressured(&mut self, nanos: u64) {
        self.current.back_pressured_nanos += nanos;
        self.back_pressured_nanos += nanos;
    }

    /// Nanoseconds with output that nobody took, since the beginning.
    pub(crate) const fn all_back_pressured_nanos(&self) -> u64 {
        self.back_pressured_nanos
    }

    /// Reports when the period is over.
    pub(crate) fn report(&mut self, now: ProcessingTime, name: &str) {
        if now.since(self.period_start) >= REPORT_EVERY_NANOS {
            self.report_rest(now, name);
        }
    }

    pub(crate) fn report_rest(&mut self, now: ProcessingTime, name: &str) {
        let waited = self.current.idle_nanos + self.current.back_pressured_nanos;
        self.current.busy_nanos = now.since(self.period_start).saturating_sub(waited);
        self.observer.activity(name, self.current);
        self.current = SubtaskTimes::default();
        self.period_start = now;
    }
}
