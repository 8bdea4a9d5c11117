//! A record: a value, its event time, and two stamps from which latency is computed.

pub mod batch;
pub mod change;
pub mod content_hash;
pub mod data;
pub mod digest;
pub mod emission_times;
pub mod hash;
pub mod latency_trace;
pub mod time;

use serde::{Deserialize, Serialize};

use crate::record::time::{EventTime, ProcessingTime};

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

/// Planned and ingestion time since the run's start, as [`StampUnit::stamp`] writes them: ticks in
/// all bits but the lowest, which is set in the planned time of a record that leaves a
/// [`LatencyTrace`](crate::record::latency_trace::LatencyTrace).
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
    pub const UNTIMED: Self = Self { planned: u32::MAX - 1, ingested: u32::MAX - 1 };

    /// No record has these: they are those of a sample that is not timed.
    pub(crate) const NEVER: Self = Self { planned: u32::MAX, ingested: u32::MAX };

    /// Both in one word, which is compared at once.
    pub(crate) const fn bits(self) -> u64 {
        self.planned as u64 | (self.ingested as u64) << 32
    }

    /// Set in the planned time of samples.
    const SAMPLED: u32 = 1;

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
        self.planned != Self::UNTIMED.planned
    }

    /// Whether the event became readable at the instant it was planned for.
    pub const fn is_punctual(self) -> bool {
        self.planned & !Self::SAMPLED == self.ingested
    }

    /// Whether the record leaves a trail.
    #[inline]
    pub const fn is_sampled(self) -> bool {
        self.planned & Self::SAMPLED != 0
    }

    /// The same of a record that leaves a trail; what is not timed leaves none.
    #[must_use]
    pub const fn sampled(self) -> Self {
        let flag = if self.is_timed() { Self::SAMPLED } else { 0 };
        Self { planned: self.planned | flag, ingested: self.ingested }
    }
}

/// The unit of [`Stamps`]: a power of two of microseconds, 1 unless the run may last over
/// 35 minutes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StampUnit {
    shift: u32,
}

impl StampUnit {
    /// Microseconds: enough for 35 minutes.
    pub const MICROSECOND: Self = Self { shift: 0 };

    /// One more than the last tick that differs from [`Stamps::UNTIMED`].
    const TICKS: u64 = (u32::MAX >> 1) as u64;

    /// The smallest unit in which a run of `nanos` fits.
    pub fn for_run_of(nanos: u64) -> Self {
        let micros = nanos / 1_000;
        let mut shift = 0;
        while (micros >> shift) >= Self::TICKS {
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
        (ticks < Self::TICKS).then_some((ticks as u32) << 1)
    }

    /// The instant of a stamp, as processing time since the run's start.
    pub const fn instant(self, stamp: u32) -> ProcessingTime {
        ProcessingTime((((stamp >> 1) as u64) << self.shift) * 1_000)
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
        assert_eq!(StampUnit::for_run_of(35 * minutes).micros(), 1);
        assert_eq!(StampUnit::for_run_of(36 * minutes).micros(), 2);
        assert_eq!(StampUnit::for_run_of(24 * 60 * minutes).micros(), 64);
        let unit = StampUnit::for_run_of(36 * minutes);
        assert_eq!(
            unit.stamp(10_000).map(|stamp| unit.instant(stamp)),
            Some(ProcessingTime(10_000))
        );
        assert_eq!(StampUnit::MICROSECOND.stamp(36 * minutes), None);
        let last = StampUnit::MICROSECOND.stamp((StampUnit::TICKS - 1) * 1_000).unwrap();
        let last = Stamps { planned: last, ingested: last };
        assert!(last.is_timed() && last.sampled().newest(Stamps::UNTIMED) == Stamps::UNTIMED);
    }

    #[test]
    fn a_sample_is_planned_when_it_was_and_what_is_not_timed_is_none() {
        let stamps = Stamps { planned: 6, ingested: 6 };
        let sampled = stamps.sampled();
        assert!(!stamps.is_sampled() && sampled.is_sampled() && sampled.is_punctual());
        let unit = StampUnit::MICROSECOND;
        assert_eq!(unit.instant(sampled.planned), unit.instant(stamps.planned));
        assert_eq!(sampled.newest(stamps), sampled);
        assert_eq!(Stamps::UNTIMED.sampled(), Stamps::UNTIMED);
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
