//! What skew does to the latency of a micro-batch: its second stage lasts as long as the fullest
//! partition.

use crate::formulas::{ClosedForm, Prediction};
use crate::schema::tolerance::MEANS_AND_RATES;

/// Mean latency from the planned time.
pub const FORM: ClosedForm = ClosedForm {
    expression: "T/2 + c λ T (1/M + p_hot)",
    source: "an event waits half an interval T for its batch, which takes S = c λ T (1/M + p_hot) \
             and shows everything when it commits",
    valid_range: "S < T, events that come evenly, batches so large that the cost of tasks is below \
                  2 % of T",
};

/// Events per second of a plan that is kept to.
pub(crate) const PLAN: ClosedForm = ClosedForm {
    expression: "λ",
    source: "a job that keeps up emits what is planned",
    valid_range: "λ < μ/p_hot: beyond it the hot partition is overloaded",
};

/// Duration of a batch in nanoseconds, for an interval in nanoseconds and a rate per second.
pub(crate) fn batch_nanos(
    interval: f64,
    rate: f64,
    record_nanos: f64,
    (hot, partitions): (f64, u32),
) -> f64 {
    rate * interval * 1e-9 * record_nanos * (1.0 / f64::from(partitions) + hot)
}

/// Mean latency in nanoseconds.
///
/// ```
/// // 10 ms, 1 M events/s, 50 ns, half of them on one of four partitions: 5 ms + 0.375 ms.
/// let mean = reports::formulas::partitioning::skewed_batch_latency::mean(1e7, 1e6, 50.0, (0.5, 4));
/// assert!((mean - 5.375e6).abs() < 1.0);
/// ```
pub fn mean(interval: f64, rate: f64, record_nanos: f64, load: (f64, u32)) -> f64 {
    interval / 2.0 + batch_nanos(interval, rate, record_nanos, load)
}

/// The prediction.
pub fn predict(interval: f64, rate: f64, record_nanos: f64, load: (f64, u32)) -> Prediction {
    let inside = batch_nanos(interval, rate, record_nanos, load) < interval;
    FORM.predicts(mean(interval, rate, record_nanos, load), MEANS_AND_RATES, inside)
}

/// The prediction of what a job emits at a planned rate, where the hot partition does `capacity`.
pub fn predict_plan(rate: f64, capacity: f64) -> Prediction {
    PLAN.predicts(rate, MEANS_AND_RATES, rate < capacity)
}
