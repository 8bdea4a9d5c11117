//! What a slow receiver does to a job beside faster ones.

use crate::formulas::{ClosedForm, Prediction};
use crate::schema::tolerance::MEANS_AND_RATES;

/// Rate of a job whose receivers differ.
pub const FORM: ClosedForm = ClosedForm {
    expression: "R = min over receivers of rate/share",
    source: "keys decide who gets what; a sender waits for its fullest channel (Flink's \
             availability), a stage for its last task (Spark's barrier)",
    valid_range: "an input that always has more; many records of every key on each receiver",
};

/// Load of the receivers, which their speed does not change.
pub const LOAD: ClosedForm = ClosedForm {
    expression: "largest load / mean load = 1",
    source: "flow control moves no key: equal shares stay equal, whoever is slow",
    valid_range: "many keys, equally frequent",
};

/// The prediction in records per second.
pub fn predict(receivers: &[(f64, f64)]) -> Prediction {
    let rate = records_per_s(receivers);
    FORM.predicts(rate.unwrap_or(0.0), MEANS_AND_RATES, rate.is_some())
}

/// The prediction for largest over mean load of receivers with equal shares of the keys.
pub fn predict_load() -> Prediction {
    LOAD.predicts(1.0, MEANS_AND_RATES, true)
}

/// Records per second of a whole keyed exchange in steady state: the smallest of rate over share,
/// for receivers given as (records per second it serves, share of the records that its keys are).
/// `None` without a receiver that gets any.
///
/// Flow control does not balance load: keys decide who gets what, and when one channel has used up
/// its credits its senders wait, for the fast receivers too. Source: Flink's availability of a
/// result partition (all subpartitions below their bound); in micro-batch, the barrier behind each
/// stage. Valid for an input that always has more. Tolerance: 2 %, as a rate.
///
/// ```
/// use reports::formulas::flow_control::slowest_receiver::records_per_s;
/// assert_eq!(records_per_s(&[(1_000.0, 0.5), (9_000.0, 0.5)]), Some(2_000.0));
/// assert_eq!(records_per_s(&[]), None);
/// ```
pub fn records_per_s(receivers: &[(f64, f64)]) -> Option<f64> {
    let used = receivers.iter().filter(|(_, share)| *share > 0.0);
    used.map(|(rate, share)| rate / share).min_by(f64::total_cmp)
}
