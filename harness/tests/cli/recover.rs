//! `recover`: what it prints, what it leaves, and how it ends.

use serde_json::Value;

use crate::program::{command, run, signal, wait, wait_for, words};

const QUICK: &str = "recover --engine pipelined --clock virtual --rate 2k --duration 1s \
                     --set restart_delay_ms=100 --out results";

#[test]
fn the_table_names_every_guarantee_and_the_folder_holds_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), &words(QUICK)).with_status(0);
    for text in ["kill:subtask@45% on pipelined", "at-least-once", "exactly-once", "equal"] {
        assert!(ended.out.contains(text), "`{text}` is not in: {}", ended.out);
    }
    assert!(
        ended.out.contains("ended by the failure") && ended.out.contains("results/report.html")
    );
    let report = std::fs::read_to_string(folder.path().join("results/report.html")).unwrap();
    assert!(report.contains("ended by the failure") && report.contains("<svg"));
    assert!(folder.path().join("results/charts/recovery.svg").is_file());
    let drawn = run(folder.path(), &words("plot results")).with_status(0);
    assert!(drawn.out.contains("results/report.html"));
}

#[test]
fn json_is_one_value_and_the_same_as_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), &words(&format!("{QUICK} --json"))).with_status(0);
    assert_eq!(ended.err, "");
    let result = ended.json();
    assert_eq!(result["schema"], "streamgauge.recover/1");
    assert_eq!(result["fault"], "kill:subtask@45% on pipelined");
    let runs = result["runs"].as_array().unwrap();
    let guarantees: Vec<_> = runs.iter().map(|run| run["guarantee"].as_str().unwrap()).collect();
    assert_eq!(guarantees, ["none", "at-least-once", "exactly-once"]);
    for run in runs {
        assert_eq!(
            (&run["engine"], &run["run"]["schema"]),
            (&"pipelined".into(), &"streamgauge.run/1".into())
        );
        let fields =
            ["outage_ns", "replayed", "catch_up_ns", "latency_ns_max", "lost", "duplicated"];
        for field in fields {
            assert!(run.get(field).is_some(), "no `{field}` in {run}");
        }
        assert!(!run["run"]["series"].as_array().unwrap().is_empty());
        assert_eq!(run["run"]["settings"]["checkpoint_interval_ms"], 200.0);
    }
    assert_eq!(
        (&runs[0]["outage_ns"], &runs[0]["output"]),
        (&Value::Null, &"ended-by-the-failure".into())
    );
    assert_eq!((&runs[2]["lost"], &runs[2]["duplicated"]), (&0.into(), &0.into()));
    let saved = std::fs::read_to_string(folder.path().join("results/results.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&saved).unwrap(), result);
}

#[test]
fn an_interrupt_saves_what_had_ended() {
    let folder = tempfile::tempdir().unwrap();
    let line = "recover --engine pipelined --rate 1k --duration 60s --out results --json";
    let child = command(folder.path(), &words(line)).spawn().unwrap();
    wait_for(&folder.path().join("results"));
    signal("INT", child.id());
    let result = wait(child).with_status(130).json();
    assert_eq!(result["interrupted"], true);
    let report = std::fs::read_to_string(folder.path().join("results/report.html")).unwrap();
    assert!(report.contains("Interrupted"));
}
