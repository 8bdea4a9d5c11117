//! Topics as inputs, on the broker that librdkafka has for tests.

use std::path::Path;
use std::time::Duration;

use kafka::rdkafka::ClientConfig;
use kafka::rdkafka::mocking::MockCluster;
use kafka::rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use kafka::rdkafka::types::RDKafkaRespErr;

use crate::program::{ENGINES, Ended, command, json_lines, run, signal, wait, wait_until, words};

/// A broker in this process.
pub(crate) struct Cluster {
    pub(crate) mock: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
}

impl Cluster {
    pub(crate) fn new() -> Self {
        let mock = MockCluster::new(1).unwrap();
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", mock.bootstrap_servers()).set("linger.ms", "0");
        Self { producer: config.create().unwrap(), mock }
    }

    /// A topic with these messages, dealt out to its partitions, and its address.
    pub(crate) fn topic(&self, name: &str, partitions: i32, lines: &[&str]) -> String {
        self.mock.create_topic(name, partitions, 1).unwrap();
        for (place, line) in (0..).zip(lines) {
            self.put(name, place % partitions, line);
        }
        self.flush();
        format!("kafka:{}/{name}", self.mock.bootstrap_servers())
    }

    fn put(&self, topic: &str, partition: i32, line: &str) {
        self.put_bytes(topic, partition, line.as_bytes());
    }

    /// Sends a message; [`Cluster::flush`] waits for it.
    pub(crate) fn put_bytes(&self, topic: &str, partition: i32, payload: &[u8]) {
        let record = BaseRecord::<(), [u8]>::to(topic).partition(partition).payload(payload);
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
    }

    /// Waits until all that was sent is there.
    pub(crate) fn flush(&self) {
        self.producer.flush(Duration::from_secs(10)).unwrap();
    }
}

pub(crate) fn runs(folder: &Path, line: &str) -> Ended {
    run(folder, &words(line))
}

const WORDS: [&str; 5] = ["to be or not", "to be", "", "that is", "the question: to be"];

#[test]
fn the_words_of_a_topic_are_counted_and_its_text_is_changed() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    for partitions in [1, 3] {
        let topic = cluster.topic(&format!("text{partitions}"), partitions, &WORDS);
        for engine in ENGINES {
            let common = format!("run --engine {engine} --input {topic} --parallelism 2");
            let upper = format!("{common} --workload uppercase --output file:upper");
            runs(folder.path(), &upper).with_status(0);
            let rows = std::fs::read_to_string(folder.path().join("upper")).unwrap();
            let mut seen: Vec<String> = json_lines(&rows)
                .iter()
                .map(|row| row["line"].as_str().unwrap().to_owned())
                .collect();
            seen.sort();
            let mut expected = WORDS.map(str::to_uppercase).to_vec();
            expected.sort();
            assert_eq!(seen, expected, "{engine}, {partitions} partitions");
            let counted = format!("{common} --workload word-count --json");
            let result = runs(folder.path(), &counted).with_status(0).json();
            assert_eq!(result["records_in"], 5);
            assert_eq!(result["output"]["digest"], result["output"]["expected_digest"]);
            // to, be, or, not, that, is, the, question:
            assert_eq!(result["output"]["records"], 8);
        }
    }
}

/// The first events of a workload as lines.
fn sample(folder: &Path, workload: &str, events: u32) -> Vec<String> {
    let line = format!("sample --workload {workload} --events {events}");
    let sampled = runs(folder, &line).with_status(0).out;
    sampled.lines().map(str::to_owned).collect()
}

#[test]
fn answers_over_a_topic_are_the_evaluators_also_when_it_is_read_again_after_a_failure() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let events = sample(folder.path(), "nexmark-q4", 3_000);
    let lines: Vec<&str> = events.iter().map(String::as_str).collect();
    let one = cluster.topic("one", 1, &lines);
    // Times of their own, one behind the other in each partition.
    let six = cluster.topic("six", 6, &lines);
    for engine in ["pipelined", "microbatch"] {
        for (topic, parallelism) in [(&one, 1), (&six, 3)] {
            let line = format!(
                "run --engine {engine} --workload nexmark-q4 --input {topic} --json \
                 --parallelism {parallelism} --set disorder_ms=1000"
            );
            let result = runs(folder.path(), &line).with_status(0).json();
            assert_eq!(result["records_in"], 3_000, "{engine}");
            assert_eq!(result["output"]["digest"], result["output"]["expected_digest"]);
        }
        let fails = format!(
            "run --engine {engine} --workload nexmark-q4 --input {six} --json --parallelism 2 \
             --set disorder_ms=1000 --guarantee exactly-once --fault kill:driver@30ms"
        );
        let result = runs(folder.path(), &fails).with_status(0).json();
        assert_eq!(result["records_in"], 3_000, "{engine}");
        assert_eq!(result["output"]["digest"], result["output"]["expected_digest"], "{engine}");
    }
}

#[test]
fn a_message_that_is_no_event_is_pointed_at() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let topic = cluster.topic("bad", 1, &["{\"key\":1}", "{\"key\":}"]);
    for engine in ENGINES {
        let line = format!("run --engine {engine} --workload keyed-count --input {topic}");
        let error = runs(folder.path(), &line).with_status(2).err;
        let place = "/bad, partition 0, split 0, offset 1 (column 8): expected value";
        assert!(error.contains(place), "{engine}: {error}");
    }
}

#[test]
fn what_a_topic_cannot_have_is_refused() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let topic = cluster.topic("t", 1, &["a"]);
    std::fs::write(folder.path().join("client.properties"), "sasl.password=s3cret\nno such\n")
        .unwrap();
    for (more, what) in [
        ("--events 5", "until=OFFSET"),
        ("--clock virtual", "has no virtual time"),
        ("--set idle_splits=2", "`idle_splits` shapes events"),
        ("--kafka-config nowhere", "cannot read nowhere"),
        ("--kafka-config client.properties", "client.properties:2: it is no `name=value`"),
    ] {
        let line = format!("run --engine pipelined --workload uppercase --input {topic} {more}");
        let ended = runs(folder.path(), &line).with_status(2);
        assert!(ended.err.contains(what), "{more}: {}", ended.err);
        assert!(!format!("{ended:?}").contains("s3cret"), "{ended:?}");
    }
    for (more, what) in [
        ("--rate 1k", "come when they come"),
        ("--fault kill:driver@50%", "nobody knows how many will come"),
    ] {
        let goes_on = format!("{topic}?until=never {more}");
        let line = format!("run --engine pipelined --workload uppercase --input {goes_on}");
        let ended = runs(folder.path(), &line).with_status(2);
        assert!(ended.err.contains(what), "{more}: {}", ended.err);
    }
    for (input, what) in [
        (format!("{topic}?from=7"), "from=7 is not in partition 0"),
        (format!("{topic}?partitions=4"), "there is no partition 4"),
        ("kafka:localhost/t".to_owned(), "`localhost` is no broker"),
        ("kafka:localhost:9092".to_owned(), "no topic is named"),
    ] {
        let line = format!("run --engine pipelined --workload uppercase --input {input}");
        let ended = runs(folder.path(), &line).with_status(2);
        assert!(ended.err.contains(what), "{input}: {}", ended.err);
    }
}

#[test]
fn a_password_stands_in_no_result() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let topic = cluster.topic("t", 1, &["a"]);
    let settings = "sasl.password=s3cret\nfetch.wait.max.ms=5\n";
    std::fs::write(folder.path().join("client.properties"), settings).unwrap();
    let line = format!(
        "run --engine pipelined --workload uppercase --input {topic} --json \
         --kafka-config client.properties"
    );
    let ended = runs(folder.path(), &line).with_status(0);
    assert!(!format!("{ended:?}").contains("s3cret"), "{ended:?}");
}

#[test]
fn a_topic_that_goes_on_is_read_until_it_is_stopped() {
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
    let topic = cluster.topic("t", 1, &["one"]);
    for engine in ["pipelined", "microbatch"] {
        let rows = folder.path().join(engine);
        let line = format!(
            "run --engine {engine} --workload uppercase --input {topic}?until=never --json \
             --output print"
        );
        let out = std::fs::File::create(&rows).unwrap();
        let child = command(folder.path(), &words(&line.replace("--json ", "")))
            .stdout(out)
            .spawn()
            .unwrap();
        let holds = |text: &str| std::fs::read_to_string(&rows).unwrap().contains(text);
        wait_until("the first message is out", || holds("ONE"));
        cluster.put("t", 0, engine);
        cluster.flush();
        wait_until("what came later is out", || holds(&engine.to_uppercase()));
        signal("INT", child.id());
        wait(child).with_status(130);
    }
}

#[test]
fn a_topic_that_is_deleted_while_it_is_read_is_bad_input() {
    for engine in ENGINES {
        let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::new());
        let topic = cluster.topic("t", 1, &["one"]);
        let rows = folder.path().join("rows");
        let line = format!(
            "run --engine {engine} --workload uppercase --input {topic}?until=never --output print"
        );
        let out = std::fs::File::create(&rows).unwrap();
        let child = command(folder.path(), &words(&line)).stdout(out).spawn().unwrap();
        let holds = |text: &str| std::fs::read_to_string(&rows).unwrap().contains(text);
        wait_until("the first message is out", || holds("ONE"));
        let gone = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        cluster.mock.topic_error("t", gone).unwrap();
        let error = wait(child).with_status(2).err;
        assert!(error.contains("split 0, offset 1") && error.contains("no such topic"), "{error}");
    }
}
