//! How long a record takes through micro-batches.

/// Mean latency in nanoseconds when a batch that takes `batch` is triggered every `interval`:
/// T/2 + S while S < T. From there on batches follow one another at once, and what comes during
/// one waits for its rest and then for the whole of its own: 1.5 S.
///
/// Source: records come evenly, wait for half of what is between two cuts, and are seen when
/// their batch ends. Range: batches of one length; a batch that overruns is followed at once, as
/// in Spark's Structured Streaming; all of a batch is seen at its end. S grows with the records
/// of a batch: back to back it settles at S* = F/(1 - rho), with a fixed cost F and a load rho.
///
/// ```
/// use reports::formulas::batch_latency::mean_latency;
/// assert_eq!(mean_latency(100.0, 20.0), 70.0);
/// assert_eq!(mean_latency(0.0, 20.0), 30.0);
/// assert_eq!(mean_latency(10.0, 20.0), 30.0);
/// ```
pub fn mean_latency(interval: f64, batch: f64) -> f64 {
    if batch < interval { interval / 2.0 + batch } else { 1.5 * batch }
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
