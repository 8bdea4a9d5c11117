//! What varies rates and settings: sweeps, and the search for the rate that is sustained.

use crate::program::{contents, run, words};

#[test]
fn a_sweep_runs_every_point_and_draws_one_picture() {
    let folder = tempfile::tempdir().unwrap();
    let line = "sweep --workload keyed-count --events 2000 --rate 20k --repeats 1 --out out --json \
                --axis batch_interval_ms=0,5 --axis parallelism=1,2";
    let result = run(folder.path(), &words(line)).done_unless_busy().json();
    let points = result["sweep"]["points"].as_array().unwrap();
    let names: Vec<&str> = points.iter().map(|it| it["experiment"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "batch_interval_ms=0, parallelism=1",
            "batch_interval_ms=0, parallelism=2",
            "batch_interval_ms=5, parallelism=1",
            "batch_interval_ms=5, parallelism=2",
        ]
    );
    let runs = result["runs"].as_array().unwrap();
    let first = runs.iter().filter(|run| run["superseded"] == false);
    assert_eq!(first.count(), 8, "two engines at four points");
    for run in runs {
        let at = format!(
            "batch_interval_ms={}, parallelism={}",
            run["settings"]["batch_interval_ms"].as_f64().unwrap_or(-1.0),
            run["parallelism"]
        );
        let is_micro_batch = run["engine"] == "microbatch";
        assert!(!is_micro_batch || run["experiment"] == at.as_str(), "{at}: {}", run["experiment"]);
    }
    let files = contents(&folder.path().join("out/charts"));
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap()).collect();
    assert_eq!(names, ["crossover-map-dark.svg", "crossover-map.csv", "crossover-map.svg"]);
}

#[test]
fn a_known_capacity_is_found_within_two_percent() {
    let folder = tempfile::tempdir().unwrap();
    // In virtual time a record has a fixed cost, so the throughput at max is the capacity.
    for engine in ["sequential", "pipelined"] {
        let line = format!(
            "sustain --clock virtual --engine {engine} --workload forward --events 400k --repeats 1 \
             --precision 0.5% --json --out {engine}"
        );
        let ended = run(folder.path(), &words(&line)).with_status(0);
        let row = &ended.json()[0];
        let (found, capacity) =
            (row["rate_per_s"].as_f64().unwrap(), row["throughput_at_max_per_s"].as_f64().unwrap());
        assert!((found / capacity - 1.0).abs() < 0.02, "{engine}: {found} of {capacity}");
        let (low, high) =
            (row["interval"][0].as_f64().unwrap(), row["interval"][1].as_f64().unwrap());
        assert!(low <= found && found <= high && high / low <= 1.005, "{row}");
    }
}

#[test]
fn a_limit_of_latency_lowers_the_rate() {
    let folder = tempfile::tempdir().unwrap();
    let line = "sustain --clock virtual --engine sequential --workload forward --events 20000 \
                --repeats 1 --json --latency 1ns --out out";
    // Nobody emits in a nanosecond: no rate is sustained, and that is said.
    let ended = run(folder.path(), &words(line)).with_status(1);
    assert!(ended.json()[0]["rate_per_s"].is_null(), "{}", ended.out);
}
