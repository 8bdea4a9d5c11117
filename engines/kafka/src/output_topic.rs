//! A topic that rows are written to: its partitions, the client that writes, and what a reader of it
//! finds.

use std::sync::Mutex;
use std::time::Duration;

use dataflow::Digest;
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{Offset, TopicPartitionList};

use crate::client::{PATIENCE, config, failure, may_pass, partitions_now};
use crate::output_address::OutputAddress;
use crate::settings::{ClientSettings, KafkaFailure};
use crate::wait::Wait;

/// Longest time without a message while an output is read again.
const SILENCE: Duration = Duration::from_secs(30);
/// The longest wait of a poll: what is acknowledged is seen so soon.
pub(crate) const TURN: Duration = Duration::from_millis(1);

/// A topic that rows are written to.
#[derive(Clone, Debug)]
pub struct OutputTopic {
    pub(crate) address: OutputAddress,
    pub(crate) settings: ClientSettings,
    /// Its partitions, by their numbers.
    pub(crate) partitions: Vec<i32>,
}

impl OutputTopic {
    /// Asks the broker for the topic.
    ///
    /// # Errors
    /// When no broker answers, and when there is no such topic.
    pub fn open(address: OutputAddress, settings: ClientSettings) -> Result<Self, KafkaFailure> {
        let mut topic = Self { address, settings, partitions: Vec::new() };
        let client: BaseProducer =
            topic.config().create().map_err(|error| topic.failure(&error))?;
        let there = partitions_now(client.client(), &topic.address.topic);
        let there = there.map_err(|error| topic.failure(&error))?;
        topic.partitions = there.into_iter().map(|it| it.number).collect();
        Ok(topic)
    }

    /// The topic as the user named it.
    pub fn address(&self) -> &OutputAddress {
        &self.address
    }

    /// Settings of a client that writes.
    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = config(&self.settings, &self.address.brokers);
        config.set("compression.type", self.address.compression.name());
        // Java's `delivery.timeout.ms`; librdkafka's own is five minutes. A transaction must not be over
        // before.
        for name in ["message.timeout.ms", "transaction.timeout.ms"] {
            if config.get(name).is_none() {
                config.set(name, "120000");
            }
        }
        config.set_log_level(RDKafkaLogLevel::Critical);
        config
    }

    /// What goes wrong where rows are written.
    pub(crate) fn failure(&self, error: &KafkaError) -> KafkaFailure {
        let OutputAddress { brokers, topic, .. } = &self.address;
        let at = format!("kafka:{brokers}/{topic}");
        let refused = |what: &str| KafkaFailure::Refused(format!("{at}: {what}"));
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
                refused("this user may not write to the topic (no permission WRITE or DESCRIBE)")
            }
            Some(RDKafkaErrorCode::ClusterAuthorizationFailed) => refused(
                "this user may not write idempotently (no permission IDEMPOTENT_WRITE on the cluster)",
            ),
            Some(RDKafkaErrorCode::TransactionalIdAuthorizationFailed) => refused(
                "this user may not use transactions of this name (no permission WRITE on the \
                 transactional id)",
            ),
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => refused(
                "a row is larger than a message may be; raise message.max.bytes in --kafka-config and \
                 max.message.bytes of the topic",
            ),
            _ => failure(error, brokers, topic),
        }
    }

    /// The partition that a sink writes to, numbered from 0 among the topic's: always the same one, so
    /// that the changes of a row keep their order (Flink's `FlinkFixedPartitioner`).
    pub(crate) fn partition_of(&self, sink: u32) -> i32 {
        self.partitions[sink as usize % self.partitions.len()]
    }

    /// Hands a row to a client, and waits for room where it has none.
    pub(crate) fn send<C: ProducerContext<DeliveryOpaque = ()>>(
        &self,
        producer: &BaseProducer<C>,
        sink: u32,
        row: &[u8],
    ) -> Result<(), KafkaFailure> {
        let partition = self.partition_of(sink);
        let mut record =
            BaseRecord::<(), [u8]>::to(&self.address.topic).partition(partition).payload(row);
        loop {
            match producer.send(record) {
                Ok(()) => return Ok(()),
                Err((error, returned)) => {
                    if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                        return Err(self.failure(&error));
                    }
                    record = returned;
                    producer.poll(TURN);
                }
            }
        }
    }

    /// The offset at which each partition ends now.
    ///
    /// # Errors
    /// When the broker does not tell it.
    pub fn ends(&self) -> Result<Vec<u64>, KafkaFailure> {
        let consumer = self.reader("read_uncommitted")?;
        self.partitions.iter().map(|&partition| self.end(&consumer, partition)).collect()
    }

    /// Waits until a reader of what is committed can read up to where each partition ends now: a
    /// transaction is committed a moment before it can be read.
    fn settled(&self, consumer: &BaseConsumer) -> Result<(), KafkaFailure> {
        let (ends, began) = (self.ends()?, Wait::begin());
        for (&partition, &end) in self.partitions.iter().zip(&ends) {
            while self.end(consumer, partition)? < end {
                if began.lasted() > SILENCE {
                    return Err(KafkaFailure::Failed(format!(
                        "kafka:{}: partition {partition} cannot be read up to offset {end}: somebody's \
                         transaction has been open there for {} s",
                        self.address,
                        SILENCE.as_secs()
                    )));
                }
                Wait::pause();
            }
        }
        Ok(())
    }

    fn end(&self, consumer: &BaseConsumer, partition: i32) -> Result<u64, KafkaFailure> {
        let ask = || consumer.fetch_watermarks(&self.address.topic, partition, PATIENCE);
        let marks = Wait::patiently(PATIENCE, may_pass, ask);
        marks.map(|(_, high)| high.max(0) as u64).map_err(|error| self.failure(&error))
    }

    /// Count and sum over the rows that a reader of what is committed finds behind these offsets.
    ///
    /// # Errors
    /// When the topic cannot be read, or has other partitions.
    pub fn committed(&self, from: &[u64]) -> Result<Digest, KafkaFailure> {
        let consumer = self.reader("read_committed")?;
        self.settled(&consumer)?;
        let mut assigned = TopicPartitionList::new();
        let mut open = Vec::new();
        for (&partition, &from) in self.partitions.iter().zip(from) {
            if from < self.end(&consumer, partition)? {
                let at = Offset::Offset(from as i64);
                let added = assigned.add_partition_offset(&self.address.topic, partition, at);
                added.map_err(|error| self.failure(&error))?;
                open.push(partition);
            }
        }
        consumer.assign(&assigned).map_err(|error| self.failure(&error))?;
        let (mut digest, mut heard) = (Digest::default(), Wait::begin());
        while !open.is_empty() {
            match consumer.poll(PATIENCE) {
                None if heard.lasted() > SILENCE => {
                    let error = KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
                    return Err(self.failure(&error));
                }
                None => continue,
                Some(Ok(message)) => digest.insert(message.payload().unwrap_or_default()),
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    open.retain(|it| *it != partition);
                }
                Some(Err(error)) if may_pass(&error) => continue,
                Some(Err(error)) => return Err(self.failure(&error)),
            }
            heard = Wait::begin();
        }
        Ok(digest)
    }

    fn reader(&self, isolation: &str) -> Result<BaseConsumer, KafkaFailure> {
        let mut config = config(&self.settings, &self.address.brokers);
        config
            .set("group.id", crate::topic::GROUP)
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "error")
            .set("isolation.level", isolation);
        config.create().map_err(|error| self.failure(&error))
    }
}

/// Keeps the first message that could not be delivered.
#[derive(Default)]
pub(crate) struct Deliveries(Mutex<Option<KafkaError>>);

impl Deliveries {
    /// The first failure since it was asked last.
    pub(crate) fn take_failure(&self) -> Option<KafkaError> {
        self.0.lock().expect("no holder fails").take()
    }
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.lock().expect("no holder fails").get_or_insert_with(|| error.clone());
        }
    }
}
