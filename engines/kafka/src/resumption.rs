//! Whether a job may go on with a topic in another process: what it has found there must be there.

use std::ops::Range;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use crate::address::PartitionRange;
use crate::address::TopicAddress;
use crate::client::{PATIENCE, may_pass};
use crate::fingerprint::{MessageFingerprint, PartitionFingerprint, TopicFingerprint};
use crate::settings::{ClientSettings, KafkaFailure};
use crate::topic::Topic;

/// Looks for a last message go back so far at most, over marks of transactions and what compaction
/// has taken out.
const LONGEST_LOOK_BACK: u64 = 1 << 16;
/// By how much farther each look goes back than the one before.
const FARTHER: u64 = 16;
/// Failures that pass by themselves, before a broker counts as one that does not answer.
const MOST_FAILURES: u32 = 10;

impl Topic {
    /// Opens the topic of a job that goes on, at the offsets that were settled when it `began`, by what
    /// it has found at its `newest` start.
    ///
    /// # Errors
    /// As [`Topic::open`], and when it is another topic, or one that was deleted and made again.
    pub fn open_again(
        address: TopicAddress,
        settings: ClientSettings,
        began: &TopicFingerprint,
        newest: &TopicFingerprint,
    ) -> Result<Self, KafkaFailure> {
        let mut topic = Self::unopened(address, settings);
        let consumer = topic.consumer()?;
        let now = consumer.client().fetch_cluster_id(PATIENCE);
        if let (Some(was), Some(now)) = (&began.cluster, now)
            && *was != now
        {
            return Err(topic.refused(format!(
                "this is the cluster {now}, and the job has read the topic of {was}; --resume needs \
                 brokers of the same"
            )));
        }
        let numbers = topic.partition_numbers(&consumer)?;
        for found in &newest.partitions {
            let partition = found.partition;
            if !numbers.contains(&partition) {
                return Err(topic.refused(format!(
                    "there is no partition {partition} any more, which the job has read up to offset \
                     {} or not as far: the topic was deleted and made again; an empty checkpoint \
                     directory and output begin again",
                    found.covered
                )));
            }
            let there = topic.watermarks(&consumer, partition)?;
            topic.compare(&consumer, found, &there)?;
            topic.there.push(there);
        }
        let range = |it: &PartitionFingerprint| PartitionRange {
            partition: it.partition,
            start: it.start,
            end: it.end,
        };
        topic.partitions = began.partitions.iter().map(range).collect();
        topic.count = began.count as usize;
        Ok(topic)
    }

    /// What it is now, for a job that will go on with it.
    ///
    /// # Errors
    /// When no broker answers.
    pub fn fingerprint(&self) -> Result<TopicFingerprint, KafkaFailure> {
        let consumer = self.consumer()?;
        let mut partitions = Vec::new();
        for (range, there) in self.partitions.iter().zip(&self.there) {
            let &PartitionRange { partition, start, end } = range;
            let covered = end.unwrap_or(there.end);
            let last = self.last_message(&consumer, partition, there.start..covered)?;
            partitions.push(PartitionFingerprint { partition, start, end, covered, last });
        }
        Ok(TopicFingerprint {
            cluster: consumer.client().fetch_cluster_id(PATIENCE),
            address: self.address.without_brokers(),
            count: self.count as u32,
            partitions,
        })
    }

    /// Why a split cannot be read on from an offset up to which another process has read it; `None` if
    /// it can.
    pub(crate) fn obstacle(&self, split: u32, from: u64) -> Result<Option<String>, KafkaFailure> {
        let (range, there) = (&self.partitions[split as usize], &self.there[split as usize]);
        let is_there = |there: &Range<u64>| there.start <= from && from <= there.end;
        if is_there(there) {
            return Ok(None);
        }
        // It may have grown since it was opened.
        let there = self.watermarks(&self.consumer()?, range.partition)?;
        let (partition, Range { start, end }) = (range.partition, there);
        let topic = format!("kafka:{}/{}", self.address.brokers, self.address.topic);
        Ok(if end < from {
            Some(format!(
                "{topic}: partition {partition} ends at offset {end} now, and the job has read it up \
                 to offset {from}: the topic was deleted and made again, or has lost messages"
            ))
        } else if from < start && range.end.is_none_or(|end| from < end) {
            Some(format!(
                "{topic}: partition {partition} begins at offset {start} now, and the job has read it \
                 up to offset {from} only: the messages between are gone (retention.ms)"
            ))
        } else {
            None
        })
    }

    /// Refuses a partition in which something else is than a job has found.
    fn compare(
        &self,
        consumer: &BaseConsumer,
        found: &PartitionFingerprint,
        there: &Range<u64>,
    ) -> Result<(), KafkaFailure> {
        let message = match found.to_compare(there) {
            Some(offset) => self.last_of(consumer, found.partition, offset..offset + 1)?,
            None => None,
        };
        found.check(there, message).map_err(|what| self.refused(what))
    }

    /// The last message at these offsets; `None` if there is none nearby.
    fn last_message(
        &self,
        consumer: &BaseConsumer,
        partition: i32,
        offsets: Range<u64>,
    ) -> Result<Option<MessageFingerprint>, KafkaFailure> {
        let mut back = 1;
        while !offsets.is_empty() {
            let from = offsets.end.saturating_sub(back).max(offsets.start);
            let last = self.last_of(consumer, partition, from..offsets.end)?;
            if last.is_some() || from == offsets.start || back >= LONGEST_LOOK_BACK {
                return Ok(last);
            }
            back *= FARTHER;
        }
        Ok(None)
    }

    /// The last message at these offsets, all of which are read.
    fn last_of(
        &self,
        consumer: &BaseConsumer,
        partition: i32,
        offsets: Range<u64>,
    ) -> Result<Option<MessageFingerprint>, KafkaFailure> {
        let failed = |error: KafkaError| self.failure(&error);
        let mut assigned = TopicPartitionList::new();
        let at = Offset::Offset(offsets.start as i64);
        assigned.add_partition_offset(&self.address.topic, partition, at).map_err(failed)?;
        consumer.assign(&assigned).map_err(failed)?;
        let (mut last, mut failures) = (None, 0);
        while let Some(polled) = consumer.poll(PATIENCE) {
            let message = match polled {
                Ok(message) => message,
                Err(KafkaError::PartitionEOF(_)) => return Ok(last),
                Err(error) if may_pass(&error) && failures < MOST_FAILURES => {
                    failures += 1;
                    continue;
                }
                Err(error) => return Err(self.failure(&error)),
            };
            let offset = message.offset().max(0) as u64;
            if offset < offsets.end {
                let stamp = message.timestamp().to_millis();
                let (key, payload) = (message.key(), message.payload());
                last = Some(MessageFingerprint::new(offset, stamp, key, payload));
            }
            if offset + 1 >= offsets.end {
                return Ok(last);
            }
        }
        let TopicAddress { brokers, topic, .. } = &self.address;
        Err(KafkaFailure::Failed(format!("kafka:{brokers}/{topic}: no broker answers")))
    }
}
