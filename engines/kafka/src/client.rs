//! The client of librdkafka: how it is made, and what its errors mean.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataPartition;

use crate::settings::{ClientSettings, KafkaFailure};

/// How long a broker may take to answer a question.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A client of these brokers, to be made.
pub(crate) fn config(settings: &ClientSettings, brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (name, value) in &settings.0 {
        config.set(name, value);
    }
    config.set("bootstrap.servers", brokers).set("allow.auto.create.topics", "false");
    // What matters is returned as an error; the rest is the client's own business.
    config.set("log_level", "2");
    config
}

/// A partition as a broker describes it.
#[derive(Copy, Clone, Debug)]
pub(crate) struct PartitionNow {
    /// Its number.
    pub(crate) number: i32,
    /// The broker that leads it; negative if there is none.
    pub(crate) leader: i32,
}

impl PartitionNow {
    /// Whether a broker leads it.
    pub(crate) fn has_leader(self) -> bool {
        self.leader >= 0
    }
}

/// The partitions that a topic has now, in the order of their numbers.
pub(crate) fn partitions_now<C: ClientContext>(
    client: &Client<C>,
    name: &str,
) -> Result<Vec<PartitionNow>, KafkaError> {
    let unknown = KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition);
    let metadata = client.fetch_metadata(Some(name), PATIENCE)?;
    let topic = metadata.topics().iter().find(|it| it.name() == name);
    let topic = topic.ok_or_else(|| unknown.clone())?;
    if let Some(error) = topic.error() {
        return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::from(error)));
    }
    let now = |it: &MetadataPartition| PartitionNow { number: it.id(), leader: it.leader() };
    let mut partitions: Vec<PartitionNow> = topic.partitions().iter().map(now).collect();
    partitions.sort_unstable_by_key(|it| it.number);
    if partitions.is_empty() { Err(unknown) } else { Ok(partitions) }
}

/// What an error of the client means to who uses `topic` at `brokers`.
pub(crate) fn failure(error: &KafkaError, brokers: &str, topic: &str) -> KafkaFailure {
    if let KafkaError::ClientConfig(_, description, name, _) = error {
        return KafkaFailure::Refused(format!("--kafka-config: {name}: {description}"));
    }
    if let KafkaError::ClientCreation(description) = error {
        return KafkaFailure::Refused(format!("--kafka-config: {description}"));
    }
    let at = format!("kafka:{brokers}/{topic}");
    let refused = |what: &str| KafkaFailure::Refused(format!("{at}: {what}"));
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::Resolve
            | RDKafkaErrorCode::OperationTimedOut,
        ) => KafkaFailure::Failed(format!(
            "{at}: no broker answers; is one running there, and does it advertise an address that can \
             be reached from here?"
        )),
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
            refused("there is no such topic; create it, or name another")
        }
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => {
            refused("this user may not read the topic (no permission READ or DESCRIBE)")
        }
        Some(RDKafkaErrorCode::GroupAuthorizationFailed) => refused(
            "this user may not use the group `streamgauge` (no permission READ on the group)",
        ),
        Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
            refused("the broker does not accept these credentials; see --kafka-config")
        }
        Some(RDKafkaErrorCode::OffsetOutOfRange | RDKafkaErrorCode::AutoOffsetReset) => refused(
            "an offset that is to be read is not there any more, or not yet: the topic keeps messages \
             for a time only (retention.ms); begin again with an empty checkpoint directory",
        ),
        _ => KafkaFailure::Failed(format!("{at}: {error}")),
    }
}

/// Whether the client tries again by itself.
pub(crate) fn may_pass(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::RequestTimedOut
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_setting_is_named_without_its_value() {
        let invalid = ("no.such.setting".to_owned(), "s3cret".to_owned());
        let settings = ClientSettings([invalid].into());
        let created = config(&settings, "a:1").create::<rdkafka::consumer::BaseConsumer>();
        let error = failure(&created.err().unwrap(), "a:1", "t").to_string();
        assert!(error.contains("no.such.setting") && !error.contains("s3cret"), "{error}");
    }
}
