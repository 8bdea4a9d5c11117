//! What a job has found in a topic, so that it goes on with no other.

use std::ops::Range;

use dataflow::record::content_hash::{ContentHash, ContentHasher};
use serde::{Deserialize, Serialize};

/// A topic as a job has found it at a start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicFingerprint {
    /// The id of its cluster; `None` if the brokers tell none.
    pub cluster: Option<String>,
    /// The topic and what of it is read, as the user names it, but for the brokers.
    pub address: String,
    /// Partitions that it had when the job began.
    pub count: u32,
    /// Those that are read, in the order of their numbers.
    pub partitions: Vec<PartitionFingerprint>,
}

/// A partition as a job has found it at a start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionFingerprint {
    /// Its number in Kafka.
    pub partition: i32,
    /// The first offset that the job reads.
    pub start: u64,
    /// Before which it ends; `None` if it goes on.
    pub end: Option<u64>,
    /// What was there of that lies before this offset.
    pub covered: u64,
    /// The last message before it; `None` if there was none nearby.
    pub last: Option<MessageFingerprint>,
}

/// A message by its place and its content.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageFingerprint {
    /// Its offset.
    pub offset: u64,
    /// Of its time stamp, key and payload.
    pub hash: ContentHash,
}

impl MessageFingerprint {
    /// Of a message.
    pub fn new(
        offset: u64,
        timestamp_ms: Option<i64>,
        key: Option<&[u8]>,
        payload: Option<&[u8]>,
    ) -> Self {
        let mut hasher = ContentHasher::default();
        let stamp = timestamp_ms.map(i64::to_le_bytes);
        for part in [stamp.as_ref().map(|it| &it[..]), key, payload] {
            // A part that is missing is another than one that is empty.
            hasher.update(&part.map_or(u64::MAX, |part| part.len() as u64).to_le_bytes());
            hasher.update(part.unwrap_or_default());
        }
        Self { offset, hash: hasher.hash() }
    }
}

impl TopicFingerprint {
    /// Whether more was there than at an earlier start.
    pub fn covers_more_than(&self, earlier: &Self) -> bool {
        let mut pairs = self.partitions.iter().zip(&earlier.partitions);
        pairs.any(|(now, earlier)| now.covered > earlier.covered)
    }
}

impl PartitionFingerprint {
    /// The message to look at for [`PartitionFingerprint::check`], of a partition that holds these
    /// offsets now. What was kept for a time only is not compared.
    pub fn to_compare(&self, there: &Range<u64>) -> Option<u64> {
        let offset = self.last?.offset;
        there.contains(&offset).then_some(offset)
    }

    /// Refuses a partition that holds these offsets now, and this message at the offset to look at,
    /// when that is not what the job has found.
    ///
    /// # Errors
    /// Says what it has found, and what there is.
    pub fn check(
        &self,
        there: &Range<u64>,
        message: Option<MessageFingerprint>,
    ) -> Result<(), String> {
        let Self { partition, covered, last, .. } = self;
        let what = if there.end < *covered {
            let end = there.end;
            format!("ends at offset {end} now, and the job has found it to end at {covered}")
        } else if let Some(offset) = self.to_compare(there).filter(|_| message != *last) {
            let other = if message.is_some() { "another message" } else { "no message" };
            format!("has {other} now at offset {offset}, where the job has found one")
        } else {
            return Ok(());
        };
        Err(format!(
            "partition {partition} {what}: the topic was deleted and made again, or has lost \
             messages; --resume needs the topic that the job has read, and an empty checkpoint \
             directory and output begin again"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(offset: u64, payload: &str) -> MessageFingerprint {
        MessageFingerprint::new(offset, Some(1), None, Some(payload.as_bytes()))
    }

    #[test]
    fn a_message_is_known_by_all_that_is_read_of_it() {
        let known = message(3, "a");
        assert_eq!(known, message(3, "a"));
        for other in [
            MessageFingerprint::new(3, Some(2), None, Some(b"a")),
            MessageFingerprint::new(3, None, None, Some(b"a")),
            MessageFingerprint::new(3, Some(1), Some(b""), Some(b"a")),
            MessageFingerprint::new(3, Some(1), Some(b"a"), None),
            MessageFingerprint::new(3, Some(1), None, None),
            message(3, "b"),
        ] {
            assert_ne!(known, other);
        }
    }

    #[test]
    fn a_partition_is_the_same_as_long_as_what_was_found_is_there_or_was_kept_for_a_time_only() {
        let last = Some(message(8, "a"));
        let found = PartitionFingerprint { partition: 5, start: 0, end: None, covered: 10, last };
        assert_eq!(found.check(&(0..10), last), Ok(()));
        assert_eq!(found.check(&(8..99), last), Ok(()));
        assert_eq!((found.to_compare(&(9..99)), found.check(&(9..99), None)), (None, Ok(())));
        for (there, message, what) in [
            (0..9, last, "partition 5 ends at offset 9 now, and the job has found it to end at 10"),
            (0..99, Some(message(8, "b")), "partition 5 has another message now at offset 8"),
            (0..99, None, "partition 5 has no message now at offset 8"),
        ] {
            let refused = found.check(&there, message).unwrap_err();
            assert!(refused.starts_with(what) && refused.contains("made again"), "{refused}");
        }
        let empty = PartitionFingerprint { covered: 0, last: None, ..found };
        assert_eq!(empty.check(&(0..5), None), Ok(()));
    }
}
