//! Settings of the client that the user gives, and what goes wrong.

use std::collections::BTreeMap;
use std::path::Path;

/// Settings that would break what this crate promises.
const OURS: [&str; 15] = [
    "bootstrap.servers",
    "metadata.broker.list",
    "group.id",
    "enable.auto.commit",
    "enable.partition.eof",
    "auto.offset.reset",
    "isolation.level",
    "allow.auto.create.topics",
    // A follower may lag behind the end that the leader has told.
    "client.rack",
    "transactional.id",
    "enable.idempotence",
    "acks",
    "request.required.acks",
    "compression.type",
    "compression.codec",
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
pub struct ClientSettings(pub(crate) BTreeMap<String, String>);

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
}
