//! When a mini-batch of a subtask ends: its time is over, or it has enough records.

use dataflow::ProcessingTime;

use crate::task::flusher::Periodic;

/// The unit of work of a subtask whose operators hold records back. It ends every
/// `mini_batch_latency_ms`, by a clock that runs free, and with the input that brings it to
/// `mini_batch_size` records. Barriers and the end of the input end it, too.
///
/// Mirrors Flink SQL's `table.exec.mini-batch.allow-latency` and `.size`. There one assigner behind
/// the source tells all operators when a mini-batch ends; here each subtask has a clock of its own.
#[derive(Clone, Debug)]
pub(crate) struct MiniBatch {
    timer: Periodic,
    size: u64,
    /// Records since the last one ended.
    records: u64,
}

impl MiniBatch {
    /// Ends when `timer` is due, or with this number of records.
    pub(crate) const fn new(timer: Periodic, size: u64) -> Self {
        Self { timer, size, records: 0 }
    }

    /// When its time is over.
    pub(crate) const fn next(&self) -> ProcessingTime {
        self.timer.next()
    }

    /// Whether its time is over. The next one then begins.
    pub(crate) fn is_due(&mut self, now: ProcessingTime) -> bool {
        let is_due = self.timer.is_due(now);
        if is_due {
            self.records = 0;
        }
        is_due
    }

    /// Whether an input with this number of records makes it full. The next one then begins.
    pub(crate) const fn fills_up(&mut self, records: u64) -> bool {
        self.records += records;
        let is_full = self.records >= self.size;
        if is_full {
            self.records = 0;
        }
        is_full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_by_its_time_and_by_its_size() {
        let timer = Periodic::new(Some(100), ProcessingTime(0), 99);
        let mut batch = MiniBatch::new(timer, 10);
        assert!(!batch.fills_up(9) && batch.fills_up(1));
        assert!(!batch.fills_up(9) && !batch.is_due(ProcessingTime(99)));
        assert!(batch.is_due(ProcessingTime(100)), "its time is over");
        assert!(!batch.fills_up(9) && batch.fills_up(300), "an input is not parted");
        assert_eq!(batch.next(), ProcessingTime(200));
    }
}
