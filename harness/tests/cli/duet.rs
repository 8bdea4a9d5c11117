//! Two runs at once, each in a process that is pinned to a core.

use std::path::Path;

use serde_json::Value;

use crate::examples::example;
use crate::program::{command, program, run, run_with_input, signal, wait, wait_until, words};

fn runs(result: &Value) -> &[Value] {
    result["runs"].as_array().unwrap()
}

fn text<'a>(run: &'a Value, place: &str) -> &'a str {
    run.pointer(place).unwrap().as_str().unwrap()
}

#[test]
fn every_variant_runs_beside_every_other_one_on_cores_that_change() {
    let folder = tempfile::tempdir().unwrap();
    let line = "compare --duet --workload keyed-count --engine pipelined --engine microbatch \
                --engine sequential --events 3000 --repeats 2 --out out --json";
    // So short that nothing is shared long enough: every answer counts all the same.
    let result = run(folder.path(), &words(line)).with_status(1).json();
    let cores: Vec<u64> =
        runs(&result).iter().map(|run| run["duet"]["core"].as_u64().unwrap()).collect();
    let pairs: Vec<(&str, &str)> = runs(&result)
        .iter()
        .map(|run| (text(run, "/variant"), text(run, "/duet/beside")))
        .collect();
    let (p, m, s) = ("pipelined", "microbatch", "sequential");
    assert_eq!(pairs[..6], [(p, m), (m, p), (p, s), (s, p), (m, s), (s, m)]);
    assert_eq!(pairs[6..], pairs[..6], "the same in each round");
    assert!(cores.chunks(2).all(|pair| pair[0] != pair[1]), "{cores:?}");
    assert!(cores[..6].iter().zip(&cores[6..]).all(|(a, b)| a != b), "swapped: {cores:?}");
    for run in runs(&result) {
        assert_eq!(run["output"]["digest"], run["output"]["expected_digest"]);
        let because = run["invalid_because"][0].as_str().unwrap();
        assert!(because.contains("slices of 100 ms only"), "{because}");
        assert_eq!(run["parallelism"], 1);
        assert_eq!(run["environment"]["cores"], 1, "it is pinned");
    }
    assert!(!folder.path().join("results").exists(), "what was not measured is not kept");
}

#[test]
fn what_both_ran_in_is_timed_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let line = "compare --duet --workload keyed-count --engine pipelined --engine microbatch \
                --duration 800ms --repeats 2 --out out --json";
    let ended = run(folder.path(), &words(line));
    let result = ended.json();
    for run in runs(&result).iter().filter(|run| run["valid"] == true) {
        let slices = run["duet"]["slices"].as_array().unwrap();
        assert!(slices.len() >= 3, "{slices:?}");
        let nanos = slices.len() as f64 * 1e8;
        assert_eq!(run["elapsed_ns"].as_f64(), Some(nanos));
        let sum = |what: &str| slices.iter().map(|it| it[what].as_f64().unwrap()).sum::<f64>();
        let had = sum("core_ns").min(nanos);
        let throughput = run["throughput_per_s"].as_f64().unwrap();
        assert!((sum("records") * 1e9 / had / throughput - 1.0).abs() < 1e-9);
    }
    let rows = result["contention"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let compared = result["comparisons"].as_array().unwrap().iter();
    let metrics: Vec<_> = compared.map(|it| it["metric"].as_str().unwrap()).collect();
    assert_eq!(metrics, ["throughput_per_s", "cpu_ns_per_record"]);
    let report = std::fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(report.contains("Duets: two runs at a time"), "the report says what it is");
    // Runs by themselves are something else.
    let alone = "compare --workload keyed-count --events 2000 --repeats 1 --out alone";
    run(folder.path(), &words(alone));
    let diff = run(folder.path(), &words("diff alone out")).with_status(2);
    assert!(diff.err.contains("duet"), "{}", diff.err);
}

#[test]
fn an_engine_of_ones_own_has_duets() {
    let folder = tempfile::tempdir().unwrap();
    let line = "compare --duet --workload forward --engine pipelined --engine pipelined-20 \
                --events 3000 --repeats 1 --out out --json";
    let child = program(&example("slowed_engine"), folder.path(), &words(line)).spawn().unwrap();
    let result = wait(child).with_status(1).json();
    assert_eq!(text(&runs(&result)[1], "/engine"), "pipelined-20");
    assert_eq!(text(&runs(&result)[1], "/duet/beside"), "pipelined");
}

/// Processes whose parent is that one.
fn children(parent: u32) -> Vec<u32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let listed = std::fs::read_to_string(Path::new(&path)).unwrap_or_default();
    listed.split_whitespace().map(|it| it.parse().unwrap()).collect()
}

/// The names of the threads of a process.
fn threads(process: u32) -> String {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task"));
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm"));
    tasks.into_iter().flatten().filter_map(|task| name(task.ok()?).ok()).collect()
}

#[test]
fn a_duet_that_is_stopped_is_saved_and_leaves_no_process() {
    let folder = tempfile::tempdir().unwrap();
    let line = "compare --duet --workload keyed-count --rate 1000 --duration 60s --repeats 1 \
                --against-itself --engine pipelined --out out --json";
    let child = command(folder.path(), &words(line)).spawn().unwrap();
    let parent = child.id();
    wait_until("both sides are at work", || {
        let sides = children(parent);
        // A run has a probe.
        sides.len() == 2 && sides.iter().all(|side| threads(*side).contains("streamgauge-pro"))
    });
    let sides = children(parent);
    // Only the comparison is told; a terminal would tell all of them.
    signal("INT", parent);
    let result = wait(child).with_status(130).json();
    assert_eq!(result["interrupted"], true);
    assert_eq!(runs(&result).len(), 2);
    assert!(runs(&result).iter().all(|run| run["interrupted"] == true));
    wait_until("no side is left", || {
        sides.iter().all(|side| !Path::new(&format!("/proc/{side}")).exists())
    });
}

#[test]
fn a_side_that_dies_ends_the_comparison() {
    let folder = tempfile::tempdir().unwrap();
    let line = "compare --duet --workload keyed-count --rate 1000 --duration 60s --repeats 1 \
                --against-itself --engine pipelined --out out";
    for side in [0, 1] {
        let line = line.replace("--out out", &format!("--out out{side}"));
        let child = command(folder.path(), &words(&line)).spawn().unwrap();
        let parent = child.id();
        wait_until("both sides are at work", || children(parent).len() == 2);
        signal("KILL", children(parent)[side]);
        let ended = wait(child).with_status(3);
        assert!(ended.err.contains("ended without a result: signal: 9"), "{}", ended.err);
    }
}

#[test]
fn a_side_is_nothing_to_start_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    for input in ["", "{}\n", "pipelined\n"] {
        let ended = run_with_input(folder.path(), &["duet-side"], input.as_bytes()).with_status(2);
        assert!(ended.err.contains("started by `compare --duet` alone"), "{}", ended.err);
    }
    let help = run(folder.path(), &["--help"]).with_status(0).out;
    assert!(!help.contains("duet-side"), "{help}");
}
