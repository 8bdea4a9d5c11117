//! A topic that is written to, as the user names it: `BROKERS/TOPIC?acks=..&compression=..`.

use std::fmt;
use std::str::FromStr;

use dataflow::Guarantee;

use crate::address::NamedTopic;
use crate::settings::KafkaFailure;

/// A topic that is written to, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputAddress {
    /// `host:port`, one or more, parted by commas (`bootstrap.servers`).
    pub brokers: String,
    /// The topic.
    pub topic: String,
    /// Who must have a message before it counts as written.
    pub acks: Acks,
    /// How messages are compressed.
    pub compression: Compression,
}

/// Who must have a message before it counts as written (`acks`).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Acks {
    /// Every replica that is in sync: the default of Kafka.
    #[default]
    All,
    /// The leader.
    Leader,
    /// Nobody.
    Nobody,
}

/// How messages are compressed (`compression.type`).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not: the default of Kafka.
    #[default]
    None,
    /// Deflate.
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// Zstandard.
    Zstd,
}

impl Acks {
    const ALL: [Self; 3] = [Self::All, Self::Leader, Self::Nobody];

    /// As Kafka names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Leader => "1",
            Self::Nobody => "0",
        }
    }
}

impl Compression {
    const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// As Kafka names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

impl OutputAddress {
    /// Refuses what cannot keep a guarantee.
    ///
    /// # Errors
    /// Says what to leave out.
    pub fn check(&self, guarantee: Guarantee) -> Result<(), KafkaFailure> {
        if guarantee == Guarantee::None || self.acks == Acks::All {
            return Ok(());
        }
        let (acks, guarantee) = (self.acks.name(), guarantee.name());
        Err(KafkaFailure::Refused(format!(
            "kafka:{self}: acks={acks} can lose rows, and --guarantee {guarantee} is to lose none: leave \
             acks out"
        )))
    }
}

/// An address of an output that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; write kafka:HOST:PORT/TOPIC?acks=all|1|0&compression=none|gzip|snappy|lz4|zstd")]
pub struct OutputAddressError {
    /// What is wrong.
    what: String,
}

fn wrong(what: impl Into<String>) -> OutputAddressError {
    OutputAddressError { what: what.into() }
}

impl FromStr for OutputAddress {
    type Err = OutputAddressError;

    fn from_str(text: &str) -> Result<Self, OutputAddressError> {
        let NamedTopic { brokers, topic, options } = NamedTopic::read(text).map_err(wrong)?;
        let mut address = Self {
            brokers: brokers.to_owned(),
            topic: topic.to_owned(),
            acks: Acks::default(),
            compression: Compression::default(),
        };
        for (name, value) in options {
            let unknown = || wrong(format!("`{name}={value}` is not known"));
            match name {
                "acks" => {
                    let acks = Acks::ALL.into_iter().find(|it| it.name() == value);
                    address.acks = acks.ok_or_else(unknown)?;
                }
                "compression" => {
                    let found = Compression::ALL.into_iter().find(|it| it.name() == value);
                    address.compression = found.ok_or_else(unknown)?;
                }
                _ => return Err(wrong(format!("unknown option `{name}`"))),
            }
        }
        Ok(address)
    }
}

impl fmt::Display for OutputAddress {
    /// As it is read; what is the default is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.brokers, self.topic)?;
        let mut options = Vec::new();
        if self.acks != Acks::default() {
            options.push(format!("acks={}", self.acks.name()));
        }
        if self.compression != Compression::default() {
            options.push(format!("compression={}", self.compression.name()));
        }
        if options.is_empty() { Ok(()) } else { write!(f, "?{}", options.join("&")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_an_output_is_read_and_written_alike() {
        for text in [
            "localhost:9092/test_topic",
            "a:1,b:2/t?acks=1&compression=lz4",
            "a:1/t?acks=0",
            "a:1/t?compression=zstd",
        ] {
            assert_eq!(text.parse::<OutputAddress>().unwrap().to_string(), text);
        }
        let plain: OutputAddress = "a:1/t?acks=all&compression=none".parse().unwrap();
        assert_eq!(plain.to_string(), "a:1/t");
    }

    #[test]
    fn what_is_wrong_with_an_output_is_said_with_what_to_write() {
        for (text, what) in [
            ("localhost:9092", "no topic is named"),
            ("localhost/t", "`localhost` is no broker"),
            ("a:1/a b", "`a b` is no topic"),
            ("a:1/t?acks", "`acks` has no value"),
            ("a:1/t?acks=2", "`acks=2` is not known"),
            ("a:1/t?compression=zip", "`compression=zip` is not known"),
            ("a:1/t?from=latest", "unknown option `from`"),
            ("a:1/t?acks=1&acks=1", "`acks` was given twice"),
        ] {
            let error = text.parse::<OutputAddress>().unwrap_err().to_string();
            assert!(error.starts_with(what), "{text}: {error}");
            assert!(error.contains("write kafka:HOST:PORT/TOPIC?acks="), "{error}");
        }
    }
}
