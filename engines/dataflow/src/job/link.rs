//! How a buffer gets from one subtask to another when it has to go over a network.

use crate::record::time::ProcessingTime;

/// A connection between two machines, in one direction.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct LinkSpec {
    /// From the moment a byte leaves until it arrives, in nanoseconds.
    pub latency_nanos: u64,
    /// Bytes that leave in a second; `None` when their number does not matter.
    pub bytes_per_s: Option<u64>,
}

/// Carries what is put on it in order, one thing after the other.
pub trait Link: Send {
    /// Puts this number of bytes on the link at `now`; returns when the last of them arrives.
    fn carry(&mut self, now: ProcessingTime, bytes: u64) -> ProcessingTime;
}

/// A [`Link`] whose bytes leave one after the other and are under way for the latency.
///
/// ```
/// use dataflow::ProcessingTime;
/// use dataflow::job::link::{Link, LinkSpec, SerialLink};
/// // 1 ms of latency, 1 MB/s: 1,000 bytes leave within a millisecond.
/// let mut link = SerialLink::new(LinkSpec { latency_nanos: 1_000_000, bytes_per_s: Some(1_000_000) });
/// let at = ProcessingTime::from_millis;
/// assert_eq!(link.carry(at(0), 1_000), at(2));
/// assert_eq!(link.carry(at(0), 1_000), at(3), "behind the first");
/// assert_eq!(link.carry(at(9), 0), at(10), "an empty message takes the latency alone");
/// ```
#[derive(Clone, Debug)]
pub struct SerialLink {
    spec: LinkSpec,
    /// When everything put on it so far has left.
    free_at: ProcessingTime,
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

impl SerialLink {
    /// With nothing on it.
    pub const fn new(spec: LinkSpec) -> Self {
        Self { spec, free_at: ProcessingTime::ZERO }
    }
}

impl Link for SerialLink {
    fn carry(&mut self, now: ProcessingTime, bytes: u64) -> ProcessingTime {
        let sending = self.spec.bytes_per_s.map_or(0, |per_second| {
            let nanos = u128::from(bytes) * NANOS_PER_SECOND / u128::from(per_second.max(1));
            u64::try_from(nanos).unwrap_or(u64::MAX)
        });
        self.free_at = self.free_at.max(now).after(sending);
        self.free_at.after(self.spec.latency_nanos)
    }
}
