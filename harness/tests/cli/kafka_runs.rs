//! Comparisons, sweeps and recoveries over one topic, whose end is settled before the first run.

use crate::kafka::{Cluster, runs};

/// A broker and a topic with this many events of a workload, in two partitions.
fn filled(folder: &std::path::Path, workload: &str, events: u32) -> (Cluster, String) {
    let cluster = Cluster::new();
    let topic = cluster.topic("filled", 2, &[]);
    let fill = format!("sample --workload {workload} --events {events} --output {topic}");
    runs(folder, &fill).with_status(0);
    (cluster, topic)
}

/// The input of a result, as it must be.
fn settled(topic: &str, ends: [u64; 2]) -> serde_json::Value {
    let partition = |(number, end): (usize, &u64)| serde_json::json!({ "partition": number, "start": 0, "end": end });
    let partitions: Vec<_> = ends.iter().enumerate().map(partition).collect();
    serde_json::json!({ "address": topic, "partitions": partitions })
}

#[test]
fn every_run_of_a_comparison_reads_the_messages_that_were_there_before_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let (cluster, topic) = filled(folder.path(), "nexmark-q1", 5_001);
    let compare = format!(
        "compare --workload nexmark-q1 --input {topic} --repeats 2 --parallelism 2 --out made --json"
    );
    let result = runs(folder.path(), &compare).done_unless_busy().json();
    let made = result["runs"].as_array().unwrap();
    assert!(made.len() >= 4, "{}", made.len());
    for run in made {
        assert_eq!(run["input"], settled(&topic, [2_501, 2_500]));
        assert_eq!((&run["records_in"], &run["measures"]), (&5_001.into(), &"throughput".into()));
        assert_eq!(run["output"]["digest"], run["output"]["expected_digest"]);
        assert_eq!(run["output"]["digest"], made[0]["output"]["digest"]);
    }
    // What came later is read by the next comparison, and never in the middle of one.
    cluster.put_bytes("filled", 0, b"{}");
    cluster.flush();
    let suite = format!(
        "[[experiment]]\nworkload = \"nexmark-q1\"\nengines = [\"pipelined\"]\nrate = 20000\nrepeats = 1\n\
         input = \"{topic}?until=2500\"\n"
    );
    std::fs::write(folder.path().join("s.toml"), suite).unwrap();
    let result = runs(folder.path(), "compare s.toml --out suite --json").done_unless_busy().json();
    let run = &result["runs"][0];
    assert_eq!(run["input"], settled(&format!("{topic}?until=2500"), [2_500, 2_500]));
    assert_eq!((&run["rate"], &run["measures"]), (&20_000.0.into(), &"latency".into()));
}

#[test]
fn a_topic_is_replayed_at_a_rate_and_what_is_planned_and_not_fetched_is_a_part_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (cluster, topic) = filled(folder.path(), "keyed-count", 4_000);
    for engine in ["pipelined", "microbatch"] {
        let line = format!(
            "run --workload keyed-count --engine {engine} --input {topic} --rate 10k --parallelism 2 \
             --json"
        );
        // So short a run may not have kept up.
        let result = runs(folder.path(), &line).json();
        assert_eq!((&result["rate"], &result["records_in"]), (&10_000.0.into(), &4_000.into()));
        assert_eq!(result["output"]["digest"], result["output"]["expected_digest"]);
        let elapsed_ns = result["elapsed_ns"].as_u64().unwrap();
        // The last of 4,000 events is planned 400 ms after the first; without a plan all are read at once.
        assert!(elapsed_ns >= 100_000_000, "{engine}: {elapsed_ns}");
        let mean = &result["latency_parts"]["mean"];
        let parts = mean.as_object().unwrap().iter().filter(|(name, _)| *name != "total_ns");
        let sum: f64 = parts.map(|(_, part)| part.as_f64().unwrap()).sum();
        let total = mean["total_ns"].as_f64().unwrap();
        assert!((sum - total).abs() < 1.0 + total * 1e-9, "{sum} of {total}");
    }
    // A broker that is far away and tells little at a time: what is planned has not come.
    let lines: Vec<String> = (0..4_000).map(|key| format!("{{\"key\":{key}}}")).collect();
    let (first, rest) = lines.split_at(100);
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let far = cluster.topic("far", 1, &first);
    rest.iter().for_each(|line| cluster.put_bytes("far", 0, line.as_bytes()));
    cluster.flush();
    cluster.mock.broker_round_trip_time(1, std::time::Duration::from_millis(100)).unwrap();
    std::fs::write(folder.path().join("client"), "max.partition.fetch.bytes=40000\n").unwrap();
    let line = format!(
        "run --workload keyed-count --engine pipelined --input {far} --rate 100k --json \
         --kafka-config client"
    );
    let result = runs(folder.path(), &line).json();
    let fetch_ns = result["latency_parts"]["mean"]["fetch_ns"].as_f64().unwrap();
    assert!(fetch_ns > 10e6, "{fetch_ns}");
}

#[test]
fn a_sweep_and_a_recovery_read_a_topic_in_every_run() {
    let folder = tempfile::tempdir().unwrap();
    let (_cluster, topic) = filled(folder.path(), "keyed-count", 4_000);
    let sweep = format!(
        "sweep --workload keyed-count --input {topic} --axis batch_interval_ms=50,100 --repeats 1 \
         --engine microbatch --out swept --json"
    );
    let result = runs(folder.path(), &sweep).done_unless_busy().json();
    let made = result["runs"].as_array().unwrap();
    assert!(made.len() >= 2);
    assert!(made.iter().all(|run| run["input"] == settled(&topic, [2_000, 2_000])));

    let recover = format!(
        "recover --workload keyed-count --input {topic} --rate 4k --parallelism 2 --out recovered --json"
    );
    let result = runs(folder.path(), &recover).json();
    for row in result["runs"].as_array().unwrap() {
        let (guarantee, output) = (&row["guarantee"], &row["output"]);
        let kept = match guarantee.as_str().unwrap() {
            "none" => output == "ended-by-the-failure",
            "exactly-once" => output == "equal",
            _ => row["lost"] == 0,
        };
        assert!(kept, "{guarantee}: {output}, {}", row["lost"]);
        assert_eq!(row["run"]["input"], settled(&topic, [2_000, 2_000]));
    }
}

#[test]
fn what_a_comparison_over_a_topic_cannot_have_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (cluster, topic) = filled(folder.path(), "keyed-count", 4);
    let empty = cluster.topic("empty", 1, &[]);
    for (command, what) in [
        ("compare --input lines.ndjson", "is read by `run --input`"),
        (&*format!("compare --input {topic}?until=never"), "until=never has no end"),
        (
            &*format!("compare --workload keyed-count --input {empty}"),
            "there is no message between",
        ),
        (&*format!("compare --workload keyed-count --input {topic} --events 5"), "until=OFFSET"),
        (&*format!("compare --workload keyed-count --input {topic} --duet"), "leave out --duet"),
        (&*format!("compare --workload keyed-count --input {topic} --dry-run"), "leave it out"),
        (&*format!("compare --workload keyed-count --input {topic} --set keys=3"), "`keys` shapes"),
        (&*format!("compare --workload keyed-count --input {topic} --warm-up 1s"), "read whole"),
        (&*format!("compare --input {topic}"), "name one with --workload"),
        (
            &*format!("compare --workload keyed-count --input {topic} --rate 1k --warm-up 1s"),
            "nothing is left",
        ),
        (&*format!("recover --input {topic} --set event_rate=3"), "`event_rate` shapes"),
        ("compare --workload keyed-count --kafka-config c", "cannot read c"),
        (&*format!("recover --input {topic} --clock virtual"), "no virtual time"),
        (&*format!("recover --input {topic} --duration 3s"), "cannot be used with"),
        ("sweep --axis splits=1,2 --input kafka:127.0.0.1:1/t", "`splits` shapes"),
    ] {
        let ended = runs(folder.path(), command).with_status(2);
        assert!(ended.err.contains(what), "{command}: {}", ended.err);
    }
    std::fs::write(folder.path().join("c"), "client.id=a\n").unwrap();
    let alone = "compare --workload keyed-count --kafka-config c";
    assert!(runs(folder.path(), alone).with_status(2).err.contains("goes with a topic as input"));
    let suite = format!(
        "[[experiment]]\nworkload = \"forward\"\nengines = [\"pipelined\"]\nrate = \"max\"\n\
         input = \"{topic}\"\nevents = 5\n"
    );
    std::fs::write(folder.path().join("s.toml"), suite).unwrap();
    let ended = runs(folder.path(), "compare s.toml").with_status(2);
    assert!(ended.err.contains("s.toml:6:10: an input has its own length"), "{}", ended.err);
}
