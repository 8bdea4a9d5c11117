//! An input that is read as it comes is read as a file is.

use std::io::Write;
use std::net::TcpListener;
use std::thread;

use super::bid;
use crate::program::{run, run_with_input, words};

/// Engines that read an input without an end.
const LIVE_ENGINES: [&str; 2] = ["pipelined", "microbatch"];

/// Two bids of one bidder a minute apart, and one between them that comes last.
fn bids() -> String {
    bid(7, "0", "100") + &bid(7, "60000", "100") + &bid(7, "30000", "100")
}

/// Rows of sessions, sorted.
fn sessions(out: &str) -> Vec<String> {
    let mut rows: Vec<String> = out.lines().map(str::to_owned).collect();
    rows.sort_unstable();
    rows
}

const Q11: &str = "--workload nexmark-q11 --set disorder_ms=60000 --output print";

#[test]
fn bids_of_a_pipe_and_of_a_socket_happen_when_they_say() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bids.ndjson"), bids()).unwrap();
    for engine in LIVE_ENGINES {
        let line = |input: &str| format!("run --engine {engine} {Q11} --input {input}");
        let from_file = run(folder.path(), &words(&line("bids.ndjson"))).with_status(0).out;
        assert_eq!(from_file.lines().count(), 3, "{from_file}");
        // The status says that the answer is the evaluator's.
        let from_pipe = run_with_input(folder.path(), &words(&line("-")), bids().as_bytes());
        let from_pipe = from_pipe.with_status(0).out;
        assert_eq!(sessions(&from_pipe), sessions(&from_file), "{engine}");
        let feed = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("tcp:{}", feed.local_addr().unwrap());
        let feeding = thread::spawn(move || feed.accept().unwrap().0.write_all(bids().as_bytes()));
        let from_socket = run(folder.path(), &words(&line(&address))).with_status(0).out;
        feeding.join().unwrap().unwrap();
        assert_eq!(sessions(&from_socket), sessions(&from_file), "{engine}");
    }
}

#[test]
fn blank_lines_of_ndjson_are_skipped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let good = "\n{\"key\":1}\n\r\n  \n{\"key\":2}\n\n";
    let wrong = format!("{good}{{\"key\":}}\n");
    std::fs::write(folder.path().join("good.ndjson"), good).unwrap();
    std::fs::write(folder.path().join("wrong.ndjson"), &wrong).unwrap();
    let line = |input: &str| {
        format!("run --engine pipelined --workload keyed-count --json --input {input}")
    };
    let file = run(folder.path(), &words(&line("good.ndjson"))).with_status(0).json();
    let pipe = run_with_input(folder.path(), &words(&line("-")), good.as_bytes());
    assert_eq!(
        (&file["records_in"], &pipe.with_status(0).json()["records_in"]),
        (&2.into(), &2.into())
    );
    let error = run(folder.path(), &words(&line("wrong.ndjson"))).with_status(2).err;
    assert!(error.contains("wrong.ndjson:7:8: "), "{error}");
    let error =
        run_with_input(folder.path(), &words(&line("-")), wrong.as_bytes()).with_status(2).err;
    assert!(error.contains("standard input:7:8"), "{error}");
}

#[test]
fn a_pipe_is_read_as_far_as_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let keys: String = (0..9).map(|key| format!("{{\"key\":{key}}}\n")).collect();
    for engine in LIVE_ENGINES {
        let line =
            format!("run --engine {engine} --workload keyed-count --json --events 4 --input -");
        let result = run_with_input(folder.path(), &words(&line), keys.as_bytes());
        assert_eq!(result.with_status(0).json()["records_in"], 4, "{engine}");
    }
}

#[test]
fn what_an_input_that_is_read_as_it_comes_cannot_have_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let line = "run --engine pipelined --workload keyed-count --input - --set idle_splits=2";
    super::refused_with(folder.path(), &words(line), b"", &["idle_splits=2", "leave it out"]);
    let line = "run --engine pipelined --workload keyed-count --input - --set straggler_delay_ms=2";
    super::refused_with(
        folder.path(),
        &words(line),
        b"",
        &["straggler_delay_ms=2", "leave it out"],
    );
}
