//! Waiting for a broker, on threads of the client: it goes by the machine's clock, as the broker does, and
//! no worker of a run ever waits here.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::error::KafkaError;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// Milliseconds since 1970, by which messages are stamped.
#[allow(clippy::disallowed_methods, reason = "producers and brokers go by the machine's clock")]
pub(crate) fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}

/// A wait that has begun.
#[derive(Copy, Clone, Debug)]
#[allow(clippy::disallowed_types, reason = "a broker has no virtual time")]
pub(crate) struct Wait(Instant);

#[allow(clippy::disallowed_methods, reason = "a broker has no virtual time")]
impl Wait {
    /// Begins now.
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// How long it has lasted.
    pub(crate) fn lasted(self) -> Duration {
        self.0.elapsed()
    }

    /// Lets time pass before the next try.
    pub(crate) fn pause() {
        std::thread::sleep(PAUSE);
    }

    /// Calls again for so long while an error `may_pass`.
    ///
    /// # Errors
    /// The last one.
    pub(crate) fn patiently<T>(
        longest: Duration,
        may_pass: impl Fn(&KafkaError) -> bool,
        mut call: impl FnMut() -> Result<T, KafkaError>,
    ) -> Result<T, KafkaError> {
        let wait = Self::begin();
        loop {
            match call() {
                Err(error) if may_pass(&error) && wait.lasted() < longest => Self::pause(),
                done => return done,
            }
        }
    }
}
