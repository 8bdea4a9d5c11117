//! T = B/R itself: how long what is buffered takes to leave.

use crate::formulas::{ClosedForm, Prediction, Tolerance};
use crate::schema::tolerance::MEANS_AND_RATES;

/// Time from being read to being emitted, under back-pressure.
pub const FORM: ClosedForm = ClosedForm {
    expression: "T = B/R = (credits + backlog − 1) · buffer / R",
    source: "Little's law over what is buffered; Flink's credits (2 exclusive buffers a channel, 8 \
             floating ones a gate) and 10 buffers a subpartition",
    valid_range: "a receiver slower than its sender; one channel; only full buffers, of 256 records \
                  (what a source reads at once) or a multiple",
};

/// The same where channels are many or buffers are flushed: a bound.
pub(crate) const BOUND: ClosedForm = ClosedForm {
    expression: "T ≤ B/R, B = (credits of the gate + senders · backlog) · buffer",
    source: "Little's law over the most that can be buffered; which channels are full, and how full \
             a flushed buffer is, is left open",
    valid_range: "a receiver slower than its senders",
};

/// The buffers between one sending and one receiving subtask whose receiver is the slower one.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Channel {
    /// Buffers that the receiver has credit for: its exclusive ones and the gate's floating ones.
    pub credits: u64,
    /// Buffers that wait for credit before the sender stops taking input.
    pub backlog: u64,
    /// Bytes of a buffer.
    pub buffer_bytes: u64,
}

impl Channel {
    /// Bytes ahead of a record that has just been read, when the sender has been waiting: every
    /// buffer but the one that the receiver has just taken, whose credit let the sender read.
    ///
    /// ```
    /// use reports::formulas::flow_control::full_buffers::Channel;
    /// let flink = Channel { credits: 10, backlog: 10, buffer_bytes: 32 * 1024 };
    /// assert_eq!(flink.bytes_ahead(), 19 * 32 * 1024);
    /// ```
    pub const fn bytes_ahead(&self) -> u64 {
        (self.credits + self.backlog - 1) * self.buffer_bytes
    }
}

/// Seconds that `bytes` take to leave at `bytes_per_s`: T = B/R, Little's law (1961) for whatever
/// passes in order, with B what is buffered and R the rate at which it leaves.
///
/// Under back-pressure it is the time that a record spends between being read and being emitted,
/// and the time to drain what is buffered once the input has ended. Source: Flink's credits
/// (`RemoteInputChannel`, 2 exclusive buffers a channel and 8 floating ones a gate) and its bound of
/// 10 buffers a subpartition. Valid for a receiver slower than its sender, full buffers only (a
/// flushed one holds a credit for fewer bytes, so that B is then a bound) and one channel to the
/// receiver. Tolerance: 2 %, as a mean.
///
/// ```
/// use reports::formulas::flow_control::full_buffers::seconds;
/// assert_eq!(seconds(1_000_000, 2_000_000.0), 0.5);
/// ```
pub fn seconds(bytes: u64, bytes_per_s: f64) -> f64 {
    bytes as f64 / bytes_per_s
}

/// The prediction in milliseconds for receivers that take `bytes_per_s`, where they are slower than
/// their sender or not.
pub fn predict(channel: &Channel, bytes_per_s: f64, saturated: bool) -> Prediction {
    let millis = seconds(channel.bytes_ahead(), bytes_per_s) * 1e3;
    FORM.predicts(millis, MEANS_AND_RATES, saturated)
}

/// The bound in milliseconds for a gate of `senders` channels like this one, which share its
/// floating credits.
pub fn predict_bound(
    channel: &Channel,
    exclusive_credits: u64,
    senders: u64,
    bytes_per_s: f64,
) -> Prediction {
    let floating = channel.credits - exclusive_credits;
    let buffers = senders * (exclusive_credits + channel.backlog) + floating;
    let millis = seconds(buffers * channel.buffer_bytes, bytes_per_s) * 1e3;
    BOUND.predicts(millis, Tolerance::AtMost { share: 0.0 }, true)
}

/// The most buffers that an exchange of Flink's holds, sender's pools and receivers' gates together:
/// 4 PuPd + 8 (Pu + Pd). A bound: how many are held depends on which channels are full.
///
/// Source: `NettyShuffleUtils` (2 Pd + 8 for each sender) and `InputGateSpecUtils` (2 Pu + 8 for
/// each receiver). Exact, as a bound.
///
/// ```
/// use reports::formulas::flow_control::full_buffers::most_buffers;
/// assert_eq!([(2, 2), (4, 4), (16, 16)].map(|(up, down)| most_buffers(up, down)), [48, 128, 1_280]);
/// ```
pub const fn most_buffers(senders: u64, receivers: u64) -> u64 {
    4 * senders * receivers + 8 * (senders + receivers)
}
