//! Fault C11: what an interrupted `verify`, `skew`, `formulas` or `sustain` had was shown as if it
//! were whole. It says that it is a part, and how large.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::program::{Ended, command, signal, wait, wait_until, words};

/// Starts a command, waits until it is under way, and interrupts it.
fn interrupted(folder: &Path, line: &str, is_under_way: impl Fn() -> bool) -> Ended {
    let mut child = command(folder, &words(line)).spawn().unwrap();
    wait_until("it is under way", is_under_way);
    assert!(child.try_wait().unwrap().is_none(), "`{line}` is over already");
    signal("INT", child.id());
    wait(child).with_status(130)
}

/// Checks what a table and a JSON value say of a command, and returns the results in the JSON.
fn check(folder: &Path, line: &str, what: &str, of: u64, is_under_way: impl Fn() -> bool) -> Value {
    let table = interrupted(folder, line, &is_under_way).out;
    let told = table.lines().find(|line| line.starts_with("Interrupted after "));
    let told = told.unwrap_or_else(|| panic!("`{line}` does not say so: {table}"));
    let count = |text: &str| text.replace(',', "").parse::<u64>().unwrap();
    let words: Vec<&str> = told.split(' ').collect();
    assert_eq!((words[3], count(words[4]), words[5]), ("of", of, format!("{what}:").as_str()));
    assert!(count(words[2]) < of, "{told}");

    // What the first one left is not taken for what this one has.
    drop(std::fs::remove_dir_all(folder.join("out")));
    let mut json = interrupted(folder, &format!("{line} --json"), &is_under_way).json();
    assert_eq!(json["interrupted"], true, "{json}");
    assert_eq!((&json["of"], &json["what"]), (&of.into(), &what.into()));
    assert!(json["done"].as_u64().unwrap() < of, "{json}");
    json["results"].take()
}

/// Waits so long, where a command says nothing to wait for; too short a time only makes it easier.
fn soon() -> bool {
    std::thread::sleep(Duration::from_millis(1_500));
    true
}

fn saved(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("out/results.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_interrupted_verification_is_no_whole_one_and_calls_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    // More cells than any machine gets through: the interrupt falls into one.
    let parallelism = ["1"; 10_000].join(",");
    let line = format!(
        "verify --workload forward --engine sequential --events 500k --clock wall \
         --parallelism {parallelism}"
    );
    let table = interrupted(folder.path(), &line, soon).out;
    assert!(!table.contains("FAILED") && table.contains(" 0 failed"), "{table}");
    // In order, and with disorder.
    let cells = check(folder.path(), &line, "cells", 20_000, soon);
    assert!(cells.as_array().unwrap().iter().all(|cell| cell["ok"] == true), "{cells}");
}

#[test]
fn an_interrupted_skew_is_no_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let line = "skew --workload keyed-count --events 9e15 --placement modulo --out out";
    let rows = check(folder.path(), line, "events", 9_000_000_000_000_000, || {
        folder.path().join("out").exists() && soon()
    });
    assert!(rows.is_array());
    let saved = saved(folder.path());
    let planned = &9_000_000_000_000_000_u64.into();
    assert_eq!((&saved["interrupted"], &saved["events_planned"]), (&true.into(), planned));
    let report = std::fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(report.contains("Interrupted"), "{report}");
}

/// The batches of the engine come first: without one there was said to be no engine that makes any.
#[test]
fn a_skew_that_is_interrupted_before_its_first_event_is_no_bad_usage() {
    let folder = tempfile::tempdir().unwrap();
    let line = "skew --workload keyed-count --events 100M --engine microbatch --rate 1G --out out";
    check(folder.path(), line, "events", 100_000_000, || folder.path().join("out").exists());
}

#[test]
fn interrupted_formulas_are_no_whole_ones() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("out/runs");
    let cases = check(folder.path(), "formulas --out out", "formulas", 3, || {
        std::fs::read_dir(&runs).is_ok_and(|files| files.count() > 2)
    });
    let saved = saved(folder.path());
    assert_eq!((&saved["interrupted"], &saved["formulas_planned"]), (&true.into(), &3.into()));
    assert_eq!(saved["cases"], cases);
    // A case of a run that was cut short would not hold.
    for case in cases.as_array().unwrap() {
        assert_ne!(case["verdict"], "does not hold", "{case}");
        let run = folder.path().join("out").join(case["run"].as_str().unwrap());
        let run: Value = serde_json::from_str(&std::fs::read_to_string(run).unwrap()).unwrap();
        assert_ne!(run["interrupted"], true, "{case}");
    }
}

#[test]
fn an_interrupted_search_is_no_whole_one_and_none_that_found_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        "sustain --workload forward --engine sequential --duration 20s --repeats 4 --out out";
    let table = interrupted(folder.path(), line, || folder.path().join("out").exists() && soon());
    // An engine whose search has not ended has no rate, which is not to say that it sustains none.
    assert!(!table.out.contains(" none "), "{}", table.out);
    drop(std::fs::remove_dir_all(folder.path().join("out")));
    let rows =
        check(folder.path(), line, "searches", 4, || folder.path().join("out").exists() && soon());
    assert!(rows.as_array().unwrap().iter().all(|row| row["ended"] == 0), "{rows}");
    assert_eq!(saved(folder.path())["interrupted"], true);
    let found = std::fs::read_to_string(folder.path().join("out/sustain.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&found).unwrap()["interrupted"], true);
}
