//! How long a record waits in the micro-batch model: for its batch, and for what the batch takes.

use crate::formulas::{ClosedForm, Prediction};
use crate::schema::tolerance::MEANS_AND_RATES;

/// Mean latency at an interval that is kept.
pub(crate) const AT_INTERVAL: ClosedForm = ClosedForm {
    expression: "T/2 + S(T), S(T) = F + ρT",
    source: "Spark's ProcessingTimeExecutor: half the interval until the trigger, then the batch",
    valid_range: "S(T) < T; results seen at the commit",
};

/// Mean latency of batches back to back.
pub const BACK_TO_BACK: ClosedForm = ClosedForm {
    expression: "1.5 S*, S* = F/(1 − ρ)",
    source: "an overrun is followed at once, and missed boundaries are not made up for: half a batch \
             until the next begins, then that",
    valid_range: "ρ < 1 and S(T) ≥ T, or no interval; settled batches",
};

/// Length of batches back to back.
pub(crate) const FIXED_POINT: ClosedForm = ClosedForm {
    expression: "S* = F/(1 − ρ)",
    source: "the length at which a batch takes as long as its records took to come",
    valid_range: "ρ < 1 and S(T) ≥ T, or no interval; settled batches",
};

/// Rate with a limit of records per trigger.
pub(crate) const LIMIT: ClosedForm = ClosedForm {
    expression: "R = M/max(T, F + c′M)",
    source: "Spark's maxOffsetsPerTrigger: a full batch per interval, or per its own length",
    valid_range: "more records waiting than M",
};

/// A job whose batches take a fixed time and a time per record.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Batches {
    /// Seconds that a batch takes whatever it holds: F.
    pub fixed_s: f64,
    /// Seconds per record on the critical path: c'.
    pub per_record_s: f64,
    /// Records per second that come: λ.
    pub rate_per_s: f64,
    /// Trigger interval in seconds: T; 0 is back to back.
    pub interval_s: f64,
}

impl Batches {
    /// The load: ρ = λ c'. From 1 on, the backlog grows without end and no form here holds.
    pub fn load(&self) -> f64 {
        self.rate_per_s * self.per_record_s
    }

    /// Whether any of the forms holds.
    pub fn is_stable(&self) -> bool {
        self.load() < 1.0
    }

    /// Whether batches take less than the interval.
    fn keeps_interval(&self) -> bool {
        self.fixed_s + self.load() * self.interval_s < self.interval_s
    }

    /// [`Batches::mean_latency_s`] in milliseconds, as a prediction.
    pub fn predict_latency(&self) -> Prediction {
        let form = if self.keeps_interval() { &AT_INTERVAL } else { &BACK_TO_BACK };
        form.predicts(self.mean_latency_s() * 1e3, MEANS_AND_RATES, self.is_stable())
    }

    /// [`Batches::length_s`] in milliseconds for batches back to back, as a prediction.
    pub fn predict_length(&self) -> Prediction {
        let inside = self.is_stable() && !self.keeps_interval();
        FIXED_POINT.predicts(self.length_s() * 1e3, MEANS_AND_RATES, inside)
    }

    /// [`Batches::capacity_per_s`] as a prediction.
    pub fn predict_capacity(&self, limit: u64) -> Prediction {
        LIMIT.predicts(self.capacity_per_s(limit), MEANS_AND_RATES, true)
    }

    /// Length of a batch in seconds, once it has settled: S(T) = F + ρT where that is below the
    /// interval; otherwise batches follow each other at once and settle where a batch takes as long
    /// as its records took to come, S* = F + ρS*, so S* = F/(1 - ρ). From a load of 1 on, where
    /// neither holds, that of the first batch.
    ///
    /// Source: Spark's `ProcessingTimeExecutor` and `MicroBatchExecution`: an overrun is followed at
    /// once, and missed boundaries are not made up for. Valid below a load of 1. Tolerance: 2 %.
    ///
    /// ```
    /// use reports::formulas::flow_control::micro_batch::Batches;
    /// let mut batches =
    ///     Batches { fixed_s: 0.1, per_record_s: 1e-3, rate_per_s: 500.0, interval_s: 0.0 };
    /// assert!((batches.length_s() - 0.2).abs() < 1e-12);
    /// batches.interval_s = 1.0;
    /// assert!((batches.length_s() - 0.6).abs() < 1e-12);
    /// ```
    pub fn length_s(&self) -> f64 {
        let at_interval = self.fixed_s + self.load() * self.interval_s;
        if self.keeps_interval() || !self.is_stable() {
            at_interval
        } else {
            self.fixed_s / (1.0 - self.load())
        }
    }

    /// Mean seconds from the planned time of a record until its batch is committed: T/2 + S(T) at
    /// an interval that is kept, 1.5 S* back to back.
    ///
    /// Read as T = B/R: on average half of what comes between two triggers is buffered before a
    /// record at the boundary, and all of it leaves with the batch. Source, range and tolerance as for
    /// [`Batches::length_s`]; for results that are seen at the commit.
    ///
    /// ```
    /// use reports::formulas::flow_control::micro_batch::Batches;
    /// let at = |fixed_s, rate_per_s, interval_s| {
    ///     Batches { fixed_s, per_record_s: 1e-3, rate_per_s, interval_s }.mean_latency_s()
    /// };
    /// // Back to back, simulated: loads of 0.5, 0.8 and 0.95.
    /// for (rate, simulated) in [(500.0, 0.3), (800.0, 0.75), (950.0, 3.0)] {
    ///     assert!((at(0.1, rate, 0.0) / simulated - 1.0_f64).abs() < 1e-9);
    /// }
    /// // An interval that cannot be kept: as back to back.
    /// assert!((at(0.3, 900.0, 1.0) / 4.5 - 1.0_f64).abs() < 1e-9);
    /// ```
    pub fn mean_latency_s(&self) -> f64 {
        mean_latency(self.interval_s, self.length_s())
    }

    /// Most records per second when a trigger takes `limit` of them at most: M / max(T, F + c'M). A
    /// small limit with a large fixed time is a usual reason for a slow job.
    ///
    /// Source: Spark's `maxOffsetsPerTrigger`. Valid with more records waiting than that.
    /// Tolerance: 2 %, as a rate.
    ///
    /// ```
    /// use reports::formulas::flow_control::micro_batch::Batches;
    /// let job = Batches { fixed_s: 0.1, per_record_s: 1e-4, rate_per_s: 0.0, interval_s: 0.0 };
    /// assert!((job.capacity_per_s(1_000) - 5_000.0).abs() < 1e-9);
    /// ```
    pub fn capacity_per_s(&self, limit: u64) -> f64 {
        let limit = limit as f64;
        limit / self.interval_s.max(self.fixed_s + self.per_record_s * limit)
    }
}

/// Mean latency, in the unit of its arguments, when a batch that takes `batch` is triggered every
/// `interval`: T/2 + S while S < T, and 1.5 S where batches follow each other at once.
///
/// Source, range and tolerance as for [`Batches::length_s`]; of all batches the same length.
///
/// ```
/// use reports::formulas::flow_control::micro_batch::mean_latency;
/// assert_eq!(mean_latency(100.0, 20.0), 70.0);
/// assert_eq!(mean_latency(0.0, 20.0), 30.0);
/// assert_eq!(mean_latency(10.0, 20.0), 30.0);
/// ```
pub fn mean_latency(interval: f64, batch: f64) -> f64 {
    interval.max(batch) / 2.0 + batch
}

#[cfg(test)]
mod tests {
    use super::mean_latency;

    /// Records that come evenly, followed one by one through batches of one length.
    #[test]
    fn it_is_the_mean_over_records_that_come_evenly() {
        for (interval, batch) in [(100_u64, 20_u64), (100, 99), (0, 20), (10, 20)] {
            let cycle = interval.max(batch) * 1_000;
            let records = 10_000_u64;
            let sum: u64 = (0..records)
                .map(|n| {
                    let comes = n * cycle / 1_000;
                    comes.next_multiple_of(cycle) - comes + batch * 1_000
                })
                .sum();
            let mean = sum as f64 / records as f64 / 1_000.0;
            let off = (mean_latency(interval as f64, batch as f64) - mean).abs();
            assert!(off < 0.01 * mean, "{interval}, {batch}: {mean}");
        }
    }
}
