//! Event time and processing time, kept apart by type.

use serde::{Deserialize, Serialize};

/// When something happened, in nanoseconds of the workload's own event-time axis.
///
/// Used both for a record's time stamp and for a watermark: a watermark `w` promises that no
/// record with an event time of `w` or less is still to come.
#[derive(
    Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct EventTime(pub i64);

impl EventTime {
    /// Before every event: the watermark of a stream that has promised nothing.
    pub const MIN: Self = Self(i64::MIN);
    /// After every event: the watermark that ends the input.
    pub const MAX: Self = Self(i64::MAX);

    /// From whole milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000_000)
    }
}

/// When something was processed, in nanoseconds since the runtime started.
#[derive(
    Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ProcessingTime(pub u64);

impl ProcessingTime {
    /// The runtime's start.
    pub const ZERO: Self = Self(0);
    /// Later than any run lasts.
    pub const MAX: Self = Self(u64::MAX);

    /// From whole milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// This instant and `nanos` more, held at [`ProcessingTime::MAX`].
    pub const fn after(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }

    /// Nanoseconds from `earlier` to here, 0 when it lies in the future.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl crate::Data for EventTime {}
impl crate::Data for ProcessingTime {}
