//! Jobs over topics that go on in another process.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::kafka::{Cluster, runs};
use crate::program::{Ended, command, json_lines, signal, wait, wait_until, words};

/// Engines that have read a part of a topic of thousands when they are stopped.
const ENGINES: [&str; 2] = [
    "pipelined,checkpoint_interval_ms=20",
    "microbatch,batch_interval_ms=20,max_offsets_per_trigger=1000",
];
/// Messages of a topic.
const COUNT: usize = 20_000;

fn job(folder: &Path, engine: &str, input: &str, more: &str) -> Ended {
    let line = format!(
        "run --engine {engine} --workload keyed-count --input {input} --json \
         --guarantee exactly-once --checkpoint-dir state --output file:out {more}"
    );
    runs(folder, &line)
}

fn rows(from: usize, count: usize) -> Vec<String> {
    (from..from + count).map(|n| format!(r#"{{"key":{}}}"#, n % 97)).collect()
}

fn texts(rows: &[String]) -> Vec<&str> {
    rows.iter().map(String::as_str).collect()
}

#[track_caller]
fn right(result: &Value) {
    assert_eq!(result["output"]["digest"], result["output"]["expected_digest"], "{result}");
    assert!(result["output"]["expected_digest"].is_string(), "{result}");
}

#[test]
fn a_job_goes_on_to_the_end_that_the_topic_had_when_it_began_also_at_another_parallelism() {
    let cluster = Cluster::new();
    for (number, engine) in (0..).zip(ENGINES) {
        let home = tempfile::tempdir().unwrap();
        let name = format!("t{number}");
        let topic = cluster.topic(&name, 3, &texts(&rows(0, COUNT)));
        let stopped = job(home.path(), engine, &topic, "--stop-after 3000 --parallelism 2");
        let read = stopped.with_status(0).json()["records_in"].as_u64().unwrap();
        assert!(read >= 3_000 && read < COUNT as u64, "{engine}: {read}");
        // It does not belong to the job.
        cluster.put_bytes(&name, 1, br#"{"key":1000}"#);
        cluster.flush();
        let resumed = job(home.path(), engine, &topic, "--resume --parallelism 3").with_status(0);
        let result = resumed.json();
        assert_eq!(result["records_in"], COUNT as u64, "{engine}");
        right(&result);
        // A job that has ended is taken up, and looked at, once more.
        right(&job(home.path(), engine, &topic, "--resume").with_status(0).json());
    }
}

/// The lines in the part files of a folder, sorted.
fn lines(out: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(out).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("part-") {
            let text = fs::read_to_string(path).unwrap();
            let line = |row: &Value| row["line"].as_str().unwrap().to_owned();
            lines.extend(json_lines(&text).iter().map(line));
        }
    }
    lines.sort();
    lines
}

#[test]
fn a_job_that_was_killed_goes_on_with_a_topic_that_has_no_end_and_writes_nothing_twice() {
    let cluster = Cluster::new();
    for (number, engine) in (0..).zip(ENGINES) {
        let home = tempfile::tempdir().unwrap();
        let (out, name) = (home.path().join("out"), format!("t{number}"));
        let topic = cluster.topic(&name, 2, &["a", "b", "c"]);
        let start = |more: &str| {
            let line = format!(
                "run --engine {engine} --workload uppercase --input {topic}?until=never \
                 --guarantee exactly-once --checkpoint-dir state --output file:out {more}"
            );
            command(home.path(), &words(&line)).spawn().unwrap()
        };
        let first = start("");
        wait_until("what was there is out", || lines(&out).len() == 3);
        signal("KILL", first.id());
        wait(first);
        cluster.put_bytes(&name, 1, b"d");
        cluster.flush();
        let second = start("--resume --parallelism 1");
        wait_until("what came meanwhile is out", || lines(&out).len() == 4);
        signal("INT", second.id());
        wait(second).with_status(130);
        assert_eq!(lines(&out), ["A", "B", "C", "D"], "{engine}");
    }
}

#[test]
fn a_topic_that_is_not_what_the_job_has_read_is_refused() {
    let [cluster, elsewhere] = [(); 2].map(|()| Cluster::new());
    for (number, engine) in (0..).zip(ENGINES) {
        let home = tempfile::tempdir().unwrap();
        let name = format!("t{number}");
        let topic = cluster.topic(&name, 1, &texts(&rows(0, COUNT)));
        job(home.path(), engine, &topic, "--stop-after 3000").with_status(0);
        let twin = elsewhere.topic(&name, 1, &texts(&rows(0, COUNT)));
        for (input, what) in [
            (twin.clone(), "this is the cluster "),
            (format!("{topic}?from=5"), "and kafka:HOST:PORT/t"),
            (format!("{topic}?until=never"), "whose input is kafka:HOST:PORT/t"),
        ] {
            let error = job(home.path(), engine, &input, "--resume").with_status(2).err;
            assert!(error.contains(what), "{engine}: {error}");
        }
        // The broker keeps 5 MiB.
        let large = format!(r#"{{"key":1,"payload":"{}"}}"#, "x".repeat(500_000));
        (0..20).for_each(|_| cluster.put_bytes(&name, 0, large.as_bytes()));
        cluster.flush();
        let error = job(home.path(), engine, &topic, "--resume").with_status(2).err;
        let place = format!("/{name}: partition 0 begins at offset ");
        assert!(error.contains(&place) && error.contains("messages between are gone"), "{error}");
    }
}
