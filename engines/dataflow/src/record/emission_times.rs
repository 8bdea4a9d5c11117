//! The times of results, as latency needs them: neighbours with the same times are one entry.

use crate::record::time::EventTime;
use crate::record::{Record, Stamps};

/// Neighbouring records with the same times.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Timed {
    /// When they happened, if [`Wants::event_times`](crate::exchange::sink::Wants::event_times).
    pub event_time: EventTime,
    /// When they were planned and readable.
    pub stamps: Stamps,
    /// How many.
    pub records: u32,
}

/// Times in the order of their records.
///
/// An engine at its limit writes many results that were planned for the same tick. So one that
/// has the times of the one before it costs a comparison and nothing else: how many they were is
/// told from where the next with other times begins.
#[derive(Debug)]
pub struct Times {
    /// The last one's `records` are open.
    entries: Vec<Timed>,
    /// Number of the record at which the last entry begins.
    begun: u64,
    /// Stamps of the last entry, or some that no record has.
    stamps: Stamps,
    event_time: EventTime,
}

impl Default for Times {
    fn default() -> Self {
        let event_time = EventTime::MIN;
        Self { entries: Vec::new(), begun: 0, stamps: Stamps::NEVER, event_time }
    }
}

impl Times {
    /// Whether a record has the times of the one before it, and need not be taken.
    #[inline(always)]
    pub(crate) fn has_last<R>(&self, record: &Record<R>, event_times: bool) -> bool {
        record.stamps.bits() == self.stamps.bits()
            && (!event_times || record.event_time == self.event_time)
    }

    /// Takes the times of a record, which mostly are others than those of the one before it.
    /// `number` says how many were written before. Returns the stamps of which the next need not
    /// be taken if it has them.
    pub(crate) fn take(&mut self, number: u64, event_time: EventTime, stamps: Stamps) -> Stamps {
        self.close(number);
        self.entries.push(Timed { event_time, stamps, records: 0 });
        self.event_time = event_time;
        // A sample is looked at each time, also behind another of the same tick.
        self.stamps = if stamps.is_sampled() { Stamps::NEVER } else { stamps };
        self.stamps
    }

    /// Takes the times of a record that stands for several events, each with its own.
    pub(crate) fn take_all(&mut self, number: u64, event_time: EventTime, events: &[Stamps]) {
        self.close(number);
        let one = |stamps: &Stamps| Timed { event_time, stamps: *stamps, records: 1 };
        self.entries.extend(events.iter().map(one));
        // It is the record that is counted once the next one begins.
        if let Some(last) = self.entries.last_mut().filter(|_| !events.is_empty()) {
            last.records = 0;
        }
        self.stamps = Stamps::NEVER;
    }

    fn close(&mut self, number: u64) {
        if let Some(last) = self.entries.last_mut() {
            last.records += (number - self.begun) as u32;
        }
        self.begun = number;
    }

    /// All of them, when this number of records was written.
    pub(crate) fn of(&mut self, written: u64) -> &[Timed] {
        self.close(written);
        &self.entries
    }

    /// Empties it and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.begun = 0;
        self.stamps = Stamps::NEVER;
    }
}

impl From<Vec<Timed>> for Times {
    /// Of an output that is made by hand.
    fn from(entries: Vec<Timed>) -> Self {
        let begun = entries.iter().map(|it| u64::from(it.records)).sum();
        Self { entries, begun, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(event_time: i64, tick: u32, sampled: bool) -> Record<()> {
        let stamps = Stamps { planned: tick << 1, ingested: tick << 1 };
        let stamps = if sampled { stamps.sampled() } else { stamps };
        Record { value: (), event_time: EventTime(event_time), stamps }
    }

    proptest! {
        /// Against one entry per record.
        #[test]
        fn every_record_has_its_times(
            records in proptest::collection::vec((0i64..2, 0u32..3, any::<bool>()), 0..60),
            event_times: bool,
            looked_at in 0usize..60,
        ) {
            let records: Vec<_> =
                records.into_iter().map(|(time, tick, it)| record(time, tick, it)).collect();
            let own = |it: &Record<()>| if event_times { it.event_time } else { EventTime::MIN };
            let mut times = Times::default();
            // What an earlier output left behind is gone.
            times.take(0, own(&record(0, 0, false)), record(0, 0, false).stamps);
            times.clear();
            for (number, it) in records.iter().enumerate() {
                if number == looked_at {
                    // Whoever looks in the middle changes nothing.
                    times.of(number as u64);
                }
                if !times.has_last(it, event_times) {
                    let last = times.take(number as u64, own(it), it.stamps);
                    prop_assert_eq!(last == it.stamps, !it.stamps.is_sampled());
                } else {
                    prop_assert!(!it.stamps.is_sampled(), "every sample is taken");
                }
            }
            let entries = times.of(records.len() as u64);
            prop_assert!(entries.iter().all(|it| it.records > 0));
            let singly = entries
                .iter()
                .flat_map(|it| std::iter::repeat_n((it.event_time, it.stamps), it.records as usize));
            prop_assert!(singly.eq(records.iter().map(|it| (own(it), it.stamps))));
        }
    }
}
