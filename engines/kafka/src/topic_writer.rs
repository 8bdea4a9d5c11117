//! Writes rows to a topic as they come: what a checkpoint or batch covers is delivered before that
//! completes.

use std::time::Duration;

use dataflow::Guarantee;
use rdkafka::producer::{BaseProducer, Producer};

use crate::company::Tell;
use crate::output_address::Acks;
use crate::output_topic::{Deliveries, OutputTopic, TURN};
use crate::settings::KafkaFailure;
use crate::wait::Wait;

/// After which time without a delivery a line says so, and again.
const TOLD_EVERY_S: u64 = 5;

/// Writes rows to a topic.
pub struct TopicWriter {
    topic: OutputTopic,
    producer: BaseProducer<Deliveries>,
    tell: Tell,
}

impl TopicWriter {
    /// A client that writes. Unless there is no guarantee it is idempotent: what it sends again after
    /// an error is there once.
    ///
    /// # Errors
    /// When the client cannot be made, and when a guarantee is asked for that `acks` cannot give.
    pub fn open(
        topic: OutputTopic,
        guarantee: Guarantee,
        tell: Tell,
    ) -> Result<Self, KafkaFailure> {
        let acks = topic.address.acks;
        let is_idempotent = guarantee != Guarantee::None;
        if is_idempotent && acks != Acks::All {
            return Err(KafkaFailure::Refused(format!(
                "kafka:{}: acks={} can lose rows, and --guarantee {} is to lose none: leave acks out",
                topic.address,
                acks.name(),
                guarantee.name()
            )));
        }
        let mut config = topic.config();
        config.set("acks", acks.name());
        config.set("enable.idempotence", if is_idempotent { "true" } else { "false" });
        let producer = config.create_with_context(Deliveries::default());
        let producer = producer.map_err(|error| topic.failure(&error))?;
        Ok(Self { topic, producer, tell })
    }

    /// Hands rows of a sink over, one a line.
    ///
    /// # Errors
    /// When a row cannot be sent, or one before could not be delivered.
    pub fn write(&mut self, sink: u32, lines: &[u8]) -> Result<(), KafkaFailure> {
        let rows = lines.split(|byte| *byte == b'\n').filter(|row| !row.is_empty());
        rows.into_iter().try_for_each(|row| self.topic.send(&self.producer, sink, row))?;
        self.served()
    }

    /// Hands one message over, whatever it holds, to the partition of a sink.
    ///
    /// # Errors
    /// When it cannot be sent, or one before could not be delivered.
    pub fn write_message(&mut self, sink: u32, payload: &[u8]) -> Result<(), KafkaFailure> {
        self.topic.send(&self.producer, sink, payload)?;
        self.served()
    }

    fn served(&self) -> Result<(), KafkaFailure> {
        self.producer.poll(Duration::ZERO);
        self.check()
    }

    /// Waits until everything is delivered.
    ///
    /// # Errors
    /// When something could not be delivered.
    pub fn flush(&mut self) -> Result<(), KafkaFailure> {
        let (began, mut told) = (Wait::begin(), 0);
        while self.producer.in_flight_count() > 0 {
            self.producer.poll(TURN);
            let waited = began.lasted().as_secs();
            if waited >= told + TOLD_EVERY_S {
                told = waited;
                let rows = self.producer.in_flight_count();
                (self.tell)(&format!(
                    "kafka:{}: {rows} rows wait for {waited} s to be delivered",
                    self.topic.address
                ));
            }
            self.check()?;
        }
        self.check()
    }

    fn check(&self) -> Result<(), KafkaFailure> {
        let failure = self.producer.context().take_failure();
        failure.map_or(Ok(()), |error| Err(self.topic.failure(&error)))
    }
}
