//! The messages of a topic as the splits of a job.

use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use dataflow::ProcessingTime;
use dataflow::job::message_log::{MessageChunk, MessageLog, MessageReader};
use dataflow::job::source::{Available, SourceError, SourceFailure, Splits};

use crate::company::Company;
use crate::fetcher::{Buffers, FetcherThread};
use crate::settings::KafkaFailure;
use crate::topic::Topic;
use crate::wait::unix_ms;

/// The messages of a topic, fetched ahead while this is there.
pub struct TopicLog {
    topic: Topic,
    /// As the user knows it.
    name: String,
    buffers: Arc<Buffers>,
    company: Company,
    /// Unix time at time 0 of the run, where messages come while it goes on.
    epoch_ms: Option<i64>,
    /// Ends with the log.
    _fetcher: FetcherThread,
}

impl TopicLog {
    /// Begins to fetch a topic.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn open(topic: Topic, company: Company) -> Result<Self, KafkaFailure> {
        let buffers = Arc::new(Buffers::new(&topic));
        let fetcher = FetcherThread::start(&topic, Arc::clone(&buffers), company.clone())?;
        let name = format!("kafka:{}", topic.address);
        let epoch_ms = (!topic.is_bounded()).then(|| epoch_ms(&company));
        Ok(Self { topic, name, buffers, company, epoch_ms, _fetcher: fetcher })
    }
}

/// Unix time at time 0 of the run, in milliseconds: messages have time stamps by that clock.
fn epoch_ms(company: &Company) -> i64 {
    unix_ms() - ((company.clock)().0 / 1_000_000) as i64
}

impl Splits for TopicLog {
    fn splits(&self) -> u32 {
        self.topic.partitions.len() as u32
    }

    fn start(&self, split: u32) -> u64 {
        self.topic.partitions[split as usize].start
    }

    fn available(
        &self,
        split: u32,
        from: u64,
        now: ProcessingTime,
    ) -> Result<Available, SourceError> {
        let available = self.buffers.of(split).available(from, now);
        available.map_err(|failure| failed(&self.name, split, from, failure))
    }

    fn when_available(&self, split: u32, waker: &Waker) {
        self.buffers.of(split).wake_later(waker);
    }

    fn obstacle(&self, split: u32, from: u64) -> Result<Option<String>, SourceError> {
        let obstacle = self.topic.obstacle(split, from);
        obstacle.map_err(|error| failed(&self.name, split, from, error))
    }
}

impl MessageLog for TopicLog {
    fn name(&self) -> &str {
        &self.name
    }

    fn part(&self, split: u32) -> String {
        format!("{}, partition {}", self.name, self.topic.partitions[split as usize].partition)
    }

    fn end(&self, split: u32) -> Option<u64> {
        self.topic.partitions[split as usize].end
    }

    fn epoch_ms(&self) -> Option<i64> {
        self.epoch_ms
    }

    fn reader(&self) -> Box<dyn MessageReader> {
        Box::new(TopicReader { name: self.name.clone(), buffers: Arc::clone(&self.buffers) })
    }

    fn again(&self) -> Result<Arc<dyn MessageLog>, SourceError> {
        let again = Self::open(self.topic.clone(), self.company.clone());
        let again = again.map_err(|failure| failed(&self.name, 0, 0, failure))?;
        Ok(Arc::new(again))
    }
}

struct TopicReader {
    name: String,
    buffers: Arc<Buffers>,
}

impl MessageReader for TopicReader {
    fn poll_ready(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        context: &mut Context<'_>,
    ) -> Poll<Result<u64, SourceError>> {
        let from = offsets.start;
        let ready = self.buffers.of(split).poll_ready(offsets, context.waker());
        ready.map_err(|failure| failed(&self.name, split, from, failure))
    }

    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut MessageChunk,
    ) -> Result<(), SourceError> {
        self.buffers.of(split).read(offsets, into);
        Ok(())
    }
}

fn failed(input: &str, split: u32, offset: u64, failure: KafkaFailure) -> SourceError {
    let (failure, cause) = match failure {
        KafkaFailure::Refused(cause) => (SourceFailure::Refused, cause),
        KafkaFailure::Failed(cause) => (SourceFailure::Failed, cause),
    };
    let (input, line, column) = (input.to_owned(), None, None);
    SourceError { input, split, offset, line, column, failure, cause }
}
