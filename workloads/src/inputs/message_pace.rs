//! Which place each message of a log that ends has in its run, and when it is planned to come.

use dataflow::ProcessingTime;
use dataflow::job::message_log::MessageLog;

use crate::schedule::arrival::Schedule;

/// Deals the places of a run over splits of any length, in proportion: all of them end together. Each
/// offset has a place, also one that holds no message.
#[derive(Clone, Debug)]
pub(crate) struct MessagePace {
    schedule: Schedule,
    /// First offset of each split, and how many it has.
    splits: Vec<(u64, u64)>,
    /// How many they have together.
    all: u64,
}

impl MessagePace {
    /// Of a log; `None` of one that goes on.
    pub(crate) fn of(log: &dyn MessageLog, schedule: &Schedule) -> Option<Self> {
        let splits: Vec<(u64, u64)> = (0..log.splits())
            .map(|split| {
                let start = log.start(split);
                Some((start, log.end(split)?.saturating_sub(start)))
            })
            .collect::<Option<_>>()?;
        let all = splits.iter().map(|it| it.1).sum();
        Some(Self { schedule: Schedule { events: all, ..schedule.clone() }, splits, all })
    }

    /// How many offsets the log has.
    pub(crate) const fn all(&self) -> u64 {
        self.all
    }

    /// Whether messages come at a rate; otherwise all are there from the start.
    pub(crate) const fn has_rate(&self) -> bool {
        self.schedule.rate.is_some()
    }

    /// The place of an offset, from 0: `k + s / S` of the splits' `length`, where splits are `S`, so that
    /// no two of equal length have their events at the same instants.
    pub(crate) fn place(&self, split: u32, offset: u64) -> u64 {
        let (start, length) = self.splits[split as usize];
        let splits = self.splits.len() as u128;
        let number = u128::from(offset.saturating_sub(start)) * splits + u128::from(split);
        (number * u128::from(self.all) / (u128::from(length.max(1)) * splits)) as u64
    }

    /// When an offset is planned, in nanoseconds since the start.
    pub(crate) fn planned_nanos(&self, split: u32, offset: u64) -> u64 {
        self.schedule.planned_nanos(self.place(split, offset))
    }

    /// The instant at which an offset is planned.
    pub(crate) fn planned(&self, split: u32, offset: u64) -> ProcessingTime {
        self.schedule.start.after(self.planned_nanos(split, offset))
    }

    /// Before which offset of a split all are planned by `now`, that instant included.
    pub(crate) fn planned_by(&self, split: u32, now: ProcessingTime) -> u64 {
        let (start, length) = self.splits[split as usize];
        let splits = self.splits.len() as u128;
        // The inverse of `place`, which rounds down: numbers below this one have a place that is planned.
        let planned = u128::from(self.schedule.planned_by(now)) * u128::from(length) * splits;
        let numbers = planned.div_ceil(u128::from(self.all.max(1)));
        start + numbers.saturating_sub(u128::from(split)).div_ceil(splits) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::memory_log::MemoryLog;

    #[test]
    fn equal_splits_take_turns_as_those_of_generated_events_do() {
        let log = MemoryLog::of_lengths(&[4, 4, 4]);
        let pace = MessagePace::of(&*log, &Schedule::at_once(0)).unwrap();
        for split in 0..3 {
            let places: Vec<u64> = (0..4).map(|offset| pace.place(split, offset)).collect();
            assert_eq!(places, [0, 3, 6, 9].map(|place| place + u64::from(split)));
        }
    }

    #[test]
    fn splits_of_any_length_end_together_and_no_offset_is_readable_before_it_is_planned() {
        for lengths in [[1, 1, 1], [1000, 1, 3], [7, 993, 20], [500, 500, 500], [0, 3, 0]] {
            let log = MemoryLog::of_lengths(&lengths);
            let all = lengths.iter().sum::<u64>();
            let start = ProcessingTime(5_000);
            let schedule = Schedule { rate: Some(1e6), start, ..Schedule::at_once(0) };
            let pace = MessagePace::of(&*log, &schedule).unwrap();
            assert_eq!(pace.all(), all);
            for (split, length) in (0..).zip(lengths) {
                for offset in 0..length {
                    let at = pace.planned(split, offset);
                    assert!(pace.planned_by(split, at) > offset, "{lengths:?}, {split}/{offset}");
                    let before = ProcessingTime(at.0 - 1);
                    assert!(
                        pace.planned_by(split, before) <= offset,
                        "{lengths:?}, {split}/{offset}"
                    );
                }
                let end = ProcessingTime(start.0 + all * 1_000);
                assert_eq!(pace.planned_by(split, end), length);
            }
        }
    }
}
