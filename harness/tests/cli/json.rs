//! `--json` prints one value and nothing else, with the fields that scripts rely on.

use serde_json::Value;

use crate::program::{ENGINES, run, words};

const RUN_FIELDS: &[&str] = &[
    "workload",
    "engine",
    "settings",
    "knobs",
    "seed",
    "rate",
    "events",
    "parallelism",
    "clock",
    "guarantee",
    "repeat",
    "interrupted",
    "valid",
    "invalid_because",
    "records_in",
    "records_out",
    "elapsed_ns",
    "throughput_per_s",
    "cpu_ns_per_record",
    "peak_memory_bytes",
    "latency_ns",
    "output",
    "late_records",
    "exchanges",
    "environment",
];

#[track_caller]
fn has(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "no `{field}` in {value}");
    }
}

#[track_caller]
fn is_a_run(result: &Value) {
    assert_eq!(result["schema"], "streamgauge.run/1");
    has(result, RUN_FIELDS);
    has(&result["latency_ns"], &["from_planned", "from_ingestion", "after_window_end"]);
    has(&result["latency_ns"]["from_planned"], &["count", "p50", "p90", "p99", "p999", "max"]);
    has(&result["output"], &["records", "digest", "expected_digest"]);
    for exchange in result["exchanges"].as_array().unwrap() {
        has(exchange, &["exchange", "placement", "records", "max_over_mean"]);
    }
}

#[test]
fn a_run_is_one_value() {
    let folder = tempfile::tempdir().unwrap();
    for engine in ENGINES {
        let line = format!("run --engine {engine} --workload keyed-count --events 3000 --json");
        let ended = run(folder.path(), &words(&line)).with_status(0);
        assert_eq!(ended.err, "");
        let result = ended.json();
        is_a_run(&result);
        assert_eq!(result["engine"], engine);
        assert_eq!((&result["valid"], &result["interrupted"]), (&true.into(), &false.into()));
        assert_eq!((&result["records_in"], &result["records_out"]), (&3000.into(), &3000.into()));
        assert_eq!(result["output"]["digest"], result["output"]["expected_digest"]);
        assert_eq!(result["rate"], Value::Null);
    }
}

#[test]
fn a_run_at_a_rate_has_latencies() {
    let folder = tempfile::tempdir().unwrap();
    let line = "run --engine pipelined --workload keyed-count --rate 10k --duration 200ms --json";
    let result = run(folder.path(), &words(line)).json();
    is_a_run(&result);
    assert_eq!(result["events"], 2000);
    assert_eq!(result["latency_ns"]["from_planned"]["count"], 2000);
}

#[test]
fn repeats_are_one_value_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let line = "run --engine sequential --workload forward --events 100 --repeats 3 --json";
    let runs = run(folder.path(), &words(line)).with_status(0).json_lines();
    let repeats: Vec<_> = runs.iter().map(|run| run["repeat"].as_u64().unwrap()).collect();
    assert_eq!(repeats, [0, 1, 2]);
}

#[test]
fn verify_is_an_array_of_cells() {
    let folder = tempfile::tempdir().unwrap();
    let line = "verify --events 20000 --parallelism 2 --workload windowed-count --json";
    let ended = run(folder.path(), &words(line)).with_status(0);
    assert_eq!(ended.err, "");
    let cells = ended.json();
    let cells = cells.as_array().unwrap();
    // On two clocks, in order and with disorder.
    assert_eq!(cells.len(), ENGINES.len() * 2 * 2);
    for cell in cells {
        has(cell, &["workload", "engine", "parallelism", "clock", "disorder_ms", "events"]);
        assert_eq!((&cell["ok"], &cell["digest"]), (&true.into(), &cell["expected_digest"]));
        assert!(cell["windows_closed"].as_u64().unwrap() >= 20, "{cell}");
    }
}

#[test]
fn a_comparison_is_one_value_and_the_same_as_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let line = "compare --workload keyed-count --events 2000 --repeats 2 --out results --json";
    let ended = run(folder.path(), &words(line)).with_status(0);
    let result = ended.json();
    assert_eq!(result["schema"], "streamgauge.compare/1");
    assert_eq!(result["interrupted"], false);
    let runs = result["runs"].as_array().unwrap();
    let engines: Vec<_> = runs.iter().map(|run| run["engine"].as_str().unwrap()).collect();
    assert_eq!(engines, ["pipelined", "microbatch", "microbatch", "pipelined"]);
    runs.iter().for_each(is_a_run);
    for comparison in result["comparisons"].as_array().unwrap() {
        has(comparison, &["workload", "metric", "a", "b", "ratio", "interval", "repeats", "why"]);
        assert_eq!(comparison["verdict"], "none", "two pairs are too few: {comparison}");
    }
    let saved = std::fs::read_to_string(folder.path().join("results/results.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&saved).unwrap(), result);
    let report = std::fs::read_to_string(folder.path().join("results/report.html")).unwrap();
    assert!(report.contains("keyed-count"));
    let files = std::fs::read_dir(folder.path().join("results/runs")).unwrap();
    let json = files.filter(|it| it.as_ref().unwrap().path().extension().unwrap() == "json");
    assert_eq!(json.count(), 4);
}

#[test]
fn what_there_is_can_be_listed() {
    let folder = tempfile::tempdir().unwrap();
    let list = run(folder.path(), &words("list --json")).with_status(0).json();
    let names = |what: &str| -> Vec<String> {
        let entries = list[what].as_array().unwrap().iter();
        entries.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    let engines = names("engines");
    assert_eq!(engines[..ENGINES.len()], ENGINES);
    let systems = ["flink", "flink-sql", "spark", "spark-realtime", "spark-dstream"];
    assert!(systems.iter().all(|it| engines[ENGINES.len()..].contains(&(*it).to_owned())));
    for engine in list["engines"].as_array().unwrap() {
        for setting in engine["settings"].as_array().unwrap() {
            has(setting, &["name", "takes", "default", "help"]);
        }
    }
    assert!(names("workloads").contains(&"word-count".to_owned()));
    assert_eq!(list["placements"][0], "key-groups");
    assert!(list["suites"].as_array().unwrap().contains(&"quick".into()));
    for what in ["engines", "workloads", "placements", "suites"] {
        let one = run(folder.path(), &["list", what, "--json"]).with_status(0).json();
        assert_eq!(one[what], list[what]);
    }
}

#[test]
fn a_sample_can_be_read_back_and_gives_the_answer_of_the_generated_events() {
    let folder = tempfile::tempdir().unwrap();
    let sample = run(folder.path(), &words("sample --workload keyed-count --events 500"));
    assert_eq!(sample.json_lines().len(), 500);
    std::fs::write(folder.path().join("events.ndjson"), &sample.out).unwrap();
    let digest = |more: &str| {
        let line = format!("run --engine pipelined --workload keyed-count --json {more}");
        run(folder.path(), &words(&line)).with_status(0).json()["output"]["digest"].clone()
    };
    assert_eq!(digest("--input events.ndjson"), digest("--events 500"));
}
