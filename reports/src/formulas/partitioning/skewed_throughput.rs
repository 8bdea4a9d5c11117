//! What skew does to throughput: the fullest partition works while the others wait.

use crate::formulas::{ClosedForm, Prediction};
use crate::schema::tolerance::MEANS_AND_RATES;

/// Events per second of a pipelined job.
pub const PIPELINED: ClosedForm = ClosedForm {
    expression: "μ/p_hot, μ = 1/(c + c_b/k)",
    source: "the stage's throughput is that of its busiest subtask, which has the share p_hot of \
             the records; c per record, c_b per buffer of k records",
    valid_range: "p_hot ≥ 5/M: M cores run 2 M subtasks, and the hot one finds a core at once only \
                  while the others leave some idle; full buffers",
};

/// Events per second of a micro-batch job.
pub(crate) const MICROBATCH: ClosedForm = ClosedForm {
    expression: "1/(c (1/M + p_hot))",
    source: "the stage before the exchange is spread evenly, the one behind it lasts as long as \
             its fullest partition; c per record",
    valid_range: "batches so large that the cost of tasks and buffers is below 2 % of the batch",
};

/// Largest partition over the mean from which the hot subtask never waits for a core.
const IDLE_CORES: f64 = 5.0;

/// Nanoseconds per record with the share of its buffer.
pub fn record_nanos(per_record: f64, per_buffer: f64, records_per_buffer: f64) -> f64 {
    per_record + per_buffer / records_per_buffer
}

/// Events per second when the subtask with the share `hot` of all records does nothing else.
///
/// ```
/// // 100 ns a record, half of the records: 20 M records a second.
/// assert_eq!(reports::formulas::partitioning::skewed_throughput::pipelined(100.0, 0.5).round(), 2e7);
/// ```
pub fn pipelined(record_nanos: f64, hot: f64) -> f64 {
    1e9 / (record_nanos * hot)
}

/// Events per second of batches whose second stage waits for the partition with the share `hot`.
pub fn microbatch(record_nanos: f64, hot: f64, partitions: u32) -> f64 {
    1e9 / (record_nanos * (1.0 / f64::from(partitions) + hot))
}

/// The prediction of a pipelined job.
pub fn predict_pipelined(record_nanos: f64, hot: f64, partitions: u32) -> Prediction {
    let inside = hot * f64::from(partitions) >= IDLE_CORES;
    PIPELINED.predicts(pipelined(record_nanos, hot), MEANS_AND_RATES, inside)
}

/// The prediction of a micro-batch job.
pub fn predict_microbatch(record_nanos: f64, hot: f64, partitions: u32) -> Prediction {
    MICROBATCH.predicts(microbatch(record_nanos, hot, partitions), MEANS_AND_RATES, partitions > 0)
}
