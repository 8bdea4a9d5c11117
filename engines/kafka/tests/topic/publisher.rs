//! Commits that are published to librdkafka's own broker of tests, which keeps no promise of transactions.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use kafka::rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use kafka::{ClientSettings, KafkaFailure, OutputTopic, Publisher, Step};

use crate::cluster::Cluster;

/// Client settings as a file holds them.
#[allow(clippy::disallowed_methods, reason = "the test writes the file that is read")]
fn settings(text: &str) -> ClientSettings {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client.properties");
    std::fs::write(&path, text).unwrap();
    ClientSettings::read(&path).unwrap()
}

/// Publishes a row to a broker that takes no more from the client once the transaction is to be
/// committed, which is so long after it was sent.
fn fenced_after(held: Duration, given: &str) -> KafkaFailure {
    let cluster = Cluster::new(&[("t", 1)]);
    let address = cluster.address("t").parse().unwrap();
    let topic = OutputTopic::open(address, settings(given), Arc::new(|_: &str| {})).unwrap();
    let publisher = Publisher::open(topic, "job", 1).unwrap();
    publisher.gate(Box::new(move |step| {
        let (_nobody, calls) = channel::<()>();
        if step == Step::Commit {
            calls.recv_timeout(held).unwrap_err();
        }
        true
    }));
    let fenced = RDKafkaRespErr::RD_KAFKA_RESP_ERR_PRODUCER_FENCED;
    cluster.mock.request_errors(RDKafkaApiKey::EndTxn, &[fenced]);
    let rows = || vec![Ok((0, b"row\n".to_vec()))].into_iter();
    publisher.publish(0, 7, &|| Box::new(rows())).unwrap_err()
}

#[test]
fn a_transaction_that_was_open_for_too_long_is_told_from_a_job_that_was_taken_over() {
    for (held, given, cause) in [
        (Duration::ZERO, "", "another process owns this job now (its transactions `job-..`"),
        (Duration::from_millis(1_100), "transaction.timeout.ms=1000", "1000 ms, unless another"),
    ] {
        let failure = fenced_after(held, given);
        assert!(matches!(failure, KafkaFailure::Refused(_)), "{failure}");
        assert!(failure.to_string().contains(cause), "{failure}");
    }
}

#[test]
fn rows_that_fail_publish_nothing_and_the_commit_can_be_published_later() {
    let cluster = Cluster::new(&[("t", 1)]);
    let address = cluster.address("t").parse().unwrap();
    let topic = OutputTopic::open(address, settings(""), Arc::new(|_: &str| {})).unwrap();
    let publisher = Publisher::open(topic, "job", 1).unwrap();
    let row = || Ok((0, b"row\n".to_vec()));
    let gone = || Err(KafkaFailure::Failed("the file is gone".to_owned()));
    let failed = publisher.publish(0, 7, &|| Box::new(vec![row(), gone()].into_iter()));
    assert_eq!(failed.unwrap_err().to_string(), "the file is gone");
    assert_eq!(publisher.next(0), None);
    publisher.publish(0, 7, &|| Box::new(vec![row()].into_iter())).unwrap();
    assert_eq!(publisher.next(0), Some(8));
}
