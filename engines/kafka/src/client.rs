//! Settings of the client, and what its errors mean.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// How long a broker may take to answer a question.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Settings that would break what this crate promises.
const OURS: [&str; 8] = [
    "bootstrap.servers",
    "metadata.broker.list",
    "group.id",
    "enable.auto.commit",
    "enable.partition.eof",
    "auto.offset.reset",
    "isolation.level",
    "allow.auto.create.topics",
];

/// What is wrong with a broker, a topic or the settings of the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KafkaFailure {
    /// What was asked for is invalid.
    #[error("{0}")]
    Refused(String),
    /// The broker failed, or did not answer.
    #[error("{0}")]
    Failed(String),
}

/// Settings of the client by their names in librdkafka, from a file of properties: they may hold
/// passwords, and are never printed.
#[derive(Clone, Default)]
pub struct ClientSettings(BTreeMap<String, String>);

impl std::fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl ClientSettings {
    /// From the lines `name=value` of a file; blank ones and those that begin with `#` are skipped.
    ///
    /// # Errors
    /// When the file cannot be read, a line is none, or a setting is not the user's to make. No value
    /// is repeated.
    pub fn read(path: &Path) -> Result<Self, KafkaFailure> {
        let refused = |line: usize, what: String| {
            KafkaFailure::Refused(format!("{}:{line}: {what}", path.display()))
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            KafkaFailure::Refused(format!("cannot read {}: {error}", path.display()))
        })?;
        let mut settings = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line
                .split_once('=')
                .ok_or_else(|| refused(number, "it is no `name=value`".to_owned()))?;
            let name = name.trim();
            if OURS.contains(&name) {
                return Err(refused(number, format!("{name} is set by the command line alone")));
            }
            if settings.insert(name.to_owned(), value.trim().to_owned()).is_some() {
                return Err(refused(number, format!("{name} is set twice")));
            }
        }
        Ok(Self(settings))
    }

    /// For a client of these brokers.
    pub(crate) fn config(&self, brokers: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in &self.0 {
            config.set(name, value);
        }
        config.set("bootstrap.servers", brokers).set("allow.auto.create.topics", "false");
        // What matters is returned as an error; the rest is the client's own business.
        config.set("log_level", "2");
        config
    }
}

/// What an error of the client means to who uses `topic` at `brokers`.
pub(crate) fn failure(error: &KafkaError, brokers: &str, topic: &str) -> KafkaFailure {
    if let KafkaError::ClientConfig(_, description, name, _) = error {
        return KafkaFailure::Refused(format!("--kafka-config: {name}: {description}"));
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
#[allow(clippy::disallowed_methods, reason = "the tests write the files that are read")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ClientSettings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("client.properties");
        std::fs::write(&path, text).unwrap();
        ClientSettings::read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_are_read_and_their_values_are_never_shown() {
        let settings = read("# mine\n\n sasl.password = s3cr=t \nfetch.wait.max.ms=5\n").unwrap();
        assert_eq!(settings.0["sasl.password"], "s3cr=t");
        let shown = format!("{settings:?}");
        assert!(shown.contains("sasl.password") && !shown.contains("s3cr"), "{shown}");
        let error = read("sasl.password s3cret\n").unwrap_err();
        assert!(error.ends_with(":1: it is no `name=value`"), "{error}");
        let error = read("a=1\ngroup.id=mine\n").unwrap_err();
        assert!(error.ends_with(":2: group.id is set by the command line alone"), "{error}");
        let error = read("a=1\nb=2\na=s3cret").unwrap_err();
        assert!(error.ends_with(":3: a is set twice"), "{error}");
        let missing = ClientSettings::read("/no/such/file".as_ref()).unwrap_err();
        assert!(missing.to_string().starts_with("cannot read /no/such/file"), "{missing}");
    }

    #[test]
    fn an_invalid_setting_is_named_without_its_value() {
        let settings = read("no.such.setting=s3cret\n").unwrap();
        let created = settings.config("a:1").create::<rdkafka::consumer::BaseConsumer>();
        let error = failure(&created.err().unwrap(), "a:1", "t").to_string();
        assert!(error.contains("no.such.setting") && !error.contains("s3cret"), "{error}");
    }
}
