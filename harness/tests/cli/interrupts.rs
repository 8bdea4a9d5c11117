//! Ctrl-C: what was measured until then is drained, saved, and marked as interrupted.

use std::io::Read;
use std::net::TcpListener;

use serde_json::Value;

use crate::program::{ENGINES, command, run, signal, wait, wait_for, wait_until, words};

#[test]
fn an_interrupted_run_prints_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    for engine in ENGINES {
        // The first row says that the run is under way.
        let results = TcpListener::bind("127.0.0.1:0").unwrap();
        let line = format!(
            "run --engine {engine} --workload keyed-count --rate 1000 --duration 60s --json \
             --output tcp:{}",
            results.local_addr().unwrap()
        );
        let child = command(folder.path(), &words(&line)).spawn().unwrap();
        let (mut rows, _) = results.accept().unwrap();
        rows.read_exact(&mut [0]).unwrap();
        signal("INT", child.id());
        let mut rest = Vec::new();
        rows.read_to_end(&mut rest).unwrap();
        let result = wait(child).with_status(130).json();
        assert_eq!((&result["interrupted"], &result["valid"]), (&true.into(), &false.into()));
        let read = result["records_in"].as_u64().unwrap();
        assert!((1..60_000).contains(&read), "{engine}: {read}");
        assert_eq!(result["records_out"].as_u64(), Some(read), "{engine}: it is drained");
        assert_eq!(rest.last(), Some(&b'\n'), "{engine}: the last row is whole");
    }
}

#[test]
fn an_interrupted_comparison_is_saved_with_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        "compare --workload keyed-count --rate 1000 --events 300 --repeats 1000 --out results";
    let child = command(folder.path(), &words(line)).spawn().unwrap();
    wait_for(&folder.path().join("results/runs/0000-keyed-count-pipelined-0.json"));
    signal("INT", child.id());
    let ended = wait(child).with_status(130);
    assert!(ended.out.contains("Interrupted"), "{}", ended.out);
    let saved = std::fs::read_to_string(folder.path().join("results/results.json")).unwrap();
    let saved: Value = serde_json::from_str(&saved).unwrap();
    assert_eq!(saved["interrupted"], true);
    assert_eq!(saved["runs"][0]["interrupted"], false, "the first run had ended");
    let report = std::fs::read_to_string(folder.path().join("results/report.html")).unwrap();
    assert!(report.contains("Interrupted"));
}

#[test]
fn a_comparison_interrupted_before_its_first_run_is_saved_too() {
    let folder = tempfile::tempdir().unwrap();
    let line = "compare --workload keyed-count --rate 1000 --duration 60s --out results --json";
    let child = command(folder.path(), &words(line)).spawn().unwrap();
    wait_for(&folder.path().join("results/runs"));
    signal("INT", child.id());
    let result = wait(child).with_status(130).json();
    assert_eq!(result["interrupted"], true);
    let report = std::fs::read_to_string(folder.path().join("results/report.html")).unwrap();
    assert!(report.contains("Interrupted"));
}

#[test]
fn a_run_that_reads_a_pipe_ends_though_the_pipe_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let results = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = results.local_addr().unwrap();
    let line = format!(
        "run --engine pipelined --workload uppercase --input - --json --output tcp:{address}"
    );
    let mut command = command(folder.path(), &words(&line));
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut pipe, b"to be\n").unwrap();
    let (mut rows, _) = results.accept().unwrap();
    rows.read_exact(&mut [0]).unwrap();
    signal("INT", child.id());
    let result = wait(child).with_status(130).json();
    assert_eq!(result["records_in"], 1);
    drop(pipe);
}

#[test]
fn finished_runs_survive_the_death_of_the_program_and_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        "compare --workload keyed-count --rate 1000 --events 300 --repeats 1000 --out results";
    let child = command(folder.path(), &words(line)).spawn().unwrap();
    let runs = folder.path().join("results/runs");
    // By then four have ended, whichever they are, and the next is under way.
    wait_until("four runs have ended", || {
        let files = std::fs::read_dir(&runs).into_iter().flatten();
        let names = files.map(|it| it.unwrap().file_name().into_string().unwrap());
        names.filter(|it| !it.starts_with('.') && it.ends_with(".json")).count() >= 4
    });
    signal("KILL", child.id());
    assert_eq!(wait(child).status, None, "a signal has ended it");
    let mut whole = 0;
    for entry in std::fs::read_dir(&runs).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let run: Value =
                serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            assert_eq!((&run["records_in"], &run["interrupted"]), (&300.into(), &false.into()));
            whole += 1;
        }
    }
    assert!(whole >= 4, "{whole}");
    assert!(!folder.path().join("results/results.json").exists());
    run(folder.path(), &words("plot results")).with_status(0);
    let report = std::fs::read_to_string(folder.path().join("results/report.html")).unwrap();
    assert!(report.contains(&format!("of {whole} runs valid")), "{report}");
    let summary = std::fs::read_to_string(folder.path().join("results/summary.md")).unwrap();
    assert!(summary.contains("Not compared."), "{summary}");
}
