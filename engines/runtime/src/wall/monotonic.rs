//! The one place that reads the machine's clock.

use std::time::Instant;

use dataflow::record::time::ProcessingTime;

/// Nanoseconds since its creation, by the machine's monotonic clock.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Monotonic {
    start: Instant,
    /// What it showed at its start.
    from: ProcessingTime,
}

impl Monotonic {
    /// Shows `from` now.
    pub(crate) fn start_at(from: ProcessingTime) -> Self {
        Self { start: read(), from }
    }

    /// The time since the start; it never goes back.
    pub(crate) fn now(self) -> ProcessingTime {
        let nanos = read().saturating_duration_since(self.start).as_nanos();
        self.from.after(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[allow(clippy::disallowed_methods, reason = "all other code gets its time from here")]
fn read() -> Instant {
    Instant::now()
}
