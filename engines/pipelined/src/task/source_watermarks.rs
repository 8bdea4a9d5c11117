//! What the source subtasks of an attempt can promise, so that one whose splits are all idle goes by the
//! others.

use std::sync::{Arc, Mutex};

use dataflow::EventTime;

/// What every source subtask can promise of its own splits; `None` of one that is idle, that has ended,
/// or that is active again and behind what was promised for it.
///
/// In place of Flink's status of a channel, which travels with the watermarks (`StatusWatermarkValve`):
/// a job has one source, so that the smallest watermark of all channels comes to the same.
#[derive(Debug)]
pub(crate) struct SourceWatermarks(Mutex<Vec<Option<EventTime>>>);

impl SourceWatermarks {
    /// Of so many subtasks, none of which has promised anything.
    pub(crate) fn new(subtasks: u32) -> Arc<Self> {
        Arc::new(Self(Mutex::new(vec![Some(EventTime::MIN); subtasks as usize])))
    }

    /// A subtask tells what it can promise of its own splits. Returns the smallest promise of those
    /// that have one.
    pub(crate) fn tell(&self, subtask: u32, own: Option<EventTime>) -> Option<EventTime> {
        let mut all = self.0.lock().expect("no holder fails");
        all[subtask as usize] = own;
        all.iter().flatten().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_subtasks_go_by_the_smallest_of_the_others() {
        let watermarks = SourceWatermarks::new(3);
        assert_eq!(watermarks.tell(0, Some(EventTime(7))), Some(EventTime::MIN));
        assert_eq!(watermarks.tell(1, None), Some(EventTime::MIN), "the third has not begun");
        assert_eq!(watermarks.tell(2, Some(EventTime(5))), Some(EventTime(5)));
        assert_eq!(watermarks.tell(2, None), Some(EventTime(7)));
        assert_eq!(watermarks.tell(0, None), None, "nobody knows how far time has come");
    }
}
