//! What was fetched of a partition and not read yet. It knows no broker: a fetcher fills it, and readers
//! take out of it.

use std::collections::VecDeque;
use std::ops::Range;
use std::task::{Poll, Waker};

use dataflow::ProcessingTime;
use dataflow::job::message_log::{MessageChunk, MessageHead};
use dataflow::job::source::{Available, Next};

use crate::settings::KafkaFailure;

/// What was fetched of a partition and not read yet.
#[derive(Debug)]
pub(crate) struct FetchBuffer {
    /// Everything before this offset has been read.
    head: u64,
    /// Everything before this offset has been fetched, as far as it is there.
    fetched: u64,
    /// Reading ends here; `None` for a partition that goes on.
    end: Option<u64>,
    chunks: VecDeque<MessageChunk>,
    /// Messages of the first chunk that have been read.
    taken: usize,
    /// Bytes of the chunks.
    bytes: usize,
    /// Where the fetcher is to go on, in the place of where it is.
    seek: Option<u64>,
    /// Up to where a reader of a partition that goes on was told that messages are there.
    told: u64,
    wakers: Vec<Waker>,
    failure: Option<KafkaFailure>,
}

impl FetchBuffer {
    /// Nothing has been fetched; messages from `start` to `end` will be.
    pub(crate) fn new(start: u64, end: Option<u64>) -> Self {
        Self {
            head: start,
            fetched: start,
            end,
            chunks: VecDeque::new(),
            taken: 0,
            bytes: 0,
            seek: None,
            told: start,
            wakers: Vec::new(),
            failure: None,
        }
    }

    /// Bytes that wait to be read.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Everything before this offset has been fetched, as far as it is there.
    pub(crate) fn fetched(&self) -> u64 {
        self.fetched
    }

    /// Whether all that is to be read has been fetched.
    pub(crate) fn is_complete(&self) -> bool {
        self.seek.is_none() && self.end.is_some_and(|end| self.fetched >= end)
    }

    /// What a bounded partition still lacks, from this offset on.
    pub(crate) fn lacks(&self) -> Option<u64> {
        self.end.filter(|end| self.seek.is_none() && self.fetched < *end).map(|_| self.fetched)
    }

    /// Where the fetcher is to go on, once.
    pub(crate) fn take_seek(&mut self) -> Option<u64> {
        self.seek.take()
    }

    /// Takes messages that were fetched; those behind the end are of no use. Nothing is taken while a
    /// seek is asked for: it was fetched before.
    #[must_use = "the wakers must be woken"]
    pub(crate) fn append(&mut self, chunk: MessageChunk) -> Vec<Waker> {
        if self.seek.is_some() {
            return Vec::new();
        }
        let mut useful = MessageChunk::default();
        for (head, payload) in chunk.iter() {
            self.fetched = head.offset + 1;
            if head.offset >= self.head && self.end.is_none_or(|end| head.offset < end) {
                useful.push(head.offset, head.timestamp_ms, head.fetched, payload);
            }
        }
        if !useful.is_empty() {
            self.bytes += size(&useful);
            self.chunks.push_back(useful);
        }
        std::mem::take(&mut self.wakers)
    }

    /// The partition holds no more messages before the end: what is left of it are gaps.
    #[must_use = "the wakers must be woken"]
    pub(crate) fn reached_end(&mut self) -> Vec<Waker> {
        if self.seek.is_some() {
            return Vec::new();
        }
        if let Some(end) = self.end {
            self.fetched = self.fetched.max(end);
        }
        std::mem::take(&mut self.wakers)
    }

    /// Nothing more will come.
    #[must_use = "the wakers must be woken"]
    pub(crate) fn fail(&mut self, failure: &KafkaFailure) -> Vec<Waker> {
        self.failure.get_or_insert_with(|| failure.clone());
        std::mem::take(&mut self.wakers)
    }

    /// What could be read from an offset on at an instant, which may have passed.
    ///
    /// # Errors
    /// Why nothing more will come.
    pub(crate) fn available(
        &mut self,
        from: u64,
        now: ProcessingTime,
    ) -> Result<Available, KafkaFailure> {
        if let Some(end) = self.end {
            return Ok(Available { end, next: Next::Never });
        }
        self.go_to(from);
        // What is there is read before a failure is told.
        if self.fetched <= from {
            self.check()?;
        }
        self.told = self.fetched_by(now).max(from);
        Ok(Available { end: self.told, next: Next::Unknown })
    }

    /// Before which offset everything had been fetched at an instant. What came together has one time.
    fn fetched_by(&self, now: ProcessingTime) -> u64 {
        let last =
            |chunk: &MessageChunk| chunk.get(chunk.len().checked_sub(1)?).map(|(head, _)| head);
        let mut newest = self.chunks.iter().rev().filter_map(last).peekable();
        if newest.peek().is_none_or(|head| head.fetched <= now) {
            return self.fetched;
        }
        newest.find(|head| head.fetched <= now).map_or(self.head, |head| head.offset + 1)
    }

    /// Up to which of these offsets messages are there; pending until some are.
    pub(crate) fn poll_ready(
        &mut self,
        offsets: Range<u64>,
        waker: &Waker,
    ) -> Poll<Result<u64, KafkaFailure>> {
        self.go_to(offsets.start);
        let upto = self.fetched.min(offsets.end);
        if upto > offsets.start && self.seek.is_none() {
            return Poll::Ready(Ok(upto));
        }
        if let Err(failure) = self.check() {
            return Poll::Ready(Err(failure));
        }
        self.register(waker);
        Poll::Pending
    }

    /// Wakes once more is there than [`Self::available`] has told last, or nothing more will come.
    pub(crate) fn wake_later(&mut self, waker: &Waker) {
        if self.end.is_none() && self.fetched > self.told {
            waker.wake_by_ref();
        }
        self.register(waker);
    }

    fn register(&mut self, waker: &Waker) {
        if !self.wakers.iter().any(|known| known.will_wake(waker)) {
            self.wakers.push(waker.clone());
        }
    }

    /// Moves the messages at these offsets, all of which are ready, out of the buffer.
    pub(crate) fn read(&mut self, offsets: Range<u64>, into: &mut MessageChunk) {
        into.clear();
        while let Some(chunk) = self.chunks.front() {
            let Some((head, payload)) = chunk.get(self.taken) else {
                self.bytes -= size(chunk);
                self.chunks.pop_front();
                self.taken = 0;
                continue;
            };
            if head.offset >= offsets.end {
                break;
            }
            if head.offset >= offsets.start {
                into.push(head.offset, head.timestamp_ms, head.fetched, payload);
            }
            self.taken += 1;
        }
        self.head = offsets.end;
    }

    fn check(&self) -> Result<(), KafkaFailure> {
        self.failure.clone().map_or(Ok(()), Err)
    }

    /// Whoever reads from elsewhere than the head is an earlier attempt's successor: the fetcher goes
    /// there.
    fn go_to(&mut self, offset: u64) {
        if offset == self.head {
            return;
        }
        self.head = offset;
        if offset < self.fetched
            && !self.chunks.is_empty()
            && self.first().is_some_and(|it| it <= offset)
        {
            return;
        }
        self.chunks.clear();
        (self.taken, self.bytes) = (0, 0);
        self.fetched = offset;
        self.seek = Some(offset);
    }

    /// The first offset that waits to be read.
    fn first(&self) -> Option<u64> {
        let heads = self
            .chunks
            .iter()
            .enumerate()
            .find_map(|(place, chunk)| chunk.get(if place == 0 { self.taken } else { 0 }));
        heads.map(|(head, _)| head.offset)
    }
}

/// Bytes that messages take.
fn size(chunk: &MessageChunk) -> usize {
    chunk.bytes() + chunk.len() * size_of::<MessageHead>()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::Wake;

    use super::*;

    const NOW: ProcessingTime = ProcessingTime::from_millis(9_000);

    fn chunk(offsets: &[u64]) -> MessageChunk {
        chunk_at(0, offsets)
    }

    fn chunk_at(millis: u64, offsets: &[u64]) -> MessageChunk {
        let (mut chunk, at) = (MessageChunk::default(), ProcessingTime::from_millis(millis));
        for offset in offsets {
            chunk.push(*offset, None, at, &[*offset as u8; 10]);
        }
        chunk
    }

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Wakes(AtomicU64);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn ready(buffer: &mut FetchBuffer, offsets: Range<u64>) -> Option<u64> {
        match buffer.poll_ready(offsets, Waker::noop()) {
            Poll::Ready(upto) => Some(upto.unwrap()),
            Poll::Pending => None,
        }
    }

    fn read(buffer: &mut FetchBuffer, offsets: Range<u64>) -> Vec<u64> {
        let mut into = MessageChunk::default();
        buffer.read(offsets, &mut into);
        into.iter().map(|(head, _)| head.offset).collect()
    }

    #[test]
    fn what_was_fetched_is_read_once_and_gaps_are_passed_over() {
        let mut buffer = FetchBuffer::new(5, None);
        assert_eq!(ready(&mut buffer, 5..9), None);
        drop(buffer.append(chunk(&[6, 9])));
        drop(buffer.append(chunk(&[10, 20])));
        assert_eq!(buffer.available(5, NOW).unwrap(), Available { end: 21, next: Next::Unknown });
        assert_eq!(ready(&mut buffer, 5..8), Some(8));
        assert_eq!(read(&mut buffer, 5..8), [6]);
        assert_eq!(buffer.bytes(), 4 * (10 + size_of::<MessageHead>()));
        assert_eq!(ready(&mut buffer, 8..300), Some(21));
        assert_eq!(read(&mut buffer, 8..21), [9, 10, 20]);
        assert_eq!((buffer.bytes(), ready(&mut buffer, 21..30)), (0, None));
    }

    #[test]
    fn what_was_fetched_later_was_not_there_before() {
        let mut buffer = FetchBuffer::new(5, None);
        let end = |buffer: &mut FetchBuffer, millis| {
            buffer.available(5, ProcessingTime::from_millis(millis)).unwrap().end
        };
        assert_eq!(end(&mut buffer, 0), 5);
        drop(buffer.append(chunk_at(10, &[7, 8])));
        drop(buffer.append(chunk_at(20, &[12])));
        assert_eq!([9, 10, 19, 20, 99].map(|at| end(&mut buffer, at)), [5, 9, 9, 13, 13]);
    }

    #[test]
    fn who_was_told_of_less_than_is_there_is_woken_at_once() {
        let mut buffer = FetchBuffer::new(0, None);
        drop(buffer.append(chunk_at(10, &[0])));
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let before = ProcessingTime::from_millis(9);
        assert_eq!(buffer.available(0, before).unwrap().end, 0, "it came after the clock was read");
        buffer.wake_later(&waker);
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert_eq!(buffer.available(0, NOW).unwrap().end, 1);
        buffer.wake_later(&waker);
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_bounded_partition_ends_where_it_was_to_end_with_or_without_a_message_there() {
        let mut buffer = FetchBuffer::new(0, Some(10));
        assert_eq!(buffer.available(0, NOW).unwrap(), Available { end: 10, next: Next::Never });
        drop(buffer.append(chunk(&[3, 7])));
        assert_eq!(ready(&mut buffer, 0..10), Some(8));
        assert_eq!(read(&mut buffer, 0..8), [3, 7]);
        assert_eq!(ready(&mut buffer, 8..10), None, "what is left may still come");
        drop(buffer.reached_end());
        assert_eq!(ready(&mut buffer, 8..10), Some(10), "the rest were marks of transactions");
        assert!(read(&mut buffer, 8..10).is_empty() && buffer.is_complete());
        let mut behind = FetchBuffer::new(0, Some(4));
        drop(behind.append(chunk(&[2, 4, 5])));
        assert_eq!(ready(&mut behind, 0..4), Some(4), "nothing before the end is missing");
        assert_eq!(read(&mut behind, 0..4), [2], "what lies behind the end is not read");
    }

    #[test]
    fn whoever_reads_again_makes_the_fetcher_go_back_and_gets_nothing_twice() {
        let mut buffer = FetchBuffer::new(0, Some(6));
        drop(buffer.append(chunk(&[0, 1, 2, 3])));
        assert_eq!(read(&mut buffer, 0..3), [0, 1, 2]);
        assert_eq!(ready(&mut buffer, 1..6), None);
        drop(buffer.append(chunk(&[4, 5])));
        drop(buffer.reached_end());
        assert_eq!(ready(&mut buffer, 1..6), None, "that was fetched before the seek");
        assert_eq!((buffer.take_seek(), buffer.take_seek()), (Some(1), None));
        drop(buffer.append(chunk(&[1, 2, 3, 4, 5])));
        assert_eq!(ready(&mut buffer, 1..6), Some(6));
        assert_eq!(read(&mut buffer, 1..6), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_is_still_there_needs_no_seek() {
        let mut buffer = FetchBuffer::new(0, None);
        drop(buffer.append(chunk(&[0, 1, 2, 3])));
        assert_eq!(ready(&mut buffer, 2..4), Some(4), "a batch that was committed lies behind");
        assert_eq!(buffer.take_seek(), None);
        assert_eq!(read(&mut buffer, 2..4), [2, 3]);
    }

    #[test]
    fn what_is_there_is_read_before_a_failure_is_told() {
        let gone = KafkaFailure::Refused("the topic is gone".to_owned());
        let mut there = FetchBuffer::new(0, Some(9));
        drop(there.append(chunk(&[0, 1])));
        drop(there.fail(&gone));
        assert_eq!(ready(&mut there, 0..9), Some(2));
        assert_eq!(read(&mut there, 0..2), [0, 1]);
        let polled = there.poll_ready(2..9, Waker::noop());
        assert_eq!(polled, Poll::Ready(Err(gone.clone())));
        let mut buffer = FetchBuffer::new(0, None);
        assert_eq!(ready(&mut buffer, 0..1), None);
        drop(buffer.append(chunk(&[0])));
        assert_eq!(read(&mut buffer, 0..1), [0]);
        assert_eq!(ready(&mut buffer, 1..2), None);
        assert_eq!(buffer.fail(&gone).len(), 1, "who waits is woken");
        assert_eq!(buffer.available(1, NOW), Err(gone.clone()));
        let polled = buffer.poll_ready(1..2, Waker::noop());
        assert_eq!(polled, Poll::Ready(Err(gone.clone())));
    }
}
