//! Writes rows to a topic as they come: what a checkpoint or batch covers is delivered before that
//! completes.

use std::time::Duration;

use dataflow::Guarantee;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, Producer};

use crate::output_address::Acks;
use crate::output_topic::{Deliveries, OutputTopic};
use crate::settings::KafkaFailure;

/// Writes rows to a topic.
pub struct TopicWriter {
    topic: OutputTopic,
    producer: BaseProducer<Deliveries>,
}

impl TopicWriter {
    /// A client that writes. Under a guarantee it is idempotent: what it sends again after an error is
    /// there once.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn open(topic: OutputTopic, guarantee: Guarantee) -> Result<Self, KafkaFailure> {
        let acks = topic.address.acks;
        let is_idempotent = guarantee != Guarantee::None && acks == Acks::All;
        let mut config = topic.config();
        config.set("acks", acks.name());
        config.set("enable.idempotence", if is_idempotent { "true" } else { "false" });
        let producer = config.create_with_context(Deliveries::default());
        let producer = producer.map_err(|error| topic.failure(&error))?;
        Ok(Self { topic, producer })
    }

    /// Hands rows of a sink over, one a line.
    ///
    /// # Errors
    /// When a row cannot be sent, or one before could not be delivered.
    pub fn write(&mut self, sink: u32, lines: &[u8]) -> Result<(), KafkaFailure> {
        let rows = lines.split(|byte| *byte == b'\n').filter(|row| !row.is_empty());
        let sent = rows.into_iter().try_for_each(|row| self.topic.send(&self.producer, sink, row));
        self.served(sent)
    }

    /// Hands one message over, whatever it holds, to the partition of a sink.
    ///
    /// # Errors
    /// When it cannot be sent, or one before could not be delivered.
    pub fn write_message(&mut self, sink: u32, payload: &[u8]) -> Result<(), KafkaFailure> {
        let sent = self.topic.send(&self.producer, sink, payload);
        self.served(sent)
    }

    fn served(&self, sent: Result<(), KafkaError>) -> Result<(), KafkaFailure> {
        self.producer.poll(Duration::ZERO);
        let served = sent.and_then(|()| self.producer.context().failure());
        served.map_err(|error| self.topic.failure(&error))
    }

    /// Waits until everything is delivered.
    ///
    /// # Errors
    /// When something could not be delivered.
    pub fn flush(&mut self) -> Result<(), KafkaFailure> {
        // What is not delivered fails by itself after `message.timeout.ms`.
        let drained = self.topic.drain(&self.producer, Duration::MAX);
        drained.map_err(|error| self.topic.failure(&error))
    }
}
