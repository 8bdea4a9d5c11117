//! Text in, answers out: by files, pipes and sockets.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::program::{ENGINES, json_lines, run, run_with_input, words};

const TEXT: &str = "\
# A stream\n\
\n\
To be, or not to be:\tthat  is the question.\n\
  Die Straße, die Straße — ﬁn\n\
to be to be to\n";

/// Micro-batch waits two seconds between batches of `uppercase` unless told otherwise.
const LIVE_ENGINES: [&str; 2] = ["pipelined", "microbatch,batch_interval_ms=20"];

/// The lines of [`TEXT`] in upper case, sorted.
fn upper_lines() -> Vec<String> {
    let mut lines: Vec<String> = TEXT.lines().map(str::to_uppercase).collect();
    lines.sort();
    lines
}

/// The lines of rows of `uppercase`, sorted.
fn lines_of(rows: &str) -> Vec<String> {
    let line = |row: &serde_json::Value| row["line"].as_str().unwrap().to_owned();
    let mut lines: Vec<String> = json_lines(rows).iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn words_of_a_file_are_counted_on_every_engine() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("text.md"), TEXT.repeat(40)).unwrap();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for word in TEXT.repeat(40).split_whitespace() {
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    for engine in ENGINES {
        for parallelism in [1, 4] {
            let line = format!(
                "run --engine {engine} --workload word-count --parallelism {parallelism} \
                 --input file:text.md --output file:counts.ndjson"
            );
            run(folder.path(), &words(&line)).with_status(0);
            let rows = std::fs::read_to_string(folder.path().join("counts.ndjson")).unwrap();
            let mut last: BTreeMap<String, u64> = BTreeMap::new();
            for change in json_lines(&rows) {
                let word = change["word"].as_str().unwrap().to_owned();
                match change["op"].as_str().unwrap() {
                    "+I" | "+U" => drop(last.insert(word, change["count"].as_u64().unwrap())),
                    "-U" => assert_eq!(last[&word], change["count"].as_u64().unwrap()),
                    op => panic!("a count never takes a row away: {op}"),
                }
            }
            assert_eq!(last, counts, "{line}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_an_input() {
    let folder = tempfile::tempdir().unwrap();
    let sample = run(folder.path(), &words("sample --workload nexmark-q0 --events 20"));
    let files = [("text.md", "to be\n"), ("keys.txt", "7\n"), ("bids.ndjson", &sample.out)];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), format!("\u{feff}{text}")).unwrap();
    }
    for engine in ENGINES {
        let read = |arguments: &str| {
            let line = format!("run --engine {engine} {arguments} --output print");
            run(folder.path(), &words(&line)).with_status(0).out
        };
        assert_eq!(lines_of(&read("--workload uppercase --input text.md")), ["TO BE"]);
        assert!(json_lines(&read("--workload nexmark-q0 --input bids.ndjson")).len() > 10);
        let keys = "--events 3 --set key_distribution=file --set key_file=keys.txt";
        let counts = json_lines(&read(&format!("--workload keyed-count {keys}")));
        assert!(counts.iter().all(|row| row["key"] == 7), "{counts:?}");
    }
}

#[test]
fn an_output_file_is_replaced_whole_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("text.md"), TEXT).unwrap();
    std::fs::write(folder.path().join("out.ndjson"), "what was there before").unwrap();
    let line = "run --engine pipelined --workload uppercase --input text.md --output out.ndjson";
    run(folder.path(), &words(line)).with_status(0);
    let rows = std::fs::read_to_string(folder.path().join("out.ndjson")).unwrap();
    assert_eq!(lines_of(&rows), upper_lines());
    assert_eq!(crate::program::contents(folder.path()).len(), 2);
}

#[test]
fn lines_of_a_pipe_are_put_in_upper_case() {
    let folder = tempfile::tempdir().unwrap();
    for engine in LIVE_ENGINES {
        let line = format!("run --engine {engine} --workload uppercase --input - --output print");
        let ended = run_with_input(folder.path(), &words(&line), TEXT.as_bytes()).with_status(0);
        assert_eq!(lines_of(&ended.out), upper_lines(), "{engine}");
        assert!(ended.err.contains("uppercase"), "the figures go to standard error: {}", ended.err);
    }
}

#[test]
fn a_pipe_without_a_line_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    for engine in LIVE_ENGINES {
        let line = format!("run --engine {engine} --workload uppercase --input - --json");
        let result = run_with_input(folder.path(), &words(&line), b"").with_status(0).json();
        assert_eq!(result["records_in"], 0, "{engine}");
    }
}

#[test]
fn a_wrong_line_of_a_pipe_is_pointed_at() {
    let folder = tempfile::tempdir().unwrap();
    let line = "run --engine pipelined --workload keyed-count --input -";
    let ended = run_with_input(folder.path(), &words(line), b"{\"key\":1}\n{\"key\":}\n");
    assert_eq!(ended.err.matches("error:").count(), 1, "{}", ended.err);
    assert!(ended.err.contains("standard input:2:8"), "{}", ended.err);
    ended.with_status(2);
}

#[test]
fn lines_go_from_one_socket_to_another() {
    let folder = tempfile::tempdir().unwrap();
    for engine in LIVE_ENGINES {
        let feed = TcpListener::bind("127.0.0.1:0").unwrap();
        let results = TcpListener::bind("127.0.0.1:0").unwrap();
        let (from, to) = (feed.local_addr().unwrap(), results.local_addr().unwrap());
        let feeding = thread::spawn(move || {
            let (mut stream, _) = feed.accept().unwrap();
            for line in TEXT.split_inclusive('\n') {
                stream.write_all(line.as_bytes()).unwrap();
            }
        });
        let receiving = thread::spawn(move || {
            let mut rows = String::new();
            results.accept().unwrap().0.read_to_string(&mut rows).unwrap();
            rows
        });
        let line = format!(
            "run --engine {engine} --workload uppercase --input tcp:{from} --output tcp:{to} --json"
        );
        let result = run(folder.path(), &words(&line)).with_status(0).json();
        feeding.join().unwrap();
        assert_eq!(lines_of(&receiving.join().unwrap()), upper_lines(), "{engine}");
        assert_eq!(result["records_in"], TEXT.lines().count(), "{engine}");
        assert_eq!(result["output"]["digest"], result["output"]["expected_digest"], "{engine}");
    }
}
