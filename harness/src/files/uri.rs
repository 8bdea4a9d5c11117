//! Inputs and outputs as the user names them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use kafka::{AddressError, OutputAddress, OutputAddressError, TopicAddress, Until};

/// `file:PATH` or a bare path, `-`, `tcp:HOST:PORT`, `kafka:BROKERS/TOPIC`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputUri {
    /// A file of lines.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// Lines from a socket.
    Tcp(String),
    /// A topic of Apache Kafka.
    Kafka(TopicAddress),
}

/// `print`, `file:PATH` or a bare path, `discard`, `tcp:HOST:PORT`, `kafka:BROKERS/TOPIC`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputUri {
    /// Standard output.
    Print,
    /// A file.
    File(PathBuf),
    /// Nowhere: digested only.
    Discard,
    /// A socket.
    Tcp(String),
    /// A topic of Apache Kafka.
    Kafka(OutputAddress),
}

/// Reads the address of a topic that several runs read, each the same messages.
///
/// # Errors
/// When it is none, or has no end.
pub(crate) fn replayed_topic(text: &str) -> Result<TopicAddress, String> {
    match text.parse()? {
        InputUri::Kafka(TopicAddress { until: Until::Never, .. }) => Err(
            "every run reads the same messages, and until=never has no end; write until=end or \
             until=OFFSET"
                .to_owned(),
        ),
        InputUri::Kafka(address) => Ok(address),
        other => Err(format!(
            "every run reads the same messages, as those of a topic, kafka:HOST:PORT/TOPIC; {other} is \
             read by `run --input`"
        )),
    }
}

/// The address of `tcp:HOST:PORT`.
fn tcp(text: &str) -> Option<Result<String, String>> {
    let address = text.strip_prefix("tcp:")?;
    let is_sound = address.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    Some(if is_sound {
        Ok(address.to_owned())
    } else {
        Err(format!("`{text}` is no address: write tcp:HOST:PORT, such as tcp:127.0.0.1:9999"))
    })
}

/// The path of `file:PATH` or of a bare path.
fn file(text: &str) -> Result<PathBuf, String> {
    let path = text.strip_prefix("file:").unwrap_or(text);
    let scheme = path.split_once(':').map(|(scheme, _)| scheme);
    if path.is_empty() {
        return Err("a path is missing".to_owned());
    }
    match scheme {
        Some(scheme) if path == text && scheme.chars().all(|it| it.is_ascii_alphabetic()) => {
            Err(format!(
                "`{scheme}:` is not known here; there are file:PATH, - , print, discard, tcp:HOST:PORT \
                 and kafka:HOST:PORT/TOPIC"
            ))
        }
        _ => Ok(PathBuf::from(path)),
    }
}

impl FromStr for InputUri {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(address) = text.strip_prefix("kafka:") {
            return address
                .parse()
                .map(Self::Kafka)
                .map_err(|error: AddressError| error.to_string());
        }
        match tcp(text) {
            Some(address) => address.map(Self::Tcp),
            None if text == "-" => Ok(Self::Stdin),
            None => file(text).map(Self::File),
        }
    }
}

impl FromStr for OutputUri {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(address) = text.strip_prefix("kafka:") {
            return address
                .parse()
                .map(Self::Kafka)
                .map_err(|error: OutputAddressError| error.to_string());
        }
        match tcp(text) {
            Some(address) => address.map(Self::Tcp),
            None if text == "print" || text == "-" => Ok(Self::Print),
            None if text == "discard" => Ok(Self::Discard),
            None => file(text).map(Self::File),
        }
    }
}

impl fmt::Display for InputUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("standard input"),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Kafka(address) => write!(f, "kafka:{address}"),
        }
    }
}

impl fmt::Display for OutputUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Print => f.write_str("standard output"),
            Self::File(path) => path.display().fmt(f),
            Self::Discard => f.write_str("nowhere"),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Kafka(address) => write!(f, "kafka:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_the_help_names_is_read() {
        assert_eq!("file:a/b".parse(), Ok(InputUri::File("a/b".into())));
        assert!("a:b/c d".parse::<InputUri>().is_err());
        assert_eq!("-".parse(), Ok(InputUri::Stdin));
        assert_eq!("tcp:localhost:99".parse(), Ok(InputUri::Tcp("localhost:99".to_owned())));
        assert_eq!("print".parse(), Ok(OutputUri::Print));
        assert_eq!("discard".parse(), Ok(OutputUri::Discard));
        for wrong in
            ["tcp:99", "tcp:host:0", "tcp:host:x", "kafka:a/b", "pulsar:a:1/b", "", "file:"]
        {
            assert!(wrong.parse::<InputUri>().is_err(), "{wrong}");
            assert!(wrong.parse::<OutputUri>().is_err(), "{wrong}");
        }
    }
}
