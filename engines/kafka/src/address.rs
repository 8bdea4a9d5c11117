//! A topic and what of it is read, as the user names it: `BROKERS/TOPIC?from=..&until=..`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use dataflow::job::message_log::{MessageForm, MessageFormat, MessageTime};

/// Longest name of a topic, in bytes: Kafka's own limit.
const LONGEST_TOPIC: usize = 249;

/// A topic, and what of it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicAddress {
    /// `host:port`, one or more, parted by commas (`bootstrap.servers`).
    pub brokers: String,
    /// The topic.
    pub topic: String,
    /// Where reading begins.
    pub from: From,
    /// Where it ends.
    pub until: Until,
    /// Only these partitions; all if empty.
    pub partitions: BTreeSet<u32>,
    /// Which messages of transactions are read (`isolation.level`).
    pub isolation: Isolation,
    /// How events are made of its messages.
    pub form: MessageForm,
}

/// Where reading a partition begins.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum From {
    /// At its first message.
    #[default]
    Earliest,
    /// Behind its last one.
    Latest,
    /// At an offset.
    Offset(u64),
    /// At the first message whose time stamp is this or later, in milliseconds since 1970.
    Time(i64),
}

/// Where reading a partition ends.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// Where the partition ends when it is opened.
    #[default]
    End,
    /// Before an offset.
    Offset(u64),
    /// Never: what comes is read as it comes.
    Never,
}

/// What is read of a partition.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct PartitionRange {
    /// Its number in Kafka.
    pub partition: i32,
    /// The first offset.
    pub start: u64,
    /// Before which reading ends; `None` if it goes on.
    pub end: Option<u64>,
}

/// Which messages of transactions are read.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Those of committed ones alone.
    #[default]
    ReadCommitted,
    /// All.
    ReadUncommitted,
}

impl Isolation {
    /// As Kafka names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadCommitted => "read_committed",
            Self::ReadUncommitted => "read_uncommitted",
        }
    }
}

impl TopicAddress {
    /// The topic and what of it is read: what stays when brokers move.
    pub fn without_brokers(&self) -> String {
        self.to_string().split_off(self.brokers.len() + "/".len())
    }
}

/// An address that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what}; write kafka:HOST:PORT/TOPIC?from=earliest|latest|OFFSET|TIME&until=end|OFFSET|never&partitions=0-3&isolation=read_committed|read_uncommitted&format=ndjson|text|raw&time=timestamp|field:NAME"
)]
pub struct AddressError {
    /// What is wrong.
    what: String,
}

fn wrong(what: impl Into<String>) -> AddressError {
    AddressError { what: what.into() }
}

impl FromStr for TopicAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let NamedTopic { brokers, topic, options } = NamedTopic::read(text).map_err(wrong)?;
        let mut address = Self {
            brokers: brokers.to_owned(),
            topic: topic.to_owned(),
            from: From::default(),
            until: Until::default(),
            partitions: BTreeSet::new(),
            isolation: Isolation::default(),
            form: MessageForm::default(),
        };
        for (name, value) in options {
            match name {
                "from" => address.from = from(value)?,
                "until" => address.until = until(value)?,
                "partitions" => address.partitions = partitions(value)?,
                "isolation" => address.isolation = isolation(value)?,
                "format" => address.form.format = Some(format(value)?),
                "time" => address.form.time = Some(event_time(value)?),
                _ => return Err(wrong(format!("unknown option `{name}`"))),
            }
        }
        if let (From::Offset(from), Until::Offset(until)) = (address.from, address.until)
            && until < from
        {
            return Err(wrong(format!("until={until} lies before from={from}")));
        }
        if let MessageForm { format: Some(format), time: Some(MessageTime::Field(field)) } =
            &address.form
            && *format != MessageFormat::Ndjson
        {
            let format = format.name();
            return Err(wrong(format!(
                "time=field:{field} needs JSON, and format={format} is none"
            )));
        }
        Ok(address)
    }
}

/// What names a topic, of an input and of an output alike: `BROKERS/TOPIC?NAME=VALUE&..`.
pub(crate) struct NamedTopic<'a> {
    pub(crate) brokers: &'a str,
    pub(crate) topic: &'a str,
    /// Names and values, each name once.
    pub(crate) options: Vec<(&'a str, &'a str)>,
}

impl<'a> NamedTopic<'a> {
    /// # Errors
    /// Says what is wrong.
    pub(crate) fn read(text: &'a str) -> Result<Self, String> {
        let (place, options) = text.split_once('?').unwrap_or((text, ""));
        let (brokers, topic) = place.rsplit_once('/').ok_or("no topic is named")?;
        brokers.split(',').try_for_each(check_broker)?;
        check_topic(topic)?;
        let mut read: Vec<(&str, &str)> = Vec::new();
        for option in options.split('&').filter(|it| !it.is_empty()) {
            let (name, value) =
                option.split_once('=').ok_or_else(|| format!("`{option}` has no value"))?;
            if read.iter().any(|(known, _)| *known == name) {
                return Err(format!("`{name}` was given twice"));
            }
            read.push((name, value));
        }
        Ok(Self { brokers, topic, options: read })
    }
}

fn check_broker(broker: &str) -> Result<(), String> {
    let port = broker.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let port = port.and_then(|(_, port)| port.parse::<u16>().ok()).filter(|port| *port > 0);
    port.map(drop).ok_or_else(|| format!("`{broker}` is no broker"))
}

fn check_topic(topic: &str) -> Result<(), String> {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
    let is_name = !topic.is_empty() && topic.len() <= LONGEST_TOPIC && topic.chars().all(is_plain);
    if is_name && topic != "." && topic != ".." {
        return Ok(());
    }
    Err(format!("`{topic}` is no topic: 1 to {LONGEST_TOPIC} letters, digits, `.`, `_` and `-`"))
}

fn from(text: &str) -> Result<From, AddressError> {
    match text {
        "earliest" => Ok(From::Earliest),
        "latest" => Ok(From::Latest),
        _ => match text.parse() {
            Ok(offset) => Ok(From::Offset(offset)),
            Err(_) => time(text).map(From::Time).ok_or_else(|| {
                wrong(format!(
                    "`from={text}` is none of earliest, latest, an offset and a time such as \
                     2026-11-30T10:00:00Z"
                ))
            }),
        },
    }
}

fn until(text: &str) -> Result<Until, AddressError> {
    match text {
        "end" => Ok(Until::End),
        "never" => Ok(Until::Never),
        _ => text
            .parse()
            .map(Until::Offset)
            .map_err(|_| wrong(format!("`until={text}` is none of end, never and an offset"))),
    }
}

/// Milliseconds since 1970 of a time in RFC 3339.
fn time(text: &str) -> Option<i64> {
    let time: SystemTime = humantime::parse_rfc3339(text).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

/// `0-3,7`.
fn partitions(text: &str) -> Result<BTreeSet<u32>, AddressError> {
    let bad = || wrong(format!("`partitions={text}` is no list of partitions such as 0-3,7"));
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) =
            (first.parse().map_err(|_| bad())?, last.parse().map_err(|_| bad())?);
        if first > last || last > i32::MAX as u32 || last - first > 100_000 {
            return Err(bad());
        }
        all.extend(first..=last);
    }
    Ok(all)
}

fn isolation(text: &str) -> Result<Isolation, AddressError> {
    [Isolation::ReadCommitted, Isolation::ReadUncommitted]
        .into_iter()
        .find(|it| it.name() == text)
        .ok_or_else(|| {
            wrong(format!("`isolation={text}` is neither read_committed nor read_uncommitted"))
        })
}

fn format(text: &str) -> Result<MessageFormat, AddressError> {
    let found = MessageFormat::ALL.into_iter().find(|it| it.name() == text);
    found.ok_or_else(|| wrong(format!("`format={text}` is none of ndjson, text and raw")))
}

fn event_time(text: &str) -> Result<MessageTime, AddressError> {
    match text.strip_prefix("field:").filter(|field| !field.is_empty()) {
        Some(field) => Ok(MessageTime::Field(field.to_owned())),
        None if text == "timestamp" => Ok(MessageTime::Timestamp),
        None => Err(wrong(format!("`time={text}` is neither timestamp nor field:NAME"))),
    }
}

impl fmt::Display for TopicAddress {
    /// As it is read; what is the default is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.brokers, self.topic)?;
        let mut options = Vec::new();
        match self.from {
            From::Earliest => {}
            From::Latest => options.push("from=latest".to_owned()),
            From::Offset(offset) => options.push(format!("from={offset}")),
            From::Time(millis) => {
                let since = std::time::Duration::from_millis(millis.max(0) as u64);
                let time = humantime::format_rfc3339_millis(UNIX_EPOCH + since);
                options.push(format!("from={time}"));
            }
        }
        match self.until {
            Until::End => {}
            Until::Never => options.push("until=never".to_owned()),
            Until::Offset(offset) => options.push(format!("until={offset}")),
        }
        if !self.partitions.is_empty() {
            let all: Vec<String> = self.partitions.iter().map(ToString::to_string).collect();
            options.push(format!("partitions={}", all.join(",")));
        }
        if self.isolation != Isolation::default() {
            options.push(format!("isolation={}", self.isolation.name()));
        }
        if let Some(format) = self.form.format {
            options.push(format!("format={}", format.name()));
        }
        match &self.form.time {
            None => {}
            Some(MessageTime::Timestamp) => options.push("time=timestamp".to_owned()),
            Some(MessageTime::Field(field)) => options.push(format!("time=field:{field}")),
        }
        if options.is_empty() { Ok(()) } else { write!(f, "?{}", options.join("&")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_alike() {
        for text in [
            "localhost:9092/test_topic",
            "a:1,[::1]:2/t.x-y?from=latest&until=never",
            "a:1/t?from=500&until=5000000&partitions=0,1,2,7",
            "a:1/t?from=2026-11-30T10:00:00.000Z&isolation=read_uncommitted",
            "a:1/t?format=text",
            "a:1/t?until=never&format=ndjson",
            "a:1/t?format=raw&time=timestamp",
            "a:1/t?time=field:meta.at=utc",
            "a:1/t?format=ndjson&time=field:at",
        ] {
            let address: TopicAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(format!("{}/{}", address.brokers, address.without_brokers()), text);
        }
        let address: TopicAddress =
            "a:1/t?partitions=0-2,7&from=2026-11-30T10:00:00Z".parse().unwrap();
        assert_eq!(address.partitions, [0, 1, 2, 7].into());
        assert_eq!(address.from, From::Time(1_796_032_800_000));
        assert_eq!((address.until, address.isolation), (Until::End, Isolation::ReadCommitted));
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        for (text, what) in [
            ("localhost:9092", "no topic is named"),
            ("localhost/t", "`localhost` is no broker"),
            ("a:1,b/t", "`b` is no broker"),
            (":9/t", "`:9` is no broker"),
            ("a:0/t", "`a:0` is no broker"),
            ("a:1/", "`` is no topic"),
            ("a:1/a b", "`a b` is no topic"),
            ("a:1/..", "`..` is no topic"),
            ("a:1/t?from", "`from` has no value"),
            ("a:1/t?from=soon", "`from=soon` is none of earliest"),
            ("a:1/t?from=-1", "`from=-1` is none of"),
            ("a:1/t?until=latest", "`until=latest` is none of end"),
            ("a:1/t?from=7&until=3", "until=3 lies before from=7"),
            ("a:1/t?partitions=3-1", "is no list of partitions"),
            ("a:1/t?partitions=0-9999999999", "is no list of partitions"),
            ("a:1/t?isolation=none", "neither read_committed nor"),
            ("a:1/t?format=avro", "`format=avro` is none of ndjson, text and raw"),
            ("a:1/t?time=now", "`time=now` is neither timestamp nor field:NAME"),
            ("a:1/t?time=field:", "`time=field:` is neither"),
            (
                "a:1/t?time=field:at&format=text",
                "time=field:at needs JSON, and format=text is none",
            ),
            ("a:1/t?form=1", "unknown option `form`"),
            ("a:1/t?from=1&from=2", "`from` was given twice"),
        ] {
            let error = text.parse::<TopicAddress>().unwrap_err().to_string();
            assert!(error.starts_with(what) || error.contains(what), "{text}: {error}");
            assert!(error.contains("write kafka:HOST:PORT/TOPIC"), "{error}");
        }
    }
}
