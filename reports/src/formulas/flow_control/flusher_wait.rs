//! How long a record waits in an open buffer that is rarely full.

use crate::formulas::{ClosedForm, Prediction};
use crate::schema::tolerance::MEANS_AND_RATES;

/// Mean wait in an open buffer.
pub const FORM: ClosedForm = ClosedForm {
    expression: "a/2 − a²/(6d), a = min(φ, τ), d = max(φ, τ)",
    source: "Flink's OutputFlusher (execution.buffer-timeout.interval): a clock that runs free beside \
             the filling; mean of the smaller of two independent uniform waits",
    valid_range: "a receiver that keeps up; 100 records a buffer or more; 20 beats of the two \
                  periods, which are 10 % apart, or more",
};

/// Periods closer to each other than this share keep their phase for too long.
const FARTHEST_ALIKE: f64 = 0.10;

/// The prediction for a buffer that fills in `fill_ms` and a flusher of `interval_ms`, in
/// milliseconds, where the receiver keeps up or does not.
pub fn predict(fill_ms: f64, interval_ms: f64, keeps_up: bool) -> Prediction {
    let apart = (fill_ms / interval_ms).max(interval_ms / fill_ms) - 1.0;
    let inside = keeps_up && apart >= FARTHEST_ALIKE - 1e-9;
    FORM.predicts(mean_wait(fill_ms, interval_ms), MEANS_AND_RATES, inside)
}

/// Mean wait in an open buffer, in the unit of its arguments: with `a` the shorter and `d` the
/// longer of the time that filling a buffer takes and the flusher's interval, a/2 - a²/(6d).
///
/// The flusher is a clock that runs free beside the filling, and flushing does not move the places
/// at which buffers fill; so a record waits for whichever of two independent saw-teeth comes
/// first, min(U(0, fill), U(0, interval)). It is not min(fill, interval), which is the longest.
///
/// Source: Flink's `OutputFlusher` and `PipelinedSubpartition` (`execution.buffer-timeout.interval`),
/// expectation of the minimum of two uniform variables. Valid for a receiver that keeps up, at
/// least a hundred records a buffer, and a run of at least 20 beats of the two periods, which must
/// be 10 % apart; see [`beat`]. Tolerance: 2 %, as a mean.
///
/// ```
/// use reports::formulas::flow_control::flusher_wait::mean_wait;
/// assert!((mean_wait(100.0, 100.0) - 100.0 / 3.0).abs() < 1e-9, "a third when both are equal");
/// assert!((mean_wait(1e9, 100.0) - 50.0).abs() < 1e-4, "hardly ever full: half the interval");
/// assert!((mean_wait(10.0, 1e9) - 5.0).abs() < 1e-4, "always full before: half the fill time");
/// ```
pub fn mean_wait(fill: f64, interval: f64) -> f64 {
    let (a, d) = (fill.min(interval), fill.max(interval));
    a / 2.0 - a * a / (6.0 * d)
}

/// Nanoseconds until a buffer of `buffer_bytes` is full on one of the `senders * receivers` channels
/// that share a stream of `bytes_per_s`: B P_u P_d / R.
///
/// Source: each channel of an exchange fills a buffer of its own (Flink's
/// `BufferWritingResultPartition`), so it gets `1 / (senders * receivers)` of the stream. Range:
/// records are spread evenly over channels, and much smaller than a buffer.
///
/// ```
/// use reports::formulas::flow_control::flusher_wait::fill_nanos;
/// // 32 KiB over 4 channels at 1 MB/s.
/// assert_eq!(fill_nanos(32_768.0, 2.0, 2.0, 1e6), 131_072_000.0);
/// ```
pub fn fill_nanos(buffer_bytes: f64, senders: f64, receivers: f64, bytes_per_s: f64) -> f64 {
    buffer_bytes * senders * receivers / bytes_per_s * 1e9
}

/// After how long filling and flusher meet in the same phase again, in the unit of the arguments:
/// 1 / |1/fill - 1/interval|. A run must see many of these, or its phases decide its mean.
///
/// ```
/// use reports::formulas::flow_control::flusher_wait::beat;
/// assert!((beat(20.0, 25.0) - 100.0).abs() < 1e-9);
/// ```
pub fn beat(fill: f64, interval: f64) -> f64 {
    1.0 / (1.0 / fill - 1.0 / interval).abs()
}

#[cfg(test)]
mod tests {
    use super::mean_wait;

    /// (fill time, simulated mean) in ms for a flusher of 100 ms, 32 KiB buffers filled at 10^4 to
    /// 10^7 bytes a second: a simulation of the two clocks.
    const SIMULATED: [(f64, f64, f64); 5] = [
        (3_276.8, 49.4, 0.01),
        (327.68, 44.8, 0.01),
        (99.297, 34.4, 0.04),
        (32.768, 14.6, 0.01),
        (3.2768, 1.62, 0.01),
    ];

    #[test]
    fn the_closed_form_is_the_mean_of_a_simulation() {
        for (fill, simulated, within) in SIMULATED {
            let off = (mean_wait(fill, 100.0) / simulated - 1.0).abs();
            assert!(off < within, "fill {fill}: {} is not {simulated}", mean_wait(fill, 100.0));
        }
    }

    /// The mean of the smaller of two uniform times, added up over a grid.
    #[test]
    fn it_is_the_mean_of_the_smaller_of_two_uniform_times() {
        for (fill, timeout) in [(10.0, 100.0), (80.0, 100.0), (100.0, 100.0), (300.0, 100.0)] {
            let steps = 400;
            let at = |n: i32, end: f64| (f64::from(n) + 0.5) / f64::from(steps) * end;
            let sum: f64 = (0..steps)
                .flat_map(|n| (0..steps).map(move |m| at(n, fill).min(at(m, timeout))))
                .sum();
            let mean = sum / f64::from(steps * steps);
            let off = (mean_wait(fill, timeout) - mean).abs();
            assert!(off < 0.001 * mean, "{fill}, {timeout}: {mean}");
        }
    }
}
