//! From when on the latency of a message is counted.

use std::sync::Arc;

use dataflow::Stamps;
use dataflow::job::message_log::{MessageHead, MessageLog};

use crate::inputs::message_pace::MessagePace;
use crate::schedule::arrival::Schedule;

/// Stamps messages: at a rate from when they are planned; where they are written while the job runs,
/// from their own time stamps; otherwise from when they were fetched.
pub(crate) struct MessageStamps {
    schedule: Schedule,
    pace: Option<Arc<MessagePace>>,
    epoch_ms: Option<i64>,
}

impl MessageStamps {
    pub(crate) fn new(
        log: &dyn MessageLog,
        schedule: Schedule,
        pace: Option<Arc<MessagePace>>,
    ) -> Self {
        Self { schedule, pace, epoch_ms: log.epoch_ms() }
    }

    /// The stamps of a message; `None` when the run has outlasted its unit.
    pub(crate) fn of(&self, split: u32, head: MessageHead) -> Option<Stamps> {
        let fetched = head.fetched.since(self.schedule.start);
        let planned = match &self.pace {
            Some(pace) if self.is_warm_up(pace, split, head.offset) => {
                return Some(Stamps::UNTIMED);
            }
            Some(pace) if pace.has_rate() => pace.planned_nanos(split, head.offset),
            _ => self.sent_nanos(head).map_or(fetched, |sent| sent.min(fetched)),
        };
        let stamp = |nanos| self.schedule.unit.stamp(nanos);
        Some(Stamps { planned: stamp(planned)?, ingested: stamp(planned.max(fetched))? })
    }

    /// Without a warm-up no place is looked for, which is a division of 128 bits for each message.
    fn is_warm_up(&self, pace: &MessagePace, split: u32, offset: u64) -> bool {
        let warm_up = self.schedule.warm_up;
        warm_up > 0 && pace.place(split, offset) < warm_up
    }

    /// When a message was sent, in nanoseconds since the start; `None` if that was before the job, or
    /// nobody says.
    fn sent_nanos(&self, head: MessageHead) -> Option<u64> {
        let since_ms = u64::try_from(head.timestamp_ms? - self.epoch_ms?).ok()?;
        Some(since_ms.saturating_mul(1_000_000).saturating_sub(self.schedule.start.0))
    }
}

#[cfg(test)]
mod tests {
    use dataflow::ProcessingTime;
    use dataflow::job::message_log::MessageChunk;

    use super::*;
    use crate::testing::memory_log::MemoryLog;

    fn head(timestamp_ms: Option<i64>, fetched_ms: u64) -> MessageHead {
        let mut chunk = MessageChunk::default();
        chunk.push(3, timestamp_ms, ProcessingTime(fetched_ms * 1_000_000), b"");
        chunk.get(0).unwrap().0
    }

    fn micros(stamp: u32) -> u64 {
        Schedule::at_once(0).unit.instant(stamp).0 / 1_000
    }

    #[test]
    fn the_first_places_of_a_warm_up_are_not_timed() {
        let log = MemoryLog::of_lengths(&[10]);
        let timed = |warm_up| {
            let schedule = Schedule { rate: Some(1e3), warm_up, ..Schedule::at_once(0) };
            let pace = MessagePace::of(&*log, &schedule).map(Arc::new);
            // The fourth message.
            MessageStamps::new(&*log, schedule, pace).of(0, head(None, 1)).unwrap().is_timed()
        };
        assert_eq!([0, 3, 4].map(timed), [true, true, false]);
    }

    #[test]
    fn latency_counts_from_the_plan_or_else_from_when_a_message_was_sent_within_the_job() {
        let log = MemoryLog::of_lengths(&[10]);
        let schedule = Schedule { rate: Some(1e3), ..Schedule::at_once(0) };
        let pace = MessagePace::of(&*log, &schedule).map(Arc::new);
        let at_a_rate = MessageStamps { schedule: schedule.clone(), pace, epoch_ms: None };
        let both = |stamps: &MessageStamps, head| {
            let stamps = stamps.of(0, head).unwrap();
            (micros(stamps.planned), micros(stamps.ingested))
        };
        // The fourth of a thousand a second: fetched ahead, and fetched late.
        assert_eq!(both(&at_a_rate, head(None, 1)), (3_000, 3_000));
        assert_eq!(both(&at_a_rate, head(None, 9)), (3_000, 9_000));
        let growing = MessageStamps { pace: None, epoch_ms: Some(1_000), ..at_a_rate };
        assert_eq!(both(&growing, head(Some(1_002), 9)), (2_000, 9_000));
        // Sent before the job, by a clock that goes ahead, and without a time.
        for timestamp_ms in [Some(999), Some(5_000), None] {
            assert_eq!(both(&growing, head(timestamp_ms, 9)), (9_000, 9_000));
        }
    }
}
