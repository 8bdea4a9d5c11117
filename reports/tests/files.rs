//! Result directories: finished, unfinished, damaged, foreign.
#![allow(clippy::disallowed_methods, reason = "these tests prepare result directories")]

mod fixture;

use std::fs;
use std::path::Path;

use reports::schema::RunResult;
use reports::schema::read::Source;
use reports::{draw, load};

fn error_of(file: &str, content: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    let error = draw(dir.path()).unwrap_err().to_string();
    assert!(!dir.path().join("report.html").exists());
    error
}

fn write_runs(dir: &Path) -> usize {
    fs::create_dir_all(dir.join("runs")).unwrap();
    let runs = fixture::interrupted().runs;
    for (index, run) in runs.iter().enumerate() {
        let name = format!("runs/{index}-{}-{}-{}.json", run.workload, run.engine, run.repeat);
        fs::write(dir.join(name), serde_json::to_string_pretty(run).unwrap()).unwrap();
    }
    fs::write(dir.join("runs/0-keyed-count.hgrm"), "not read").unwrap();
    runs.len()
}

#[test]
fn a_finished_suite_is_drawn_twice_to_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let result = fixture::quick();
    fs::write(dir.path().join("results.json"), serde_json::to_string(&result).unwrap()).unwrap();
    let drawn = draw(dir.path()).unwrap();
    let named = reports::chart::all(&result).unwrap();
    let named: Vec<_> = named.iter().map(|chart| dir.path().join(chart.file())).collect();
    assert_eq!(drawn.charts, named);
    assert!(!named.is_empty() && named.iter().all(|file| file.is_file()));
    let first = fs::read(&drawn.report).unwrap();
    assert_eq!(draw(dir.path()).unwrap(), drawn);
    assert_eq!(fs::read(&drawn.report).unwrap(), first);
    let mut left: Vec<String> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(
        left,
        ["charts", "report.html", "results.json", "summary.md"],
        "no temporary file is left"
    );
}

#[test]
fn an_unfinished_suite_is_drawn_from_its_runs_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let written = write_runs(dir.path());
    let loaded = load(dir.path()).unwrap();
    let order = |runs: &[RunResult]| -> Vec<(String, String, u32)> {
        runs.iter().map(|r| (r.experiment.clone(), r.variant.clone(), r.repeat)).collect()
    };
    assert_eq!(order(&loaded.result.runs), order(&fixture::interrupted().runs));
    assert!(loaded.result.interrupted);
    let Source::Runs(files) = &loaded.source else { panic!("not from runs") };
    assert_eq!(files.len(), written);
    assert!(files[2].starts_with("runs/2-") && files[10].starts_with("runs/10-"));
    let page = fs::read_to_string(draw(dir.path()).unwrap().report).unwrap();
    assert!(page.contains("There is no results.json") && page.contains("Interrupted. "));
}

#[test]
fn a_truncated_result_names_file_line_and_column() {
    let text = serde_json::to_string_pretty(&fixture::quick()).unwrap();
    let cut: String = text.lines().take(40).collect::<Vec<_>>().join("\n");
    let error = error_of("results.json", &cut);
    assert!(error.contains("results.json:40:"), "{error}");
    assert!(error.contains("cut short") && error.contains("runs/*.json"), "{error}");
}

#[test]
fn a_foreign_file_is_told_by_its_schema() {
    let error = error_of("results.json", "{\n  \"schema\": \"other.thing/3\"\n}");
    let expected = "results.json:2:3: not a Streamgauge result: schema is other.thing/3, \
                    this version reads streamgauge.compare/1";
    assert!(error.contains(expected), "{error}");
    let error = error_of("runs/0-a.json", "{}");
    assert!(error.contains("schema is missing, this version reads streamgauge.run/1"), "{error}");
}

#[test]
fn a_wrong_field_names_its_place() {
    let text = serde_json::to_string_pretty(&fixture::empty()).unwrap();
    let error =
        error_of("results.json", &text.replace("\"interrupted\": false", "\"interrupted\": 7"));
    assert!(error.contains("results.json:6:") && error.contains("expected a boolean"), "{error}");
    let error = error_of("results.json", "[1, 2]");
    assert!(error.contains("results.json:1:"), "{error}");
}

#[test]
fn an_empty_directory_says_what_to_give() {
    let dir = tempfile::tempdir().unwrap();
    let error = draw(dir.path()).unwrap_err().to_string();
    assert!(error.contains("neither results.json nor runs/*.json"), "{error}");
}
