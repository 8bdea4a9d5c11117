//! Percentiles over all runs of a variant, as sentences.

use super::units;
use super::verdict::metric_name;
use crate::schema::{CompareResult, PooledRow};

/// A line for each percentile that only all runs of a variant together have.
pub fn lines(result: &CompareResult) -> Vec<String> {
    result.pooled.iter().map(line).collect()
}

fn line(row: &PooledRow) -> String {
    let value = units::duration(row.value_ns as f64);
    let interval = row.interval_ns.map_or(String::new(), |(low, high)| {
        let (low, high) = (units::duration(low), units::duration(high));
        format!(", 95 % interval {low} to {high} by a bootstrap over runs and seconds")
    });
    format!(
        "{} on {}: {} {value} over {} runs together ({} results{interval}); one by itself is too short.",
        row.experiment,
        row.variant,
        metric_name(&row.metric),
        row.runs,
        units::count(row.samples)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_over_what_it_is() {
        let row = PooledRow {
            experiment: "short".to_owned(),
            variant: "pipelined".to_owned(),
            metric: "latency_ns.from_planned.p99".to_owned(),
            value_ns: 2_500_000,
            interval_ns: Some((2_100_000.0, 3_000_000.0)),
            runs: 5,
            samples: 3_000,
        };
        let mut result = CompareResult { pooled: vec![row], ..CompareResult::default() };
        assert_eq!(
            lines(&result),
            ["short on pipelined: p99 latency 2.50 ms over 5 runs together (3,000 results, 95 % \
                 interval 2.10 ms to 3.00 ms by a bootstrap over runs and seconds); one by itself is \
                 too short."]
        );
        result.pooled[0].interval_ns = None;
        assert!(lines(&result)[0].contains("(3,000 results); one"));
    }
}
