//! Knobs that shape the events: every engine gives the evaluator's answer under each of them.

use serde_json::Value;

use crate::program::{ENGINES, run, words};

/// Runs windows over 6,000 events of 60 ms in virtual time, under these knobs.
#[track_caller]
fn run_on(engine: &str, knobs: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("keys.txt"), "7\n8,2\n18446744073709551615\t0.5\n").unwrap();
    // A wait of 10 ms would be long in so short a run.
    let no_wait = if engine == "microbatch" { "--set polling_delay_ms=0" } else { "" };
    let line = format!(
        "run --engine {engine} {no_wait} --workload windowed-count --rate 100k --events 6000 --parallelism 3 \
         --clock virtual --set window_ms=2 {knobs} --json"
    );
    let result = run(folder.path(), &words(&line)).json();
    // So short a run may close too few windows for its figures: its answer is looked at.
    let because = result["invalid_because"].as_array().unwrap();
    let is_short = |it: &Value| it.as_str().unwrap().contains("windows closed");
    assert!(because.iter().all(is_short), "{engine} {knobs}: {because:?}");
    assert_eq!(result["late_records"], 0, "{engine} {knobs}");
    assert_eq!(result["output"]["digest"], result["output"]["expected_digest"]);
    result
}

#[test]
fn every_engine_is_right_under_every_knob_of_keys_and_order() {
    for knobs in [
        "--set key_distribution=hot-set --set hot_share=0.9 --set hot_drift_events=500",
        "--set key_distribution=sequential",
        "--set key_file=keys.txt",
        "--set disorder=exponential --set disorder_ms=3",
        "--set payload_bytes=100 --set payload_distribution=log-normal",
        "--set idle_splits=5",
        "--set straggler_delay_ms=7",
        "--set straggler_delay_ms=7 --set event_rate=50000 --set disorder_ms=1 --set idle_splits=1",
    ] {
        for engine in ENGINES {
            run_on(engine, knobs);
        }
    }
}

#[test]
fn every_engine_is_right_under_every_shape_of_load() {
    for shape in
        ["ramp", "steps", "sine", "square", "burst", "bursts", "poisson", "on-off", "pareto"]
    {
        let period = match shape {
            "poisson" | "pareto" => "",
            _ => "--set load_period_s=0.02",
        };
        for engine in ENGINES {
            run_on(engine, &format!("--set load_shape={shape} {period}"));
        }
    }
    // A straggler, and event time at another speed.
    run_on("microbatch", "--set load_shape=poisson --set straggler_delay_ms=7");
    run_on("microbatch", "--set load_shape=bursts --set straggler_delay_ms=7");
    run_on("microbatch", "--set load_shape=sine --set event_rate=50000 --set load_period_s=0.02");
}

/// The output comes as the input does: in a burst of a tenth of the time at five times the rate,
/// half of all records.
#[test]
fn a_burst_is_seen_in_the_output() {
    let folder = tempfile::tempdir().unwrap();
    let line = "run --engine pipelined --workload forward --rate 10k --duration 4s \
                --clock virtual --set load_shape=burst --set load_period_s=4 --json";
    let result = run(folder.path(), &words(line)).with_status(0).json();
    assert_eq!(result["valid"], true, "{}", result["invalid_because"]);
    let series = result["series"].as_array().unwrap().iter();
    let in_burst = series.filter(|row| {
        let at = row["at_ns"].as_u64().unwrap();
        (1_750_000_000..2_350_000_000).contains(&at)
    });
    let records: u64 = in_burst.map(|row| row["records"].as_u64().unwrap()).sum();
    assert!((20_000..24_000).contains(&records), "{records} of 40000");
    assert_eq!(
        (&result["knobs"]["load_peak"], &result["knobs"]["load_duty"]),
        (&5.0.into(), &0.1.into())
    );
}

#[test]
fn results_say_what_followed_from_the_knobs() {
    let knobs = run_on("pipelined", "--set key_file=keys.txt")["knobs"].clone();
    assert_eq!(knobs["key_distribution"], "file");
    assert_eq!(knobs["key_file_hash"].as_str().unwrap().len(), 16);
    let knobs = run_on("pipelined", "--set key_distribution=hot-set")["knobs"].clone();
    assert_eq!((&knobs["hot_keys"], &knobs["hot_share"]), (&10.into(), &0.5.into()));
}

#[test]
fn a_straggler_is_seen_in_the_latency_and_idle_splits_are_not() {
    let latency = |knobs: &str| {
        let often = "--set watermark_interval_ms=1 --set buffer_timeout_ms=1";
        let latency = &run_on("pipelined", &format!("{knobs} {often}"))["latency_ns"];
        latency["after_window_end"]["p50"].as_f64().unwrap()
    };
    let (plain, idle) = (latency(""), latency("--set idle_splits=5"));
    let straggling = latency("--set straggler_delay_ms=20");
    assert!(straggling > plain + 15e6, "{straggling} beside {plain}");
    assert!((idle - plain).abs() < 10e6, "{idle} beside {plain}");
}
