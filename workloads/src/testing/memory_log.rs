//! A log of messages in memory.

use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll};

use dataflow::ProcessingTime;
use dataflow::job::message_log::{MessageChunk, MessageLog, MessageReader};
use dataflow::job::source::{Available, Next, SourceError, Splits};

/// A message: its time stamp in milliseconds since 1970, and its payload.
pub(crate) type Message = (Option<i64>, Vec<u8>);

/// A log of one split.
#[derive(Clone)]
pub(crate) struct MemoryLog {
    messages: Arc<Vec<Message>>,
    /// How far the offsets of two messages lie apart: all but the first are gaps.
    spacing: u64,
}

impl MemoryLog {
    /// Of these payloads, stamped with their places.
    pub(crate) fn of<'a>(payloads: impl IntoIterator<Item = &'a [u8]>) -> Arc<dyn MessageLog> {
        Self::with_gaps(payloads, 1)
    }

    /// The same, at each offset that is a multiple.
    pub(crate) fn with_gaps<'a>(
        payloads: impl IntoIterator<Item = &'a [u8]>,
        spacing: u64,
    ) -> Arc<dyn MessageLog> {
        let stamped = (0..).zip(payloads).map(|(at, payload)| (Some(at), payload.to_vec()));
        Arc::new(Self { messages: Arc::new(stamped.collect()), spacing })
    }
}

impl Splits for MemoryLog {
    fn splits(&self) -> u32 {
        1
    }

    fn available(&self, _: u32, _: u64, _: ProcessingTime) -> Result<Available, SourceError> {
        Ok(Available { end: self.messages.len() as u64 * self.spacing, next: Next::Never })
    }
}

impl MessageLog for MemoryLog {
    fn name(&self) -> &str {
        "memory"
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
        _: u32,
        offsets: Range<u64>,
        into: &mut MessageChunk,
    ) -> Result<(), SourceError> {
        into.clear();
        for offset in offsets.filter(|offset| offset.is_multiple_of(self.spacing)) {
            let (stamp, payload) = &self.messages[(offset / self.spacing) as usize];
            into.push(offset, *stamp, ProcessingTime::ZERO, payload);
        }
        Ok(())
    }
}
