//! librdkafka's own broker of tests, in this process.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};

/// A broker, and a producer to it.
pub(crate) struct Cluster {
    pub(crate) mock: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
}

impl Cluster {
    /// With these topics and as many partitions.
    pub(crate) fn new(topics: &[(&str, i32)]) -> Self {
        let mock = MockCluster::new(1).unwrap();
        topics.iter().for_each(|(name, partitions)| {
            mock.create_topic(name, *partitions, 1).unwrap();
        });
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", mock.bootstrap_servers()).set("linger.ms", "0");
        Self { producer: config.create().unwrap(), mock }
    }

    /// The address of a topic.
    pub(crate) fn address(&self, topic: &str) -> String {
        format!("{}/{topic}", self.mock.bootstrap_servers())
    }

    /// Writes messages to a partition; each has its place as its time stamp, from `millis` on.
    pub(crate) fn put(&self, topic: &str, partition: i32, millis: i64, payloads: &[&str]) {
        for (place, payload) in (0..).zip(payloads) {
            let record = BaseRecord::<(), str>::to(topic).partition(partition);
            let record = record.payload(payload).timestamp(millis + place);
            self.producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        self.producer.flush(Duration::from_secs(10)).unwrap();
    }
}
