//! A record: a value, its event time, and two stamps from which latency is computed.

use serde::{Deserialize, Serialize};

use crate::time::{EventTime, ProcessingTime};

/// A value on its way through a job.
///
/// Beside the value it carries 16 bytes: the event time and two [`Stamps`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record<T> {
    /// What the record is about.
    pub value: T,
    /// When it happened.
    pub event_time: EventTime,
    /// When it was planned, and when it became readable.
    pub stamps: Stamps,
}

impl<T> Record<T> {
    /// Bytes a record adds to its value: what a buffer counts besides [`crate::Data::size_bytes`].
    pub const STAMP_BYTES: usize = 16;

    /// A record without stamps: never timed.
    pub const fn untimed(value: T, event_time: EventTime) -> Self {
        Self { value, event_time, stamps: Stamps::UNTIMED }
    }

    /// Another value in the place of this one, with the same times.
    pub fn with<U>(&self, value: U) -> Record<U> {
        Record { value, event_time: self.event_time, stamps: self.stamps }
    }

    /// What a join makes of two records: it happens when the later of both did, and has the newest
    /// stamps of both.
    pub fn joined<U, O>(&self, other: &Record<U>, value: O) -> Record<O> {
        let event_time = self.event_time.max(other.event_time);
        Record { value, event_time, stamps: self.stamps.newest(other.stamps) }
    }
}

/// Planned and ingestion time, in ticks of the run's [`StampUnit`] since the run's start.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamps {
    /// When the event was planned to happen.
    pub planned: u32,
    /// When the event became readable by its source.
    pub ingested: u32,
}

impl crate::Data for Stamps {}

impl Stamps {
    /// The stamps of a result that is checked and counted but never timed, such as one that only
    /// the end of the input released. Newer than every other, so it survives combination.
    pub const UNTIMED: Self = Self { planned: u32::MAX, ingested: u32::MAX };

    /// The newest planned and the newest ingestion time of two contributors: what an operator
    /// that combines records passes on.
    #[must_use]
    pub fn newest(self, other: Self) -> Self {
        Self {
            planned: self.planned.max(other.planned),
            ingested: self.ingested.max(other.ingested),
        }
    }

    /// Whether latency may be computed from these stamps.
    pub const fn is_timed(self) -> bool {
        self.planned != u32::MAX
    }
}

/// The unit of [`Stamps`]: a power of two of microseconds, 1 unless the run may last over
/// 70 minutes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StampUnit {
    shift: u32,
}

impl StampUnit {
    /// Microseconds: enough for 71 minutes.
    pub const MICROSECOND: Self = Self { shift: 0 };

    /// The smallest unit in which a run of `nanos` fits.
    pub fn for_run_of(nanos: u64) -> Self {
        let micros = nanos / 1_000;
        let mut shift = 0;
        while (micros >> shift) >= u64::from(u32::MAX) {
            shift += 1;
        }
        Self { shift }
    }

    /// Length of a tick in microseconds.
    pub const fn micros(self) -> u64 {
        1 << self.shift
    }

    /// The stamp of an instant, or `None` when the run has outlasted its unit.
    pub fn stamp(self, since_start_nanos: u64) -> Option<u32> {
        let ticks = (since_start_nanos / 1_000) >> self.shift;
        u32::try_from(ticks).ok().filter(|&ticks| ticks != u32::MAX)
    }

    /// The instant of a stamp, as processing time since the run's start.
    pub const fn instant(self, stamp: u32) -> ProcessingTime {
        ProcessingTime(((stamp as u64) << self.shift) * 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_a_sixteen_byte_value_is_thirty_two_bytes() {
        assert_eq!(size_of::<Record<(u64, u64)>>(), 32);
    }

    #[test]
    fn a_long_run_takes_the_next_power_of_two_as_its_unit() {
        let minutes = 60 * 1_000_000_000;
        assert_eq!(StampUnit::for_run_of(70 * minutes).micros(), 1);
        assert_eq!(StampUnit::for_run_of(72 * minutes).micros(), 2);
        assert_eq!(StampUnit::for_run_of(24 * 60 * minutes).micros(), 32);
        let unit = StampUnit::for_run_of(72 * minutes);
        assert_eq!(unit.stamp(10_000), Some(5));
        assert_eq!(unit.instant(5), ProcessingTime(10_000));
        assert_eq!(StampUnit::MICROSECOND.stamp(72 * minutes), None);
    }

    #[test]
    fn untimed_survives_combination() {
        let timed = Stamps { planned: 7, ingested: 9 };
        assert!(!timed.newest(Stamps::UNTIMED).is_timed());
        assert_eq!(
            timed.newest(Stamps { planned: 8, ingested: 3 }),
            Stamps { planned: 8, ingested: 9 }
        );
    }
}
