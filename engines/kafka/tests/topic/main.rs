//! Topics as the splits of a job, on librdkafka's own broker of tests.

mod cluster;
mod publisher;
mod resumption;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use dataflow::ProcessingTime;
use dataflow::job::message_log::{MessageChunk, MessageLog};
use dataflow::job::source::{Next, SourceError, SourceFailure, Splits};
use kafka::rdkafka::types::RDKafkaRespErr;
use kafka::{ClientSettings, Company, KafkaFailure, Topic, TopicLog};

use cluster::Cluster;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn waker() -> Waker {
    Waker::from(Arc::new(Unpark(std::thread::current())))
}

/// Lines that were told.
type Told = Arc<Mutex<Vec<String>>>;

fn company() -> (Company, Told) {
    company_until(Arc::new(AtomicU64::new(u64::MAX)))
}

/// With a clock that goes on by a second at each look, as far as it may: outages are over soon.
fn company_until(last: Arc<AtomicU64>) -> (Company, Told) {
    let seconds = AtomicU64::new(0);
    let clock = move || {
        let second = seconds.load(Ordering::Relaxed);
        if second < last.load(Ordering::Relaxed) {
            seconds.store(second + 1, Ordering::Relaxed);
        }
        ProcessingTime(second * 1_000_000_000)
    };
    let told = Told::default();
    let telling = Arc::clone(&told);
    let tell = move |line: &str| telling.lock().unwrap().push(line.to_owned());
    (Company { clock: Arc::new(clock), tell: Arc::new(tell) }, told)
}

fn open(address: &str) -> Result<Topic, KafkaFailure> {
    Topic::open(address.parse().unwrap(), ClientSettings::default())
}

/// What the reader of a split is told in the end, when no more comes.
fn failure_of(log: &TopicLog, split: u32, from: u64) -> SourceError {
    let mut reader = log.reader();
    let waker = waker();
    loop {
        let mut context = Context::from_waker(&waker);
        match reader.poll_ready(split, from..from + 1, &mut context) {
            Poll::Pending => std::thread::park_timeout(Duration::from_secs(10)),
            Poll::Ready(ready) => return ready.unwrap_err(),
        }
    }
}

fn log(address: &str) -> TopicLog {
    TopicLog::open(open(address).unwrap(), company().0).unwrap()
}

/// The payloads of a split from an offset on, to its end or as many.
fn read(log: &dyn MessageLog, split: u32, from: u64, most: usize) -> Vec<(u64, String)> {
    let (mut reader, mut chunk) = (log.reader(), MessageChunk::default());
    let (mut from, mut all) = (from, Vec::new());
    while all.len() < most {
        let available = log.available(split, from, ProcessingTime::ZERO).unwrap();
        if available.end <= from && available.next == Next::Never {
            break;
        }
        let waker = waker();
        let mut context = Context::from_waker(&waker);
        let end = available.end.max(from + 1);
        match reader.poll_ready(split, from..end, &mut context) {
            Poll::Pending => std::thread::park_timeout(Duration::from_secs(10)),
            Poll::Ready(upto) => {
                let upto = upto.unwrap();
                reader.read(split, from..upto, &mut chunk).unwrap();
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                all.extend(chunk.iter().map(|(head, bytes)| (head.offset, text(bytes))));
                from = upto;
            }
        }
    }
    all
}

fn texts(read: &[(u64, String)]) -> Vec<&str> {
    read.iter().map(|(_, text)| text.as_str()).collect()
}

#[test]
fn every_partition_is_a_split_and_ends_where_it_ended_when_it_was_opened() {
    let cluster = Cluster::new(&[("t", 3)]);
    cluster.put("t", 0, 0, &["a", "b", "c"]);
    cluster.put("t", 2, 0, &["x"]);
    let log = log(&cluster.address("t"));
    cluster.put("t", 0, 0, &["later"]);
    assert_eq!(log.splits(), 3);
    assert_eq!(texts(&read(&log, 0, 0, 9)), ["a", "b", "c"]);
    assert!(read(&log, 1, 0, 9).is_empty());
    assert_eq!(read(&log, 2, 0, 9), [(0, "x".to_owned())]);
    // The answer is computed from the same messages, though there are more now.
    let again = log.again().unwrap();
    assert_eq!(texts(&read(&*again, 0, 0, 9)), ["a", "b", "c"]);
}

#[test]
fn reading_begins_and_ends_where_it_is_told_to() {
    let cluster = Cluster::new(&[("t", 2)]);
    cluster.put("t", 0, 0, &["0", "1", "2", "3", "4", "5"]);
    cluster.put("t", 1, 0, &["a"]);
    let of = |options: &str| {
        let log = log(&format!("{}?partitions=0&{options}", cluster.address("t")));
        let found = read(&log, 0, log.start(0), 99);
        (log.splits(), found.into_iter().map(|(_, text)| text).collect::<String>())
    };
    assert_eq!(of("from=2&until=5"), (1, "234".to_owned()));
    assert_eq!(of("from=latest"), (1, String::new()));
}

#[test]
fn messages_that_come_later_are_read_as_they_come() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.put("t", 0, 0, &["old"]);
    let log = log(&format!("{}?from=latest&until=never", cluster.address("t")));
    assert_eq!(log.start(0), 1);
    assert_eq!(log.available(0, 1, ProcessingTime::ZERO).unwrap().next, Next::Unknown);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| read(&log, 0, 1, 2));
        cluster.put("t", 0, 0, &["new"]);
        cluster.put("t", 0, 0, &["newer"]);
        assert_eq!(texts(&reading.join().unwrap()), ["new", "newer"]);
    });
}

#[test]
fn what_was_read_is_read_again_from_the_broker() {
    let cluster = Cluster::new(&[("t", 1)]);
    let payloads: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
    cluster.put("t", 0, 0, &payloads.iter().map(String::as_str).collect::<Vec<_>>());
    let log = log(&cluster.address("t"));
    assert_eq!(read(&log, 0, 0, 9_999).len(), 2_000);
    for from in [1_999, 0, 777] {
        let again = read(&log, 0, from, 9_999);
        assert_eq!(again.len() as u64, 2_000 - from, "from {from}");
        assert!(again.iter().all(|(offset, text)| *text == offset.to_string()));
    }
}

#[test]
fn what_is_wrong_with_a_topic_is_said_when_it_is_opened() {
    let cluster = Cluster::new(&[("t", 2)]);
    cluster.put("t", 0, 0, &["a", "b"]);
    let at = cluster.address("t");
    for (address, what) in [
        (format!("{at}?partitions=0,5"), "there is no partition 5: it has 2 of them, from 0"),
        (
            format!("{at}?from=9"),
            "from=9 is not in partition 0, which holds the offsets 0 to 2 now",
        ),
        (format!("{at}?until=9"), "until=9 is not in partition 0 yet, which ends at 2"),
    ] {
        let error = open(&address).unwrap_err();
        assert!(matches!(error, KafkaFailure::Refused(_)), "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert!(error.to_string().starts_with("kafka:127.0.0.1"), "{error}");
    }
}

#[test]
fn a_broker_that_does_not_answer_is_named() {
    let error = open("127.0.0.1:1/t").unwrap_err();
    assert!(matches!(error, KafkaFailure::Failed(_)), "{error}");
    assert!(error.to_string().starts_with("kafka:127.0.0.1:1/t: no broker answers"), "{error}");
}

#[test]
fn a_broker_that_is_away_for_a_while_is_waited_for() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.put("t", 0, 0, &["before"]);
    let log = log(&format!("{}?until=never", cluster.address("t")));
    assert_eq!(texts(&read(&log, 0, 0, 1)), ["before"]);
    cluster.mock.broker_down(1).unwrap();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| read(&log, 0, 1, 1));
        cluster.mock.broker_up(1).unwrap();
        cluster.put("t", 0, 0, &["after"]);
        assert_eq!(texts(&reading.join().unwrap()), ["after"]);
    });
}

#[test]
fn a_partition_without_a_leader_is_told_of_and_not_waited_for_without_end() {
    let cluster = Cluster::new(&[("t", 2)]);
    cluster.put("t", 0, 0, &["a", "b"]);
    cluster.put("t", 1, 0, &["x"]);
    for options in ["until=end", "until=never"] {
        cluster.mock.partition_leader("t", 1, Some(1)).unwrap();
        let (company, told) = company();
        let topic = open(&format!("{}?{options}", cluster.address("t"))).unwrap();
        cluster.mock.partition_leader("t", 1, None).unwrap();
        let log = TopicLog::open(topic, company).unwrap();
        assert_eq!(texts(&read(&log, 0, 0, 2)), ["a", "b"], "the other one is read");
        let error = failure_of(&log, 1, 0);
        assert_eq!(error.failure, SourceFailure::Failed, "{error}");
        let error = error.to_string();
        for part in ["/t, partition 1, offset 0", "it has no leader, for over 60 s", "partitions="]
        {
            assert!(error.contains(part), "{options}: {error}");
        }
        let told = told.lock().unwrap().join("\n");
        assert!(told.contains("/t, partition 1: it has no leader; it is waited for"), "{told}");
        assert!(!told.contains("partition 0"), "{told}");
    }
    let error = open(&cluster.address("t")).unwrap_err();
    assert!(error.to_string().contains("partition 1: it has no leader"), "{error}");
}

#[test]
fn a_partition_that_has_a_leader_again_is_read() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.put("t", 0, 0, &["a"]);
    let last_second = Arc::new(AtomicU64::new(30));
    let (company, told) = company_until(Arc::clone(&last_second));
    let topic = open(&format!("{}?until=never", cluster.address("t"))).unwrap();
    // Before anything is fetched: the broker of tests fails when it would name the former leader.
    cluster.mock.partition_leader("t", 0, None).unwrap();
    let log = TopicLog::open(topic, company).unwrap();
    let waits_for = |what: &str| {
        while !told.lock().unwrap().iter().any(|line| line.contains(what)) {
            std::thread::park_timeout(Duration::from_millis(1));
        }
    };
    waits_for("it has no leader; it is waited for");
    cluster.mock.partition_leader("t", 0, Some(1)).unwrap();
    last_second.store(u64::MAX, Ordering::Relaxed);
    cluster.put("t", 0, 0, &["b"]);
    assert_eq!(texts(&read(&log, 0, 0, 2)), ["a", "b"]);
    waits_for("partition 0 can be read again");
}

#[test]
fn a_topic_that_is_deleted_or_forbidden_ends_the_reading_at_once() {
    for (refusal, what) in [
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "there is no such topic"),
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "may not read the topic"),
    ] {
        let cluster = Cluster::new(&[("t", 1)]);
        cluster.put("t", 0, 0, &["a"]);
        let (company, told) = company();
        let topic = open(&format!("{}?until=never", cluster.address("t"))).unwrap();
        let log = TopicLog::open(topic, company).unwrap();
        assert_eq!(texts(&read(&log, 0, 0, 1)), ["a"]);
        cluster.mock.topic_error("t", refusal).unwrap();
        let error = failure_of(&log, 0, 1);
        assert_eq!(error.failure, SourceFailure::Refused, "{error}");
        assert!(error.to_string().contains(what), "{error}");
        assert!(told.lock().unwrap().is_empty(), "it is not waited for");
    }
}
