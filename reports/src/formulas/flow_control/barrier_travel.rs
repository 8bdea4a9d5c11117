//! How long an aligned barrier takes through full buffers.

use super::full_buffers::{Channel, seconds};
use crate::formulas::{ClosedForm, Prediction};
use crate::schema::tolerance::MEANS_AND_RATES;

/// From the trigger of a checkpoint to its end.
pub const FORM: ClosedForm = ClosedForm {
    expression: "B/R + buffer/(2R)",
    source: "an aligned barrier stays in order: what is buffered is ahead of it \
             (checkpointStartDelayNanos), after half a buffer's time until the sender has room",
    valid_range: "a receiver slower than its sender; one channel of full buffers; checkpoints further \
                  apart than this; an upload that takes no time",
};

/// The prediction in milliseconds.
pub fn predict(channel: &Channel, bytes_per_s: f64, interval_ms: f64) -> Prediction {
    let millis = mean_seconds(channel, bytes_per_s) * 1e3;
    FORM.predicts(millis, MEANS_AND_RATES, millis < interval_ms)
}

/// Mean seconds from the trigger of a checkpoint until its barrier has passed a full channel: what
/// is ahead of it, T = B/R, and half a buffer's time before that, as the sender waits for room when
/// it is told.
///
/// A barrier costs no credit and overtakes nothing; so back-pressure delays every aligned
/// checkpoint by what is buffered (Flink's `checkpointStartDelayNanos`). Valid for one channel with
/// full buffers, checkpoints further apart than this, and nothing else to wait for (no upload).
/// Tolerance: 2 %, as a mean.
///
/// ```
/// use reports::formulas::flow_control::barrier_travel::mean_seconds;
/// use reports::formulas::flow_control::full_buffers::Channel;
/// let channel = Channel { credits: 3, backlog: 1, buffer_bytes: 1_000 };
/// assert_eq!(mean_seconds(&channel, 1_000.0), 3.5);
/// ```
pub fn mean_seconds(channel: &Channel, bytes_per_s: f64) -> f64 {
    seconds(channel.bytes_ahead(), bytes_per_s) + seconds(channel.buffer_bytes, bytes_per_s) / 2.0
}
