//! Results made by hand, for tests.

use reports::schema::{CompareResult, Measures, RunResult};
use serde_json::json;

/// A valid throughput run of 2,000 events with this many events per second, and processor time and
/// memory that are always the same.
pub(crate) fn run(experiment: &str, variant: &str, throughput: f64) -> RunResult {
    let latency = json!({
        "count": 0, "p50": null, "p90": null, "p99": null, "p999": null, "max": null,
        "clipped": 0, "curve": []
    });
    let value = json!({
        "schema": "streamgauge.run/1", "experiment": experiment, "workload": "keyed-count",
        "engine": "pipelined", "variant": variant, "measures": "throughput",
        "settings": { "buffer_bytes": 32768, "guarantee": "none" }, "knobs": { "keys": 1000 },
        "seed": 42, "rate": null, "events": 2000, "warm_up_events": 0, "parallelism": 2,
        "clock": "wall", "guarantee": "none", "repeat": 0, "interrupted": false, "valid": true,
        "invalid_because": [], "records_in": 2000, "records_out": 2000, "elapsed_ns": 1_000_000,
        "throughput_per_s": throughput, "cpu_ns_per_record": 50.0, "peak_memory_bytes": 1_048_576,
        "latency_ns": {
            "from_planned": latency, "from_ingestion": latency, "after_window_end": latency
        },
        "output": { "records": 2000, "digest": "d", "expected_digest": "d" }, "late_records": 0,
        "windows_closed": null, "backlog_at_end": 0.0, "exchanges": [], "batches": [],
        "environment": {}
    });
    serde_json::from_value(value).expect("the fixture is a run")
}

/// A valid latency run at 1,000 events per second with these percentiles, in nanoseconds.
pub(crate) fn latency_run(experiment: &str, variant: &str, p50: u64, p99: u64) -> RunResult {
    let mut run = run(experiment, variant, 1000.0);
    run.measures = Measures::Latency;
    run.rate = Some(1000.0);
    run.latency_ns.from_planned.count = 2000;
    run.latency_ns.from_planned.p50 = Some(p50);
    run.latency_ns.from_planned.p99 = Some(p99);
    run
}

/// A comparison of these runs.
pub(crate) fn comparison(runs: Vec<RunResult>) -> CompareResult {
    CompareResult {
        schema: "streamgauge.compare/1".to_owned(),
        suite: "mine".to_owned(),
        started: "2026-11-22T18:00:00Z".to_owned(),
        command: "streamgauge compare mine.toml".to_owned(),
        runs,
        environment: [("commit".to_owned(), json!("abc"))].into(),
        ..CompareResult::default()
    }
}
