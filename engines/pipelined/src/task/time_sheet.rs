//! Where a subtask's time goes.

use std::sync::Arc;

use dataflow::ProcessingTime;
use dataflow::job::observer::{Observer, SubtaskTimes};

/// Reports of [`SubtaskTimes`] are this far apart.
const REPORT_EVERY_NANOS: u64 = 1_000_000_000;

/// Adds up where a subtask's time goes.
pub(crate) struct TimeSheet {
    pub(crate) current: SubtaskTimes,
    period_start: ProcessingTime,
    observer: Arc<dyn Observer>,
}

impl TimeSheet {
    pub(crate) fn new(observer: Arc<dyn Observer>, now: ProcessingTime) -> Self {
        Self { current: SubtaskTimes::default(), period_start: now, observer }
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
