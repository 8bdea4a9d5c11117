//! A topic that rows are written to: its partitions, the client that writes, and what a reader of it
//! finds.

use std::fmt;
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
use crate::company::Tell;
use crate::output_address::OutputAddress;
use crate::settings::{ClientSettings, KafkaFailure};
use crate::wait::Wait;

/// Longest time without a message while an output is read again.
const SILENCE: Duration = Duration::from_secs(30);
/// After which time the broker has aborted a transaction that a dead process left open: our
/// `transaction.timeout.ms` and its `transaction.abort.timed.out.transaction.cleanup.interval.ms`.
const LONGEST_LEFT_OPEN: Duration = Duration::from_secs(135);
/// Longest time that rows wait to be delivered before they are given up, in ms.
const DELIVERY_MS: u64 = 120_000;
/// While rows wait to be delivered a line says so, and again.
const TOLD_EVERY_S: u64 = 5;
/// The longest wait of a poll: what is acknowledged is seen so soon.
pub(crate) const TURN: Duration = Duration::from_millis(1);

/// A topic that rows are written to.
#[derive(Clone)]
pub struct OutputTopic {
    pub(crate) address: OutputAddress,
    pub(crate) settings: ClientSettings,
    /// Its partitions, by their numbers.
    pub(crate) partitions: Vec<i32>,
    /// The id of its cluster; `None` if the brokers tell none.
    cluster: Option<String>,
    pub(crate) tell: Tell,
}

impl fmt::Debug for OutputTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputTopic").field("address", &self.address).finish_non_exhaustive()
    }
}

impl OutputTopic {
    /// Asks the broker for the topic.
    ///
    /// # Errors
    /// When no broker answers, and when there is no such topic.
    pub fn open(
        address: OutputAddress,
        settings: ClientSettings,
        tell: Tell,
    ) -> Result<Self, KafkaFailure> {
        let mut topic = Self { address, settings, partitions: Vec::new(), cluster: None, tell };
        let client: BaseProducer =
            topic.config().create().map_err(|error| topic.failure(&error))?;
        let there = partitions_now(client.client(), &topic.address.topic);
        let there = there.map_err(|error| topic.failure(&error))?;
        topic.partitions = there.into_iter().map(|it| it.number).collect();
        topic.cluster = client.client().fetch_cluster_id(PATIENCE);
        Ok(topic)
    }

    /// The topic as the user named it.
    pub fn address(&self) -> &OutputAddress {
        &self.address
    }

    /// What must stay the same while a job goes on: the topic and its cluster, by whichever brokers it is
    /// reached and however it is written to.
    pub fn identity(&self) -> String {
        let topic = format!("kafka:HOST:PORT/{}", self.address.topic);
        match &self.cluster {
            Some(cluster) => format!("{topic} of the cluster {cluster}"),
            None => topic,
        }
    }

    /// Settings of a client that writes.
    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = config(&self.settings, &self.address.brokers);
        config.set("compression.type", self.address.compression.name());
        // Java's `delivery.timeout.ms`; librdkafka's own is five minutes. A transaction must not be over
        // before.
        let transaction = self.transaction_timeout().as_millis() as u64;
        config.set("transaction.timeout.ms", transaction.to_string());
        let names = ["message.timeout.ms", "delivery.timeout.ms"];
        if names.iter().all(|name| config.get(name).is_none()) {
            config.set("message.timeout.ms", transaction.min(DELIVERY_MS).to_string());
        }
        config.set_log_level(RDKafkaLogLevel::Critical);
        config
    }

    /// After which time the broker ends a transaction that is open.
    pub(crate) fn transaction_timeout(&self) -> Duration {
        let given = self.settings.0.get("transaction.timeout.ms").and_then(|it| it.parse().ok());
        Duration::from_millis(given.unwrap_or(DELIVERY_MS))
    }

    /// What goes wrong where rows are written.
    pub(crate) fn failure(&self, error: &KafkaError) -> KafkaFailure {
        let OutputAddress { brokers, topic, .. } = &self.address;
        let at = format!("kafka:{brokers}/{topic}");
        let refused = |what: &str| KafkaFailure::Refused(format!("{at}: {what}"));
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => refused(
                "this user may not write to the topic (no permission WRITE or DESCRIBE, and under \
                     exactly-once READ)",
            ),
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => refused(
                "this user may not use the groups of the job (no permission READ on groups that begin \
                 with `streamgauge-`)",
            ),
            Some(RDKafkaErrorCode::InvalidRecord | RDKafkaErrorCode::PolicyViolation) => refused(
                "the broker refuses a row by the topic's settings, as it does with rows without a key \
                 where cleanup.policy=compact; write to a topic that deletes",
            ),
            Some(RDKafkaErrorCode::MessageTimedOut) => KafkaFailure::Failed(format!(
                "{at}: rows were not delivered within message.timeout.ms; is the broker there, and are \
                 enough replicas in sync (min.insync.replicas)?"
            )),
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
    pub(crate) fn send(
        &self,
        producer: &BaseProducer<Deliveries>,
        sink: u32,
        row: &[u8],
    ) -> Result<(), KafkaError> {
        let partition = self.partition_of(sink);
        let mut record =
            BaseRecord::<(), [u8]>::to(&self.address.topic).partition(partition).payload(row);
        let mut full: Option<Tale<'_>> = None;
        loop {
            match producer.send(record) {
                Ok(()) => return Ok(()),
                Err((error, returned)) => {
                    if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                        return Err(error);
                    }
                    record = returned;
                    producer.poll(TURN);
                    producer.context().failure()?;
                    full.get_or_insert_with(|| Tale::begin(self)).go_on(producer.in_flight_count());
                }
            }
        }
    }

    /// Waits until everything is delivered, or for `longest`; says meanwhile that it waits.
    ///
    /// # Errors
    /// The first message that could not be delivered.
    pub(crate) fn drain(
        &self,
        producer: &BaseProducer<Deliveries>,
        longest: Duration,
    ) -> Result<(), KafkaError> {
        let mut tale = Tale::begin(self);
        while producer.in_flight_count() > 0 {
            producer.poll(TURN);
            producer.context().failure()?;
            if tale.go_on(producer.in_flight_count()) > longest {
                return Err(KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut));
            }
        }
        producer.context().failure()
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
                if began.lasted() > LONGEST_LEFT_OPEN {
                    return Err(KafkaFailure::Failed(format!(
                        "kafka:{}: partition {partition} cannot be read up to offset {end}: somebody's \
                         transaction has been open there for {} s",
                        self.address,
                        LONGEST_LEFT_OPEN.as_secs()
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
                Some(Err(error)) => return Err(self.unread(&error)),
            }
            heard = Wait::begin();
        }
        Ok(digest)
    }

    /// Why rows cannot be read again.
    fn unread(&self, error: &KafkaError) -> KafkaFailure {
        let gone = [RDKafkaErrorCode::OffsetOutOfRange, RDKafkaErrorCode::AutoOffsetReset];
        match error.rdkafka_error_code() {
            Some(code) if gone.contains(&code) => KafkaFailure::Refused(format!(
                "kafka:{}: rows that were published are not kept there any more (retention.ms), so that \
                 they cannot be checked; leave the check out by --no-check-output",
                self.address
            )),
            _ => self.failure(error),
        }
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

/// A wait for deliveries, of which the reader is told.
struct Tale<'a> {
    topic: &'a OutputTopic,
    wait: Wait,
    told_s: u64,
}

impl<'a> Tale<'a> {
    fn begin(topic: &'a OutputTopic) -> Self {
        Self { topic, wait: Wait::begin(), told_s: 0 }
    }

    /// So many rows still wait. Says how long they have.
    fn go_on(&mut self, rows: i32) -> Duration {
        let waited = self.wait.lasted();
        if waited.as_secs() >= self.told_s + TOLD_EVERY_S {
            self.told_s = waited.as_secs();
            let seconds = self.told_s;
            (self.topic.tell)(&format!(
                "kafka:{}: {rows} rows wait for {seconds} s to be delivered",
                self.topic.address
            ));
        }
        waited
    }
}

/// Keeps the first message that could not be delivered.
#[derive(Default)]
pub(crate) struct Deliveries(Mutex<Option<KafkaError>>);

impl Deliveries {
    /// # Errors
    /// The first failure since it was asked last.
    pub(crate) fn failure(&self) -> Result<(), KafkaError> {
        self.0.lock().expect("no holder fails").take().map_or(Ok(()), Err)
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
