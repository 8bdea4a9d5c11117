//! Messages of bytes in splits whose offsets can be read again, as brokers keep them. What knows a
//! broker serves a [`MessageLog`]; what knows a workload makes events of its messages.

use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::job::source::{SourceError, Splits};
use crate::record::time::ProcessingTime;

/// A message without its payload.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct MessageHead {
    /// Its offset in the split.
    pub offset: u64,
    /// The time stamp that it carries, in milliseconds since 1970; `None` if it carries none.
    pub timestamp_ms: Option<i64>,
    /// When it came to this process.
    pub fetched: ProcessingTime,
    /// Where its payload ends in the bytes of its chunk.
    end: usize,
}

/// What the payload of a message is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum MessageFormat {
    /// An event as JSON.
    Ndjson,
    /// One line of text.
    Text,
    /// A text as it is, whatever lines it has.
    Raw,
}

impl MessageFormat {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Ndjson, Self::Text, Self::Raw];

    /// As the user names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Text => "text",
            Self::Raw => "raw",
        }
    }
}

/// Where a message says when its event has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageTime {
    /// In its time stamp.
    Timestamp,
    /// In a field of its JSON.
    Field(String),
}

/// How events are made of messages. What is `None` follows from the workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageForm {
    /// What payloads are.
    pub format: Option<MessageFormat>,
    /// When events have happened.
    pub time: Option<MessageTime>,
}

/// Messages of one split in the order of their offsets, with their payloads in one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageChunk {
    bytes: Vec<u8>,
    heads: Vec<MessageHead>,
}

impl MessageChunk {
    /// Appends a message.
    pub fn push(
        &mut self,
        offset: u64,
        timestamp_ms: Option<i64>,
        fetched: ProcessingTime,
        payload: &[u8],
    ) {
        self.bytes.extend_from_slice(payload);
        self.heads.push(MessageHead { offset, timestamp_ms, fetched, end: self.bytes.len() });
    }

    /// Its messages and their payloads.
    pub fn iter(&self) -> impl Iterator<Item = (MessageHead, &[u8])> {
        (0..self.len()).map_while(|place| self.get(place))
    }

    /// The message at a place, from 0.
    pub fn get(&self, place: usize) -> Option<(MessageHead, &[u8])> {
        let head = self.heads.get(place)?;
        let begin = place.checked_sub(1).map_or(0, |before| self.heads[before].end);
        Some((*head, &self.bytes[begin..head.end]))
    }

    /// How many messages.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Bytes of all payloads.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Takes all messages out, and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.heads.clear();
    }
}

/// Splits of messages.
pub trait MessageLog: Splits {
    /// The input as the user knows it.
    fn name(&self) -> &str;

    /// The part of it that a split is, as the user knows it.
    fn part(&self, split: u32) -> String {
        let _ = split;
        self.name().to_owned()
    }

    /// The offset at which a split ends; `None` of one that goes on.
    fn end(&self, split: u32) -> Option<u64>;

    /// Where messages are written while the job runs: the time of 1970 at the job's own time 0, in
    /// milliseconds, by which their time stamps are times of the job. `None` where all were there before.
    fn epoch_ms(&self) -> Option<i64> {
        None
    }

    /// A reader for one subtask.
    fn reader(&self) -> Box<dyn MessageReader>;

    /// The same messages once more, from the start of every split to its end.
    ///
    /// # Errors
    /// When they cannot be read again.
    fn again(&self) -> Result<Arc<dyn MessageLog>, SourceError>;
}

/// Reads splits of messages for one subtask.
pub trait MessageReader: Send {
    /// As [`Reader::poll_ready`](crate::job::source::Reader::poll_ready).
    ///
    /// # Errors
    /// When they will never come.
    fn poll_ready(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        context: &mut Context<'_>,
    ) -> Poll<Result<u64, SourceError>>;

    /// Replaces the contents of `into` by the messages at these offsets, all of them ready.
    ///
    /// # Errors
    /// When they cannot be read.
    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut MessageChunk,
    ) -> Result<(), SourceError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_gives_back_what_was_put_in() {
        let mut chunk = MessageChunk::default();
        let at = ProcessingTime(7);
        for (offset, payload) in [(3, &b"to"[..]), (5, b""), (9, b"be")] {
            chunk.push(offset, (offset == 5).then_some(-1), at, payload);
        }
        let seen: Vec<(u64, Option<i64>, &[u8])> =
            chunk.iter().map(|(head, bytes)| (head.offset, head.timestamp_ms, bytes)).collect();
        assert_eq!(seen, [(3, None, &b"to"[..]), (5, Some(-1), b""), (9, None, b"be")]);
        assert_eq!(chunk.get(2).unwrap().1, b"be");
        assert_eq!(chunk.get(3), None);
        assert_eq!((chunk.len(), chunk.bytes()), (3, 4));
        chunk.clear();
        assert!(chunk.is_empty() && chunk.bytes() == 0);
    }
}
