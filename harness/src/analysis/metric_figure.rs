//! Values of metrics for people.

use reports::words::units;

/// A metric's value with its unit, by the metric's name.
pub fn metric_figure(metric: &str, value: f64) -> String {
    match metric {
        "throughput_per_s" => units::rate(value),
        "peak_memory_bytes" => units::bytes(value),
        "backlog_at_end" => units::share(value),
        "cpu_ns_per_record" | "elapsed_ns" => units::duration(value),
        _ if metric.starts_with("latency_ns.") && !is_count(metric) => units::duration(value),
        _ => units::trimmed(value, 3),
    }
}

/// Whether a metric counts latencies rather than being one.
fn is_count(metric: &str) -> bool {
    metric.ends_with(".count") || metric.ends_with(".clipped")
}
