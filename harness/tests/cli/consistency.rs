//! `consistency`: what it prints, what it leaves, and how it ends.

use serde_json::Value;

use crate::program::{command, run, signal, wait, wait_for, words};

const QUICK: &str = "consistency --workload transfers --clock virtual --duration 200ms --seeds 2 \
                     --set keys=20 --set buffer_timeout_ms=5 --out results";

#[test]
fn the_table_has_every_guarantee_and_the_folder_the_chart() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), &words(QUICK)).with_status(0);
    for text in [
        "transfers on pipelined under",
        "shows the answer to no prefix of its input for",
        "what a commit shows is always one",
        "of the time",
        "at-least-once",
        "unjustified",
        "results/report.html",
    ] {
        assert!(ended.out.contains(text), "`{text}` is not in: {}", ended.out);
    }
    let report = std::fs::read_to_string(folder.path().join("results/report.html")).unwrap();
    assert!(report.contains("consistent again") && report.contains("<svg"));
    assert!(folder.path().join("results/charts/consistency.svg").is_file());
    assert!(folder.path().join("results/charts/consistency.csv").is_file());
    let drawn = run(folder.path(), &words("plot results")).with_status(0);
    assert!(drawn.out.contains("results/report.html"));
}

#[test]
fn json_is_one_value_the_same_as_the_file_and_in_virtual_time_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{QUICK} --json");
    let ended = run(folder.path(), &words(&line)).with_status(0);
    assert_eq!(ended.err, "");
    let result = ended.json();
    assert_eq!(result["schema"], "streamgauge.consistency/1");
    let cells = result["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 6);
    for cell in cells {
        assert_eq!(cell["seeds"].as_array().unwrap().len(), 2);
        assert_eq!(cell["knobs"]["splits"], 1);
        assert_eq!(
            cell["settings"]["checkpoint_interval_ms"].is_null(),
            cell["engine"] != "pipelined"
        );
        for seed in cell["seeds"].as_array().unwrap() {
            assert_eq!(seed["right"], true);
            let unjustified = seed["unjustified"].as_u64().unwrap();
            let is_halved = cell["engine"] == "pipelined" && cell["guarantee"] != "exactly-once";
            assert_eq!(unjustified > 0, is_halved, "{cell}");
            let stretches = seed["until_consistent_ns"].as_array().unwrap().len() as u64;
            assert_eq!(stretches > 0, is_halved);
            assert!(stretches <= unjustified && unjustified < seed["states"].as_u64().unwrap());
        }
    }
    let saved = std::fs::read_to_string(folder.path().join("results/results.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&saved).unwrap(), result);
    let again = run(folder.path(), &words(&format!("{line} --force"))).with_status(0).json();
    assert_eq!(again["cells"], result["cells"]);
}

#[test]
fn an_interrupt_saves_what_had_ended() {
    let folder = tempfile::tempdir().unwrap();
    let line = "consistency --workload transfers --duration 5s --out results --json";
    let child = command(folder.path(), &words(line)).spawn().unwrap();
    wait_for(&folder.path().join("results"));
    signal("INT", child.id());
    let result = wait(child).with_status(130).json();
    assert_eq!(result["interrupted"], true);
    let report = std::fs::read_to_string(folder.path().join("results/report.html")).unwrap();
    assert!(report.contains("Interrupted"));
}
