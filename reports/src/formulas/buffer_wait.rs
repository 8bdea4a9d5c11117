//! How long a record waits in a buffer that is sent when it is full or when its time is over.

/// Nanoseconds until a buffer of `buffer_bytes` is full on one of the `senders * receivers` channels
/// that share a stream of `bytes_per_s`: B P_u P_d / R.
///
/// Source: each channel of an exchange fills a buffer of its own (Flink's
/// `BufferWritingResultPartition`), so it gets `1 / (senders * receivers)` of the stream. Range:
/// records are spread evenly over channels, and much smaller than a buffer.
///
/// ```
/// use reports::formulas::buffer_wait::fill_nanos;
/// // 32 KiB over 4 channels at 1 MB/s.
/// assert_eq!(fill_nanos(32_768.0, 2.0, 2.0, 1e6), 131_072_000.0);
/// ```
pub fn fill_nanos(buffer_bytes: f64, senders: f64, receivers: f64, bytes_per_s: f64) -> f64 {
    buffer_bytes * senders * receivers / bytes_per_s * 1e9
}

/// Mean wait in nanoseconds in a buffer that is full after `fill` and flushed every `timeout`:
/// a/2 - a^2/(6d), where a is the smaller and d the larger of the two.
///
/// Source: a record comes at any phase of both, so it waits for the smaller of two independent
/// uniform times, U(0, fill) and U(0, timeout). Range: the flusher runs on whether buffers fill or
/// not, the places at which buffers fill do not move with a flush, and records come evenly. It is
/// half of the smaller when the other is much larger, and a third when both are equal.
///
/// ```
/// use reports::formulas::buffer_wait::mean_wait;
/// assert_eq!(mean_wait(f64::INFINITY, 100.0), 50.0);
/// assert_eq!(mean_wait(30.0, 30.0), 10.0);
/// assert_eq!(mean_wait(10.0, 100.0), mean_wait(100.0, 10.0));
/// ```
pub fn mean_wait(fill: f64, timeout: f64) -> f64 {
    let (a, d) = (fill.min(timeout), fill.max(timeout));
    a / 2.0 - a * a / (6.0 * d)
}

#[cfg(test)]
mod tests {
    use super::mean_wait;

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
