//! A log of messages in memory.

use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll};

use dataflow::ProcessingTime;
use dataflow::job::message_log::{MessageChunk, MessageLog, MessageReader};
use dataflow::job::source::{Available, Next, SourceError, Splits};

/// A message: its time stamp in milliseconds since 1970, and its payload.
pub(crate) type Message = (Option<i64>, Vec<u8>);

/// The messages of each split.
#[derive(Clone)]
pub(crate) struct MemoryLog(Arc<Vec<Vec<Message>>>);

impl MemoryLog {
    /// Of one split.
    fn of_messages(messages: Vec<Message>) -> Arc<dyn MessageLog> {
        Arc::new(Self(Arc::new(vec![messages])))
    }

    /// Of splits with so many empty messages.
    pub(crate) fn of_lengths(lengths: &[u64]) -> Arc<dyn MessageLog> {
        let splits = lengths.iter().map(|length| vec![(None, Vec::new()); *length as usize]);
        Arc::new(Self(Arc::new(splits.collect())))
    }

    /// Of these payloads in one split, stamped with their offsets.
    pub(crate) fn of<'a>(payloads: impl IntoIterator<Item = &'a [u8]>) -> Arc<dyn MessageLog> {
        let stamped = (0..).zip(payloads).map(|(at, payload)| (Some(at), payload.to_vec()));
        Self::of_messages(stamped.collect())
    }
}

impl Splits for MemoryLog {
    fn splits(&self) -> u32 {
        self.0.len() as u32
    }

    fn available(&self, split: u32, _: u64, _: ProcessingTime) -> Result<Available, SourceError> {
        Ok(Available { end: self.0[split as usize].len() as u64, next: Next::Never })
    }
}

impl MessageLog for MemoryLog {
    fn name(&self) -> &str {
        "memory"
    }

    fn end(&self, split: u32) -> Option<u64> {
        Some(self.0[split as usize].len() as u64)
    }

    fn reader(&self) -> Box<dyn MessageReader> {
        Box::new(self.clone())
    }

    fn again(&self) -> Result<Arc<dyn MessageLog>, SourceError> {
        Ok(Arc::new(self.clone()))
    }
}

impl MessageReader for MemoryLog {
    fn poll_ready(
        &mut self,
        _: u32,
        offsets: Range<u64>,
        _: &mut Context<'_>,
    ) -> Poll<Result<u64, SourceError>> {
        Poll::Ready(Ok(offsets.end))
    }

    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut MessageChunk,
    ) -> Result<(), SourceError> {
        into.clear();
        for offset in offsets {
            let (stamp, payload) = &self.0[split as usize][offset as usize];
            into.push(offset, *stamp, ProcessingTime::ZERO, payload);
        }
        Ok(())
    }
}
