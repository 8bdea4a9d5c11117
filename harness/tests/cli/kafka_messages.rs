//! What the messages of a topic may be, and when their events have happened.

use std::path::Path;

use crate::kafka::{Cluster, runs};
use crate::program::{ENGINES, json_lines};

/// The rows of `uppercase` over a topic, sorted.
fn upper(folder: &Path, engine: &str, topic: &str) -> Vec<String> {
    let line = format!("run --engine {engine} --workload uppercase --input {topic} --output print");
    let rows = runs(folder, &line).with_status(0).out;
    let text = |row: &serde_json::Value| row["line"].as_str().unwrap().to_owned();
    let mut lines: Vec<String> = json_lines(&rows).iter().map(text).collect();
    lines.sort();
    lines
}

#[test]
fn messages_are_lines_or_texts_or_json() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let lines = cluster.topic("lines", 1, &["\"to be\"\n", "\"or\""]);
    let longer = cluster.topic("longer", 1, &["to\nbe", "or\n"]);
    for engine in ENGINES {
        let read = |topic: &str| upper(folder.path(), engine, topic);
        assert_eq!(read(&lines), ["\"OR\"", "\"TO BE\""]);
        assert_eq!(read(&format!("{lines}?format=text")), ["\"OR\"", "\"TO BE\""]);
        assert_eq!(read(&format!("{lines}?format=raw")), ["\"OR\"", "\"TO BE\"\n"]);
        assert_eq!(read(&format!("{lines}?format=ndjson")), ["OR", "TO BE"]);
        assert_eq!(read(&format!("{longer}?format=raw")), ["OR\n", "TO\nBE"]);
        let line = format!("run --engine {engine} --workload uppercase --input {longer}");
        let error = runs(folder.path(), &line).with_status(2).err;
        assert!(error.contains("offset 0 (column 3)") && error.contains("format=raw"), "{error}");
    }
}

#[test]
fn bytes_that_are_no_text_are_pointed_at_by_partition_and_offset() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let topic = cluster.topic("t", 4, &[]);
    cluster.put_bytes("t", 2, b"to be");
    cluster.put_bytes("t", 2, b"or\xff");
    cluster.flush();
    for engine in ENGINES {
        for format in ["text", "raw", "ndjson&from=1"] {
            let line = format!(
                "run --engine {engine} --workload uppercase \
                 --input {topic}?partitions=2&format={format}"
            );
            let error = runs(folder.path(), &line).with_status(2).err;
            let place = ", partition 2, split 0, offset 1 (column 3): not UTF-8: byte 0xff";
            assert!(error.contains("/t?") && error.contains(place), "{engine}: {error}");
        }
    }
}

#[test]
fn what_a_workload_cannot_have_is_refused_with_what_it_can() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let topic = cluster.topic("t", 1, &["{\"key\":1}"]);
    for (workload, options, what) in [
        (
            "keyed-count",
            "format=text",
            "format=text is not for keyed-count, which can have format=ndjson",
        ),
        ("nexmark-q0", "format=raw", "format=raw is not for nexmark-q0"),
        ("word-count", "time=field:at", "time=field:at needs JSON"),
        ("word-count", "time=now", "`time=now` is neither timestamp nor field:NAME"),
        ("nexmark-q5", "time=timestamp", "leave time= out"),
        ("word-count", "format=csv", "`format=csv` is none of ndjson, text and raw"),
    ] {
        let line =
            format!("run --engine pipelined --workload {workload} --input {topic}?{options}");
        let error = runs(folder.path(), &line).with_status(2).err;
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn an_event_has_happened_when_what_is_named_says() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    // Ten to a second by a number, a second each by a text, and all in one hour by `event_time_ms`.
    let row = |n: u64| {
        let (at, second) = (n * 100, n % 60);
        format!(
            r#"{{"key":1,"at":{at},"meta.at":"1970-01-01T00:00:{second:02}.5+00:00","event_time_ms":0}}"#
        )
    };
    let rows: Vec<String> = (0..60).map(row).collect();
    let lines: Vec<&str> = rows.iter().map(String::as_str).collect();
    let topic = cluster.topic("t", 1, &lines);
    for engine in ENGINES {
        for (time, windows) in [("field:at", 6), ("field:meta.at", 60)] {
            let line = format!(
                "run --engine {engine} --workload windowed-count --set window_ms=1000 --json \
                 --input {topic}?time={time}"
            );
            let result = runs(folder.path(), &line).with_status(0).json();
            assert_eq!(result["output"]["records"], windows, "{engine}, {time}");
            assert_eq!(result["output"]["digest"], result["output"]["expected_digest"]);
        }
        let line = format!(
            "run --engine {engine} --workload windowed-count --input {topic}?time=field:nowhere"
        );
        let error = runs(folder.path(), &line).with_status(2).err;
        let place = format!(", partition 0, split 0, offset 0 (column {}): ", lines[0].len());
        assert!(error.contains(&format!("{place}missing field `nowhere`")), "{error}");
    }
}
