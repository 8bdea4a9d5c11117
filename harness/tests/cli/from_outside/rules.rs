//! Knobs that are each in range and make no sense together.

use super::refused_with;
use crate::program::{run, words};

#[test]
fn a_window_shorter_than_its_slide_is_refused_and_both_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let suite = "[[experiment]]\nworkload = \"nexmark-q5\"\nengines = [\"pipelined\"]\n\
                 rate = \"max\"\nevents = 10\nknobs = { window_ms = 50 }\n";
    std::fs::write(folder.path().join("short.toml"), suite).unwrap();
    let both = ["slide_ms=2000 is longer than window_ms=50", "make slide_ms at most 50"];
    for line in [
        "run --engine pipelined --workload nexmark-q5 --events 100 --set window_ms=50",
        "run --engine microbatch --workload nexmark-q5 --input - --set window_ms=50",
        "compare --workload nexmark-q5 --events 100 --set window_ms=50",
        "sweep --workload nexmark-q5 --events 100 --axis window_ms=50,60",
        "sample --workload nexmark-q5 --set window_ms=50",
        "skew --workload nexmark-q5 --set window_ms=50",
        "compare short.toml",
        "suite check short.toml",
    ] {
        println!("{line}");
        refused_with(folder.path(), &words(line), b"", &both);
    }
    // The place is that of the knob.
    refused_with(
        folder.path(),
        &words("suite check short.toml"),
        b"",
        &["short.toml:6:11: ", "knobs = { window_ms = 50 }"],
    );
}

#[test]
fn windows_without_number_are_refused_before_they_open() {
    let folder = tempfile::tempdir().unwrap();
    let run = "run --engine pipelined --events 100 --workload";
    for (line, message) in [
        ("nexmark-q5 --set window_ms=1000000000000 --set slide_ms=1", "window_ms=1000000000000"),
        ("nexmark-q5 --set window_ms=60000 --set slide_ms=59999", "slide_ms=59999"),
        ("nexmark-q7 --set window_ms=1 --set disorder_ms=1000000000", "disorder_ms=1000000000"),
        ("nexmark-q11 --set window_ms=1 --set disorder_ms=1000000000", "window_ms=1"),
        ("windowed-count --set window_ms=1 --set disorder_ms=1000000000", "window_ms=1"),
        (
            "nexmark-q6 --set in_flight_auctions=2147483648 --rate 1",
            "in_flight_auctions=2147483648",
        ),
    ] {
        println!("{line}");
        refused_with(folder.path(), &words(&format!("{run} {line}")), b"", &[message, "make "]);
    }
}

#[test]
fn every_workload_is_still_listed_and_runs_by_default() {
    let folder = tempfile::tempdir().unwrap();
    let listed = run(folder.path(), &words("list workloads --json")).with_status(0).json();
    let workloads = listed["workloads"].as_array().unwrap();
    assert!(workloads.len() >= 29);
    for workload in workloads {
        let name = workload["name"].as_str().unwrap();
        run(folder.path(), &["sample", "--workload", name, "--events", "1"]).with_status(0);
    }
}
