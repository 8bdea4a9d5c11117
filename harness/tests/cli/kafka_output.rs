//! Topics as outputs, on the broker that librdkafka has for tests. It keeps no promise of transactions:
//! the tests of `broker` do that on a true one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kafka::rdkafka::consumer::{BaseConsumer, Consumer};
use kafka::rdkafka::error::KafkaError;
use kafka::rdkafka::message::BorrowedMessage;
use kafka::rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use kafka::rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

use crate::kafka::Cluster;
use crate::program::{ENGINES, Ended, command, json_lines, run, signal, wait, wait_until, words};

fn runs(folder: &Path, line: &str) -> Ended {
    run(folder, &words(line))
}

/// Every message of a topic: its partition and what it holds.
fn messages(cluster: &Cluster, topic: &str, partitions: i32) -> Vec<(i32, String)> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", cluster.mock.bootstrap_servers()).set("group.id", "test");
    config.set("enable.auto.commit", "false").set("enable.partition.eof", "true");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut assigned = TopicPartitionList::new();
    for partition in 0..partitions {
        assigned.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
    }
    consumer.assign(&assigned).unwrap();
    let text = |it: &BorrowedMessage<'_>| str::from_utf8(it.payload().unwrap()).unwrap().to_owned();
    let (mut open, mut all) = (partitions, Vec::new());
    while open > 0 {
        match consumer.poll(Duration::from_secs(20)).expect("the broker answers") {
            Ok(message) => all.push((message.partition(), text(&message))),
            Err(KafkaError::PartitionEOF(_)) => open -= 1,
            Err(error) => panic!("{error}"),
        }
    }
    all
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

#[test]
fn rows_go_to_a_topic_under_every_guarantee() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let job = "--workload nexmark-q1 --events 3000 --parallelism 3";
    let to_file = format!("run --engine sequential {job} --output file:rows");
    runs(folder.path(), &to_file).with_status(0);
    let rows = std::fs::read_to_string(folder.path().join("rows")).unwrap();
    let expected = sorted(rows.lines().map(str::to_owned).collect());
    for engine in ENGINES {
        for guarantee in ["none", "at-least-once", "exactly-once"] {
            if engine == "sequential" && guarantee != "none" {
                continue;
            }
            let name = format!("{engine}-{guarantee}");
            let topic = cluster.topic(&name, 2, &[]);
            let checkpoints = match guarantee {
                "exactly-once" => format!("--checkpoint-dir state-{engine}"),
                _ => String::new(),
            };
            let line = format!(
                "run --engine {engine} {job} --guarantee {guarantee} {checkpoints} \
                 --output {topic}?compression=lz4 --json"
            );
            let result = runs(folder.path(), &line).done_unless_busy().json();
            let there = messages(&cluster, &name, 2);
            let is_spread = there.iter().any(|(partition, _)| *partition == 1);
            assert!(is_spread || engine == "sequential", "both partitions are written to");
            let there = sorted(there.into_iter().map(|(_, row)| row).collect());
            assert!(there == expected, "{name}: {} rows of {}", there.len(), expected.len());
            let checked = &result["output"]["topic"];
            match guarantee {
                "exactly-once" => {
                    assert_eq!(checked["rows"], expected.len());
                    assert_eq!(checked["checked"], true);
                }
                _ => assert!(checked.is_null()),
            }
        }
    }
}

#[test]
fn a_run_lasts_until_its_last_rows_are_delivered() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let topic = cluster.topic("slow", 1, &[]);
    let round_trip = Duration::from_millis(700);
    cluster.mock.broker_round_trip_time(1, round_trip).unwrap();
    for engine in ENGINES {
        let line = format!(
            "run --engine {engine} --workload nexmark-q1 --events 3000 --output {topic} --json"
        );
        let result = runs(folder.path(), &line).done_unless_busy().json();
        let lasted = Duration::from_nanos(result["elapsed_ns"].as_u64().unwrap());
        assert!(lasted >= round_trip, "{engine} was over after {lasted:?}");
    }
}

#[test]

fn a_job_goes_on_into_its_topic_by_another_broker_and_compression_and_into_no_other_topic() {
    let [here, there] = [Cluster::new(), Cluster::new()];
    let elsewhere = there.topic("t0", 2, &[]);
    let engines = ["pipelined,checkpoint_interval_ms=20", "microbatch,batch_interval_ms=20"];
    for (number, engine) in (0..).zip(engines) {
        let folder = tempfile::tempdir().unwrap();
        let topic = here.topic(&format!("t{number}"), 2, &[]);
        let job = format!(
            "run --engine {engine} --workload uppercase --events 20k --rate 20k \
             --guarantee exactly-once --checkpoint-dir state"
        );
        runs(folder.path(), &format!("{job} --stop-after 2000 --output {topic}")).with_status(0);
        for other in [elsewhere.clone(), here.topic(&format!("u{number}"), 2, &[])] {
            let refused = runs(folder.path(), &format!("{job} --resume --output {other}"));
            let error = refused.with_status(2).err;
            let own = format!("whose output is kafka:HOST:PORT/t{number} of the cluster");
            assert!(error.contains(&own), "{error}");
        }
        let brokers = here.mock.bootstrap_servers();
        let moved = topic.replace(&brokers, &format!("localhost:1,{brokers}"));
        let on = format!("{job} --resume --output {moved}?compression=lz4 --json");
        let result = runs(folder.path(), &on).done_unless_busy().json();
        assert_eq!(result["records_in"], 20_000, "{engine}");
    }
}

#[test]
fn a_topic_that_cannot_be_read_again_makes_a_result_invalid_and_costs_none() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let topic = cluster.topic("t", 1, &[]);
    let forbidden = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    cluster.mock.request_errors(RDKafkaApiKey::Fetch, &[forbidden; 50]);
    let line = format!(
        "run --engine pipelined --workload uppercase --events 2000 --guarantee exactly-once \
         --checkpoint-dir state --output {topic} --json"
    );
    let result = runs(folder.path(), &line).with_status(1).json();
    assert_eq!(result["records_in"], 2_000);
    assert_eq!(result["output"]["topic"]["checked"], false);
    let because = result["invalid_because"].as_array().unwrap();
    let says = |text: &str| because.iter().any(|it| it.as_str().unwrap().contains(text));
    assert!(says("could not be compared with what was published (kafka:"), "{because:?}");
    assert!(says("no permission"), "{because:?}");
}

#[test]
fn a_topic_that_may_not_be_written_to_is_bad_input_and_one_that_takes_nothing_is_not() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let topic = cluster.topic("t", 1, &[]);
    let soon = "message.timeout.ms=1500\n";
    std::fs::write(folder.path().join("client.properties"), soon).unwrap();
    let refused = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    let passes = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
    for (more, error, status, what) in [
        ("--guarantee none", refused, 2, "may not write to the topic"),
        ("--guarantee at-least-once", refused, 2, "may not write to the topic"),
        (
            "--guarantee exactly-once --checkpoint-dir state",
            refused,
            2,
            "may not write to the topic",
        ),
        ("--guarantee at-least-once", passes, 3, "were not delivered within message.timeout.ms"),
    ] {
        cluster.mock.request_errors(RDKafkaApiKey::Produce, &[error; 200]);
        let line = format!(
            "run --engine pipelined --workload uppercase --events 2000 {more} --output {topic} \
             --kafka-config client.properties"
        );
        let ended = runs(folder.path(), &line).with_status(status);
        assert!(ended.err.contains(what), "{more}: {}", ended.err);
        cluster.mock.clear_request_errors(RDKafkaApiKey::Produce);
    }
}

#[test]
fn a_sample_ends_at_the_first_interrupt_and_says_how_many_events_are_there() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let topic = cluster.topic("t", 1, &[]);
    let line = format!("sample --workload keyed-count --events 1000000000 --output {topic}");
    let child = command(folder.path(), &words(&line)).spawn().unwrap();
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", cluster.mock.bootstrap_servers());
    let consumer: BaseConsumer = config.create().unwrap();
    let there = || consumer.fetch_watermarks("t", 0, Duration::from_secs(10)).unwrap().1;
    wait_until("some events are there", || there() > 0);
    signal("INT", child.id());
    let error = wait(child).with_status(130).err;
    let said = format!("{} of 1000000000 events were written to kafka:", there());
    assert!(error.contains(&said), "{error}");
}

#[test]
fn events_of_a_sample_come_back_as_they_were() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    for workload in ["keyed-count", "nexmark-q3", "word-count"] {
        let topic = cluster.topic(workload, 3, &[]);
        let fill = format!("sample --workload {workload} --events 500 --output {topic}");
        assert_eq!(runs(folder.path(), &fill).with_status(0).out, "");
        let there = messages(&cluster, workload, 3);
        assert_eq!(there.len(), 500);
        if workload != "word-count" {
            let numbered = there.iter().map(|(partition, row)| {
                let row: serde_json::Value = serde_json::from_str(row).unwrap();
                assert!(row["event_time_ms"].is_i64(), "{row}");
                (row["n"].as_i64().unwrap(), *partition)
            });
            let in_turn = numbered.clone().all(|(n, partition)| n % 3 == i64::from(partition));
            assert!(in_turn && numbered.count() == 500);
        }
        let read = format!("run --engine sequential --workload {workload} --input {topic} --json");
        let from_topic = runs(folder.path(), &read).with_status(0).json();
        let own = format!("run --engine sequential --workload {workload} --events 500 --json");
        let generated = runs(folder.path(), &own).done_unless_busy().json();
        assert_eq!(from_topic["output"]["digest"], generated["output"]["digest"], "{workload}");
    }
    let printed = runs(folder.path(), "sample --workload keyed-count --events 2").with_status(0);
    assert!(json_lines(&printed.out).iter().all(|row| row["n"].is_null()));
}

/// Names of the files under a folder that hold this text.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let holds = bytes.windows(text.len()).any(|part| part == text.as_bytes());
            found.extend(holds.then_some(path));
        }
    }
    found
}

#[test]
fn a_password_stands_in_no_output_no_checkpoint_and_no_page() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let settings = "sasl.username=me\nsasl.password=s3cret\n";
    std::fs::write(folder.path().join("client.properties"), settings).unwrap();
    let [filled, rows] = ["filled", "rows"].map(|name| cluster.topic(name, 1, &[]));
    let with = "--kafka-config client.properties";
    for line in [
        format!("sample --workload uppercase --events 500 --output {filled} {with}"),
        format!(
            "run --engine pipelined --workload uppercase --input {filled} {with} --json \
             --guarantee exactly-once --checkpoint-dir state --output {rows}"
        ),
        format!(
            "run --engine microbatch --workload uppercase --input {filled} {with} \
             --guarantee at-least-once --output {rows}"
        ),
        format!("compare --workload uppercase --input {filled} {with} --repeats 1 --out made"),
    ] {
        let ended = runs(folder.path(), &line).done_unless_busy();
        assert!(!format!("{ended:?}").contains("s3cret"), "{line}");
    }
    let own = folder.path().join("client.properties");
    assert_eq!(holding(folder.path(), "s3cret"), [own]);
}

#[test]
fn what_a_topic_as_output_cannot_have_is_refused() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let topic = cluster.topic("t", 1, &[]);
    for (more, what) in [
        ("--guarantee exactly-once", "add --checkpoint-dir FOLDER"),
        ("--guarantee at-least-once --output TOPIC?acks=1", "acks=1 can lose rows"),
        (
            "--guarantee exactly-once --checkpoint-dir none --output TOPIC?acks=0",
            "acks=0 can lose rows",
        ),
        ("--clock virtual", "has no virtual time"),
        ("--repeats 2 --guarantee exactly-once --checkpoint-dir s", "--repeats would need several"),
        ("--no-check-output", "goes with a folder of part files or a topic"),
        ("--output TOPIC?acks=3", "`acks=3` is not known"),
        ("--output TOPIC?from=latest", "unknown option `from`"),
        ("--output kafka:localhost:9092", "no topic is named"),
        ("--kafka-config nowhere", "cannot read nowhere"),
        ("--output BROKERS/nothing", "there is no such topic"),
    ] {
        let output = if more.contains("--output") { "" } else { "--output TOPIC" };
        let line =
            format!("run --engine pipelined --workload uppercase --events 9 {output} {more}");
        let brokers = format!("kafka:{}", cluster.mock.bootstrap_servers());
        let line = line.replace("TOPIC", &topic).replace("BROKERS", &brokers);
        let ended = runs(folder.path(), &line).with_status(2);
        assert!(ended.err.contains(what), "{more}: {}", ended.err);
    }
    assert_eq!(messages(&cluster, "t", 1), []);
    assert!(!folder.path().join("none").exists(), "what cannot run leaves no job");
}
