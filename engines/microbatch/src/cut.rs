//! Which offsets a batch holds: cut before its first task runs.

use std::ops::Range;

use dataflow::ProcessingTime;
use dataflow::job::source::{Next, SourceError, Splits};

/// How far every split has been read, and what a batch takes of it.
#[derive(Clone, Debug)]
pub(crate) struct Offsets {
    read: Vec<u64>,
    /// Events that have been read: fewer than offsets where these have gaps.
    events: Vec<u64>,
    ended: Vec<bool>,
}

/// The offsets of one batch, split by split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Offsets to read of every split; empty where there is nothing new.
    pub(crate) ranges: Vec<Range<u64>>,
    /// Which splits had something to read, whether it was taken or not.
    pub(crate) with_events: Vec<bool>,
    /// When a split will have more, or should be looked at again.
    pub(crate) next_at: Option<ProcessingTime>,
    /// When the next event is planned, of the splits that plan theirs.
    pub(crate) planned_at: Option<ProcessingTime>,
}

impl Cut {
    /// Whether there is nothing to read.
    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.iter().all(Range::is_empty)
    }
}

impl Offsets {
    /// Nothing of any split has been read.
    pub(crate) fn new(splits: &dyn Splits) -> Self {
        let count = splits.splits();
        let none = vec![0; count as usize];
        let read = (0..count).map(|split| splits.start(split)).collect();
        Self { read, events: none, ended: vec![false; count as usize] }
    }

    /// Every split has been read up to where these ranges begin, which were so many events.
    pub(crate) fn resume(ranges: &[Range<u64>], events: Vec<u64>) -> Self {
        let read: Vec<u64> = ranges.iter().map(|range| range.start).collect();
        Self { ended: vec![false; read.len()], events, read }
    }

    /// A cut that takes nothing.
    pub(crate) fn nothing(&self) -> Vec<Range<u64>> {
        self.read.iter().map(|&offset| offset..offset).collect()
    }

    /// Which splits have ended and been read.
    pub(crate) fn ended(&self) -> &[bool] {
        &self.ended
    }

    /// Whether every split has ended and been read.
    pub(crate) fn have_ended(&self) -> bool {
        self.ended.iter().all(|&ended| ended)
    }

    /// Offset before which a split has been read.
    pub(crate) fn read(&self, split: u32) -> u64 {
        self.read[split as usize]
    }

    /// Events that have been read of every split.
    pub(crate) fn events(&self) -> &[u64] {
        &self.events
    }

    /// Cuts a batch of what is available at `now`: all of it, or as much of every split as its
    /// share of what is available allows when that is more than `max_offsets` (Spark's rate limit
    /// for Kafka).
    ///
    /// # Errors
    /// When the input behind a split has failed.
    pub(crate) fn cut(
        &mut self,
        splits: &dyn Splits,
        now: ProcessingTime,
        max_offsets: u64,
    ) -> Result<Cut, SourceError> {
        let mut ranges = Vec::with_capacity(self.read.len());
        let (mut next_at, mut planned_at) = (None, None);
        for split in 0..self.read.len() {
            let from = self.read[split];
            if self.ended[split] {
                ranges.push(from..from);
                continue;
            }
            let available = splits.available_from(split as u32, from, now)?;
            match available.next {
                Next::Never => self.ended[split] = available.end == from,
                Next::At(at) => {
                    planned_at = earlier(planned_at, at);
                    next_at = earlier(next_at, at);
                }
                Next::Unknown => next_at = earlier(next_at, now.after(UNPLANNED_POLL_NANOS)),
            }
            // A resumed job can be ahead of the plan.
            ranges.push(from..available.end.max(from));
        }
        let with_events = ranges.iter().map(|range| !range.is_empty()).collect();
        let total: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        if total > max_offsets {
            // Should every share be less than one record, the split that is behind gives one, so
            // that the batch is not empty.
            let behind = (0..ranges.len())
                .filter(|&split| !ranges[split].is_empty())
                .min_by_key(|&split| (ranges[split].start, split));
            for range in &mut ranges {
                let share = u128::from(range.end - range.start) * u128::from(max_offsets);
                range.end = range.start + (share / u128::from(total)) as u64;
            }
            if ranges.iter().all(Range::is_empty)
                && let Some(behind) = behind
            {
                ranges[behind].end += 1;
            }
        }
        Ok(Cut { ranges, with_events, next_at, planned_at })
    }

    /// These ranges have been read, and held so many events.
    pub(crate) fn advance(&mut self, ranges: &[Range<u64>], events: &[u64]) {
        for (read, range) in self.read.iter_mut().zip(ranges) {
            *read = range.end;
        }
        self.events.iter_mut().zip(events).for_each(|(sum, events)| *sum += events);
    }
}

/// How long to wait before looking again at a split that does not say when it will have more.
const UNPLANNED_POLL_NANOS: u64 = 1_000_000;

fn earlier(known: Option<ProcessingTime>, at: ProcessingTime) -> Option<ProcessingTime> {
    Some(known.map_or(at, |known| known.min(at)))
}

#[cfg(test)]
mod tests {
    use dataflow::job::source::Available;

    use super::*;

    /// Splits of fixed length, all there from the start.
    struct Fixed(Vec<u64>);
    impl Splits for Fixed {
        fn splits(&self) -> u32 {
            self.0.len() as u32
        }
        fn available(
            &self,
            split: u32,
            _: u64,
            _: ProcessingTime,
        ) -> Result<Available, SourceError> {
            Ok(Available { end: self.0[split as usize], next: Next::Never })
        }
    }

    fn cuts(lengths: &[u64], max_offsets: u64) -> Vec<Vec<u64>> {
        let splits = Fixed(lengths.to_vec());
        let mut offsets = Offsets::new(&splits);
        let mut ends = Vec::new();
        loop {
            let cut = offsets.cut(&splits, ProcessingTime::ZERO, max_offsets).unwrap();
            offsets.advance(&cut.ranges, &vec![0; lengths.len()]);
            if offsets.have_ended() {
                return ends;
            }
            ends.push(cut.ranges.iter().map(|range| range.end).collect());
        }
    }

    #[test]
    fn takes_everything_without_a_limit() {
        assert_eq!(cuts(&[3, 2], u64::MAX), [[3, 2]]);
    }

    #[test]
    fn what_was_read_before_a_restart_is_not_read_again() {
        let mut offsets = Offsets::resume(&[2..5, 0..0], vec![2, 0]);
        assert_eq!(offsets.nothing(), [2..2, 0..0]);
        offsets.advance(&[2..5, 0..0], &[3, 0]);
        assert_eq!(offsets.events(), [5, 0]);
        let cut = offsets.cut(&Fixed(vec![9, 1]), ProcessingTime::ZERO, u64::MAX).unwrap();
        assert_eq!(cut.ranges, [5..9, 0..1]);
        assert!(!offsets.have_ended());
    }

    #[test]
    fn a_split_that_ends_before_what_was_read_is_an_error_and_no_wait_for_ever() {
        let mut offsets = Offsets::resume(&[5..5, 0..0], vec![5, 0]);
        let error = offsets.cut(&Fixed(vec![3, 1]), ProcessingTime::ZERO, u64::MAX).unwrap_err();
        assert!(error.to_string().contains("ends at offset 3"), "{error}");
    }

    #[test]
    fn a_limit_is_shared_in_proportion_to_what_is_available() {
        assert_eq!(cuts(&[30, 10], 20), [[15, 5], [30, 10]]);
    }

    #[test]
    fn a_limit_below_the_number_of_splits_takes_from_one_that_has_something() {
        assert_eq!(cuts(&[0, 2, 1], 1), [[0, 1, 0], [0, 1, 1], [0, 2, 1]]);
    }

    #[test]
    fn a_split_that_does_not_know_is_looked_at_again_before_one_that_does() {
        struct Mixed;
        impl Splits for Mixed {
            fn splits(&self) -> u32 {
                2
            }
            fn available(
                &self,
                split: u32,
                _: u64,
                _: ProcessingTime,
            ) -> Result<Available, SourceError> {
                let planned = Next::At(ProcessingTime::from_millis(9_000));
                Ok(Available { end: 0, next: if split == 0 { planned } else { Next::Unknown } })
            }
        }
        let cut = Offsets::new(&Mixed).cut(&Mixed, ProcessingTime::from_millis(10), u64::MAX);
        assert_eq!(cut.unwrap().next_at, Some(ProcessingTime::from_millis(11)));
    }

    #[test]
    fn every_batch_holds_the_first_events_in_their_order_when_splits_were_dealt_in_turn() {
        // Event i is in split i mod 4; a batch must never hold an event and miss an earlier one,
        // or a watermark of the newest event would make the earlier one late.
        for events in [1u64, 7, 99, 1000, 1003] {
            for limit in [1, 2, 3, 5, 8, 64, 333] {
                let lengths: Vec<u64> = (0..4).map(|split| (events + 3 - split) / 4).collect();
                for ends in cuts(&lengths, limit) {
                    let read: u64 = ends.iter().sum();
                    let first: Vec<u64> = (0..4).map(|split| (read + 3 - split) / 4).collect();
                    assert_eq!(ends, first, "{events} events, limit {limit}");
                }
            }
        }
    }
}
