//! A topic as the broker describes it, with the offsets at which reading begins and ends.

use std::ops::Range;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::address::{From, PartitionRange, TopicAddress, Until};
use crate::client::{PATIENCE, PartitionNow, config, failure, partitions_now};
use crate::outage::Trouble;
use crate::settings::{ClientSettings, KafkaFailure};

/// The group whose name is given to the broker. Nothing is committed to it: a job keeps its offsets in
/// its own checkpoints.
pub(crate) const GROUP: &str = "streamgauge";

/// For how long the client fetches nothing once 100,000 messages (`queued.min.messages`) wait to be taken
/// from it. By its default of a second a topic of small messages is read in bursts with pauses.
const QUEUE_BACKOFF: &str = "fetch.queue.backoff.ms";
const QUEUE_BACKOFF_MS: &str = "5";

/// A topic, and which offsets of it are read.
#[derive(Clone, Debug)]
pub struct Topic {
    pub(crate) address: TopicAddress,
    settings: ClientSettings,
    /// In the order of their numbers: each is a split.
    pub(crate) partitions: Vec<PartitionRange>,
    /// The offsets that each of them held when it was opened.
    pub(crate) there: Vec<Range<u64>>,
    /// Partitions that the topic has.
    pub(crate) count: usize,
}

impl Topic {
    /// Asks the broker for the topic, and settles where reading begins and ends.
    ///
    /// # Errors
    /// When no broker answers, there is no such topic or partition, a partition has no leader, and when
    /// an offset that was named is not there.
    pub fn open(address: TopicAddress, settings: ClientSettings) -> Result<Self, KafkaFailure> {
        let mut topic = Self::unopened(address, settings);
        let consumer = topic.consumer()?;
        let there = topic.partition_numbers(&consumer)?;
        topic.count = there.len();
        let wanted = topic.wanted(&there)?;
        for partition in wanted {
            let there = topic.watermarks(&consumer, partition)?;
            topic.partitions.push(topic.range(&consumer, partition, &there)?);
            topic.there.push(there);
        }
        Ok(topic)
    }

    /// Of which nothing is known so far.
    pub(crate) fn unopened(address: TopicAddress, settings: ClientSettings) -> Self {
        Self { address, settings, partitions: Vec::new(), there: Vec::new(), count: 0 }
    }

    /// As the user named it.
    pub fn address(&self) -> &TopicAddress {
        &self.address
    }

    /// What is read of each split.
    pub fn partitions(&self) -> &[PartitionRange] {
        &self.partitions
    }

    /// Whether reading ends by itself.
    pub fn is_bounded(&self) -> bool {
        self.partitions.iter().all(|it| it.end.is_some())
    }

    /// Where fetching a split begins: at its start, or where the partition began when it was opened if
    /// that was later. Whoever goes on behind a start that is gone needs no more, and whoever reads from
    /// there is told so by the broker.
    pub(crate) fn first(&self, split: usize) -> u64 {
        self.partitions[split].start.max(self.there[split].start)
    }

    /// A client that reads it.
    pub(crate) fn consumer(&self) -> Result<BaseConsumer, KafkaFailure> {
        self.consumer_config().create().map_err(|error| self.failure(&error))
    }

    fn consumer_config(&self) -> ClientConfig {
        let mut config = config(&self.settings, &self.address.brokers);
        config
            .set("group.id", GROUP)
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            // An offset that is not there is an error, and not another offset.
            .set("auto.offset.reset", "error")
            .set("isolation.level", self.address.isolation.name());
        if config.get(QUEUE_BACKOFF).is_none() {
            config.set(QUEUE_BACKOFF, QUEUE_BACKOFF_MS);
        }
        config
    }

    pub(crate) fn failure(&self, error: &KafkaError) -> KafkaFailure {
        failure(error, &self.address.brokers, &self.address.topic)
    }

    pub(crate) fn refused(&self, what: impl std::fmt::Display) -> KafkaFailure {
        KafkaFailure::Refused(format!("{}: {what}", self.place()))
    }

    /// The topic as messages name it.
    pub(crate) fn place(&self) -> String {
        let TopicAddress { brokers, topic, .. } = &self.address;
        format!("kafka:{brokers}/{topic}")
    }

    /// A partition as messages name it.
    pub(crate) fn at_partition(&self, number: i32) -> String {
        format!("{}, partition {number}", self.place())
    }

    /// The partitions that the topic has now, in the order of their numbers.
    ///
    /// # Errors
    /// When there is no such topic any more, it may not be read, or no broker answers.
    pub(crate) fn partitions_now(
        &self,
        consumer: &BaseConsumer,
    ) -> Result<Vec<PartitionNow>, KafkaFailure> {
        let found = partitions_now(consumer.client(), &self.address.topic);
        found.map_err(|error| self.failure(&error))
    }

    /// The numbers of all partitions; those that are wanted have leaders.
    pub(crate) fn partition_numbers(
        &self,
        consumer: &BaseConsumer,
    ) -> Result<Vec<i32>, KafkaFailure> {
        let there = self.partitions_now(consumer)?;
        let wanted = &self.address.partitions;
        let is_wanted =
            |number: i32| wanted.is_empty() || wanted.iter().any(|it| *it as i32 == number);
        if let Some(it) = there.iter().find(|it| !it.has_leader() && is_wanted(it.number)) {
            let (at, trouble) = (self.at_partition(it.number), Trouble::NoLeader);
            let failure = format!("{at}: {}; {}", trouble.what(), trouble.cure());
            return Err(KafkaFailure::Failed(failure));
        }
        Ok(there.into_iter().map(|it| it.number).collect())
    }

    fn wanted(&self, there: &[i32]) -> Result<Vec<i32>, KafkaFailure> {
        if self.address.partitions.is_empty() {
            return Ok(there.to_vec());
        }
        let wanted = self.address.partitions.iter().map(|it| *it as i32);
        match wanted.clone().find(|it| !there.contains(it)) {
            Some(missing) => Err(self.refused(format!(
                "there is no partition {missing}: it has {} of them, from 0",
                there.len()
            ))),
            None => Ok(wanted.collect()),
        }
    }

    /// The offsets that a partition holds now.
    pub(crate) fn watermarks(
        &self,
        consumer: &BaseConsumer,
        partition: i32,
    ) -> Result<Range<u64>, KafkaFailure> {
        let watermarks = consumer.fetch_watermarks(&self.address.topic, partition, PATIENCE);
        let (low, high) = watermarks.map_err(|error| self.failure(&error))?;
        Ok(low.max(0) as u64..high.max(0) as u64)
    }

    /// What is read of a partition that holds these offsets.
    fn range(
        &self,
        consumer: &BaseConsumer,
        partition: i32,
        &Range { start: low, end: high }: &Range<u64>,
    ) -> Result<PartitionRange, KafkaFailure> {
        let start = match self.address.from {
            From::Earliest => low,
            From::Latest => high,
            From::Offset(offset) if (low..=high).contains(&offset) => offset,
            From::Offset(offset) => {
                return Err(self.refused(format!(
                    "from={offset} is not in partition {partition}, which holds the offsets {low} to \
                     {high} now: messages are kept for a time only (retention.ms)"
                )));
            }
            From::Time(millis) => self.at_time(consumer, partition, millis)?.unwrap_or(high),
        };
        let end = match self.address.until {
            Until::End => Some(high.max(start)),
            Until::Never => None,
            Until::Offset(offset) if offset < low => {
                return Err(self.refused(format!(
                    "until={offset} is not in partition {partition} any more, which holds the offsets \
                     {low} to {high} now"
                )));
            }
            Until::Offset(offset) if offset <= high => Some(offset.max(start)),
            Until::Offset(offset) => {
                return Err(self.refused(format!(
                    "until={offset} is not in partition {partition} yet, which ends at {high}; wait for \
                     it, or write until=never"
                )));
            }
        };
        Ok(PartitionRange { partition, start, end })
    }

    /// The first offset whose time stamp is this or later; `None` if there is none.
    fn at_time(
        &self,
        consumer: &BaseConsumer,
        partition: i32,
        millis: i64,
    ) -> Result<Option<u64>, KafkaFailure> {
        let failed = |error: KafkaError| self.failure(&error);
        let mut asked = TopicPartitionList::new();
        asked
            .add_partition_offset(&self.address.topic, partition, Offset::Offset(millis))
            .map_err(failed)?;
        let found = consumer.offsets_for_times(asked, PATIENCE).map_err(failed)?;
        let found = found
            .elements()
            .first()
            .map(rdkafka::topic_partition_list::TopicPartitionListElem::offset);
        Ok(match found {
            Some(Offset::Offset(offset)) => Some(offset.max(0) as u64),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_is_ahead_of_its_reader_pauses_for_milliseconds_unless_it_is_told_otherwise() {
        let backoff = |settings: ClientSettings| {
            let topic = Topic::unopened("a:1/t".parse().unwrap(), settings);
            topic.consumer_config().get(QUEUE_BACKOFF).map(str::to_owned)
        };
        assert_eq!(backoff(ClientSettings::default()).as_deref(), Some("5"));
        let own = [(QUEUE_BACKOFF.to_owned(), "1000".to_owned())].into();
        assert_eq!(backoff(ClientSettings(own)).as_deref(), Some("1000"));
    }
}
