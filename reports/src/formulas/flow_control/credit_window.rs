//! What a channel's credits let through when its ends are apart.

use crate::formulas::{ClosedForm, Prediction};
use crate::schema::tolerance::MEANS_AND_RATES;

/// Rate through a channel over a link.
pub const FORM: ClosedForm = ClosedForm {
    expression: "R = min(credits · buffer/(sending + round trip + service), link)",
    source: "Little's law over the credits: T = B/R with B the window and T a credit's way round \
             (Flink's RemoteInputChannel and AddCredit)",
    valid_range: "a sender that always has a full buffer; credits announced one by one",
};

/// The prediction in records per second.
pub fn predict(window: &Window, record_bytes: u64) -> Prediction {
    FORM.predicts(bytes_per_s(window) / record_bytes as f64, MEANS_AND_RATES, true)
}

/// One channel over a network.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Window {
    /// Buffers that may be under way, waiting at the receiver, or announced and not yet used.
    pub credits: u64,
    /// Bytes of a buffer.
    pub buffer_bytes: u64,
    /// Seconds there and back.
    pub round_trip_s: f64,
    /// Bytes per second of the link.
    pub link_bytes_per_s: f64,
    /// Seconds that the receiver spends on a buffer.
    pub service_s: f64,
}

/// The most bytes per second that get through: a window of credits per round trip, or what link or
/// receiver take, whichever is less. T = B/R with B the window and T the time of a credit's way
/// round: the buffer's bytes leave, travel, are served, and the credit travels back.
///
/// Source: Little's law over the credits; Flink's `RemoteInputChannel` and `AddCredit`. Valid for a
/// sender that always has a full buffer, and credits announced one by one. Tolerance: 2 %, as a rate.
///
/// ```
/// use reports::formulas::flow_control::credit_window::{Window, bytes_per_s};
/// let far = Window {
///     credits: 10, buffer_bytes: 32_768, round_trip_s: 0.1, link_bytes_per_s: 1e12, service_s: 0.0,
/// };
/// assert!((bytes_per_s(&far) / 3_276_800.0 - 1.0).abs() < 1e-6, "whatever the link could carry");
/// ```
pub fn bytes_per_s(window: &Window) -> f64 {
    let bytes = window.buffer_bytes as f64;
    let sending_s = bytes / window.link_bytes_per_s;
    let way_round_s = sending_s + window.round_trip_s + window.service_s;
    let slowest_s = sending_s.max(window.service_s);
    let by_credit = window.credits as f64 * bytes / way_round_s;
    if slowest_s > 0.0 { by_credit.min(bytes / slowest_s) } else { by_credit }
}
