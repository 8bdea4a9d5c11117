//! Topics that a job goes on with in another process.

use std::task::{Context, Poll};
use std::time::Duration;

use dataflow::job::message_log::MessageLog;
use dataflow::job::source::Splits;
use kafka::{ClientSettings, KafkaFailure, Topic, TopicFingerprint, TopicLog};

use crate::cluster::Cluster;
use crate::{company, log, open, read, texts, waker};

fn again(address: &str, found: &TopicFingerprint) -> Result<Topic, KafkaFailure> {
    Topic::open_again(address.parse().unwrap(), ClientSettings::default(), found, found)
}

fn found(address: &str) -> TopicFingerprint {
    open(address).unwrap().fingerprint().unwrap()
}

/// What a partition was found to be: where it is read, how far it went, and its last message.
type Found = (i32, u64, Option<u64>, u64, Option<u64>);

fn partitions(found: &TopicFingerprint) -> Vec<Found> {
    let all = found.partitions.iter();
    all.map(|it| (it.partition, it.start, it.end, it.covered, it.last.map(|it| it.offset)))
        .collect()
}

#[test]
fn a_topic_is_opened_again_at_the_offsets_of_the_first_start() {
    let cluster = Cluster::new(&[("t", 2)]);
    cluster.put("t", 0, 0, &["a", "b", "c"]);
    let (at, on) = (cluster.address("t"), format!("{}?until=never", cluster.address("t")));
    let (bounded, endless) = (found(&at), found(&on));
    assert_eq!(partitions(&bounded), [(0, 0, Some(3), 3, Some(2)), (1, 0, Some(0), 0, None)]);
    assert_eq!(partitions(&endless), [(0, 0, None, 3, Some(2)), (1, 0, None, 0, None)]);
    assert_eq!((bounded.address.as_str(), bounded.count), ("t", 2));
    assert_eq!(endless.address, "t?until=never");
    cluster.put("t", 0, 0, &["d"]);
    cluster.put("t", 1, 0, &["x"]);
    // What came later is not read, and changes nothing.
    assert_eq!(again(&at, &bounded).unwrap().fingerprint().unwrap(), bounded);
}

#[test]
fn another_cluster_is_refused() {
    let [here, there] = [(); 2].map(|()| Cluster::new(&[("t", 1)]));
    for cluster in [&here, &there] {
        cluster.put("t", 0, 0, &["a"]);
    }
    let error = again(&there.address("t"), &found(&here.address("t"))).unwrap_err();
    assert!(matches!(error, KafkaFailure::Refused(_)), "{error}");
    assert!(error.to_string().contains("/t: this is the cluster mockCluster"), "{error}");
}

#[test]
fn a_topic_that_was_made_again_is_refused_by_partition_and_offset() {
    // Another topic stands for the one that was made again.
    let cluster = Cluster::new(&[("t", 2), ("shorter", 2), ("other", 2), ("narrow", 1)]);
    cluster.put("t", 1, 0, &["a", "b", "c"]);
    cluster.put("shorter", 1, 0, &["a", "b"]);
    cluster.put("other", 1, 0, &["a", "b", "d", "e"]);
    let found = found(&cluster.address("t"));
    for (topic, what) in [
        ("shorter", "partition 1 ends at offset 2 now, and the job has found it to end at 3"),
        ("other", "partition 1 has another message now at offset 2"),
        ("narrow", "there is no partition 1 any more, which the job has read up to offset 3"),
    ] {
        let error = again(&cluster.address(topic), &found).unwrap_err();
        assert!(matches!(error, KafkaFailure::Refused(_)), "{error}");
        assert!(error.to_string().contains(&format!("/{topic}: {what}")), "{error}");
        assert!(error.to_string().contains("empty checkpoint directory"), "{error}");
    }
}

#[test]
fn more_that_was_there_later_is_what_is_looked_for() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.put("t", 0, 0, &["a"]);
    let on = format!("{}?until=never", cluster.address("t"));
    let first = found(&on);
    cluster.put("t", 0, 0, &["b"]);
    let topic = again(&on, &first).unwrap();
    let later = topic.fingerprint().unwrap();
    assert!(later.covers_more_than(&first) && !first.covers_more_than(&first));
    assert_eq!(partitions(&later), [(0, 0, None, 2, Some(1))]);
}

#[test]
fn what_is_gone_and_what_never_was_is_in_the_way() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.put("t", 0, 0, &["a"]);
    let log = log(&format!("{}?until=never", cluster.address("t")));
    assert_eq!(texts(&read(&log, 0, 0, 1)), ["a"]);
    assert_eq!(log.obstacle(0, 1).unwrap(), None);
    let obstacle = log.obstacle(0, 5).unwrap().unwrap();
    assert!(obstacle.contains("/t: partition 0 ends at offset 1 now"), "{obstacle}");
    // What has come since it was opened is there.
    cluster.put("t", 0, 0, &["b", "c", "d", "e", "f"]);
    assert_eq!(log.obstacle(0, 5).unwrap(), None);
    // The broker keeps 5 MiB.
    let large = "x".repeat(500_000);
    cluster.put("t", 0, 0, &[large.as_str(); 20]);
    let later = crate::log(&format!("{}?until=never", cluster.address("t")));
    let obstacle = later.obstacle(0, 3).unwrap().unwrap();
    let what = "the job has read it up to offset 3 only: the messages between are gone";
    assert!(obstacle.contains(what), "{obstacle}");
}

#[test]
fn a_start_that_is_gone_is_not_in_the_way_of_who_goes_on_behind_it_and_is_missed_by_who_reads_it() {
    let cluster = Cluster::new(&[("t", 1)]);
    cluster.put("t", 0, 0, &["a", "b"]);
    let on = format!("{}?until=never", cluster.address("t"));
    let found = found(&on);
    // The broker keeps 5 MiB.
    let large = "x".repeat(500_000);
    cluster.put("t", 0, 0, &[large.as_str(); 20]);
    cluster.put("t", 0, 0, &["y", "z"]);
    let log = TopicLog::open(again(&on, &found).unwrap(), company().0).unwrap();
    assert_eq!((log.start(0), log.obstacle(0, 22).unwrap()), (0, None));
    assert_eq!(texts(&read(&log, 0, 22, 2)), ["y", "z"]);
    let again = log.again().unwrap();
    let (mut reader, waker) = (again.reader(), waker());
    let missed = loop {
        match reader.poll_ready(0, 0..1, &mut Context::from_waker(&waker)) {
            Poll::Ready(upto) => break upto.unwrap_err().to_string(),
            Poll::Pending => std::thread::park_timeout(Duration::from_secs(10)),
        }
    };
    assert!(missed.contains("split 0, offset 0: ") && missed.contains("not there"), "{missed}");
}
