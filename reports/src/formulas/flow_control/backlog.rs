//! What a burst leaves behind: how long its events wait, and when it is gone.

use crate::formulas::{ClosedForm, Prediction};
use crate::schema::tolerance::MEANS_AND_RATES;

/// Wait of the last event of a burst.
pub(crate) const WAIT: ClosedForm = ClosedForm {
    expression: "T = (peak − served) · length / served",
    source: "Little's law: the backlog over the rate at which it is served, in order",
    valid_range: "a peak above what is served and a load below it afterwards",
};

/// Time until nothing waits.
pub(crate) const DRAIN: ClosedForm = ClosedForm {
    expression: "T = (peak − served) · length / (served − load after)",
    source: "the backlog over the capacity that the load leaves, a fluid",
    valid_range: "a peak above what is served and a load below it afterwards",
};

/// A load that rises above what is served for a while.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Burst {
    /// Events per second during the burst.
    pub peak_per_s: f64,
    /// Its length, in seconds.
    pub length_s: f64,
    /// Events per second after it.
    pub after_per_s: f64,
    /// Events served per second.
    pub served_per_s: f64,
}

impl Burst {
    /// Whether anything is left behind and leaves again: the range of the three forms.
    pub(crate) fn is_valid(&self) -> bool {
        self.peak_per_s > self.served_per_s && self.after_per_s < self.served_per_s
    }

    /// [`Burst::longest_wait_s`] in milliseconds, as a prediction.
    pub fn predict_wait(&self) -> Prediction {
        WAIT.predicts(self.longest_wait_s() * 1e3, MEANS_AND_RATES, self.is_valid())
    }

    /// [`Burst::drain_s`] in milliseconds, as a prediction.
    pub fn predict_drain(&self) -> Prediction {
        DRAIN.predicts(self.drain_s() * 1e3, MEANS_AND_RATES, self.is_valid())
    }

    /// Events that wait when the burst ends: what came above what was served.
    pub fn backlog(&self) -> f64 {
        (self.peak_per_s - self.served_per_s) * self.length_s
    }

    /// Longest wait, in seconds, that of the last event of the burst: T = B/R with the backlog and
    /// the rate at which it is served.
    ///
    /// Source: Little's law, a fluid of events served in order. Valid below a load of 1 after the
    /// burst, where a service takes far less than the wait. Tolerance: 2 %.
    ///
    /// ```
    /// use reports::formulas::flow_control::backlog::Burst;
    /// let burst = Burst { peak_per_s: 300.0, length_s: 2.0, after_per_s: 50.0, served_per_s: 100.0 };
    /// assert_eq!((burst.backlog(), burst.longest_wait_s(), burst.drain_s()), (400.0, 4.0, 8.0));
    /// ```
    pub fn longest_wait_s(&self) -> f64 {
        self.backlog() / self.served_per_s
    }

    /// Seconds from the end of the burst until nothing waits: the backlog over the *spare* capacity.
    /// T = B/R too, but R is what is left beside the load.
    ///
    /// Source, range and tolerance as for [`Burst::longest_wait_s`].
    pub fn drain_s(&self) -> f64 {
        self.backlog() / (self.served_per_s - self.after_per_s)
    }
}
