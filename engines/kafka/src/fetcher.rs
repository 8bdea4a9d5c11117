//! The thread that fetches ahead, within a bound in bytes for each partition.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;
use std::thread::JoinHandle;
use std::time::Duration;

use dataflow::ProcessingTime;
use dataflow::job::message_log::MessageChunk;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use crate::client::{PartitionNow, may_pass};
use crate::company::Company;
use crate::fetch_buffer::FetchBuffer;
use crate::outage::{LONGEST_OUTAGE_NANOS, LOOK_NANOS, Outages, Trouble, Verdict};
use crate::settings::KafkaFailure;
use crate::topic::Topic;

/// A partition that has so many bytes unread is paused, and fetched again once half is left.
const MOST_BYTES: usize = 16 << 20;
/// Longest wait for a message before buffers are looked at.
const WAIT: Duration = Duration::from_millis(20);
/// Messages that are taken before they are handed to their buffers.
const MOST_AT_ONCE: usize = 1_000;
/// How long the leader of a partition of which nothing comes may take to say where it ends. What has
/// come of others waits meanwhile.
const LEADER_PATIENCE: Duration = Duration::from_secs(1);

/// What fetcher and readers share: a buffer for each split.
pub(crate) struct Buffers(Vec<Mutex<FetchBuffer>>);

impl Buffers {
    pub(crate) fn new(topic: &Topic) -> Self {
        let ends = topic.partitions.iter().map(|range| range.end).enumerate();
        let buffer = |(split, end)| Mutex::new(FetchBuffer::new(topic.first(split), end));
        Self(ends.map(buffer).collect())
    }

    /// The buffer of a split.
    pub(crate) fn of(&self, split: u32) -> MutexGuard<'_, FetchBuffer> {
        self.0[split as usize].lock().expect("no thread fails while it holds a buffer")
    }

    fn all(&self) -> impl Iterator<Item = (u32, MutexGuard<'_, FetchBuffer>)> {
        (0..self.0.len() as u32).map(|split| (split, self.of(split)))
    }
}

fn wake(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

/// The thread; it ends with whoever holds this.
pub(crate) struct FetcherThread {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl FetcherThread {
    /// Starts to fetch.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub(crate) fn start(
        topic: &Topic,
        buffers: Arc<Buffers>,
        company: Company,
    ) -> Result<Self, KafkaFailure> {
        let consumer = topic.consumer()?;
        let mut assigned = TopicPartitionList::new();
        let mut splits = BTreeMap::new();
        for (split, range) in (0_u32..).zip(&topic.partitions) {
            let at = Offset::Offset(topic.first(split as usize) as i64);
            assigned
                .add_partition_offset(&topic.address.topic, range.partition, at)
                .map_err(|error| topic.failure(&error))?;
            splits.insert(range.partition, split);
        }
        consumer.assign(&assigned).map_err(|error| topic.failure(&error))?;
        let stop = Arc::new(AtomicBool::new(false));
        let fetcher = Fetcher {
            topic: topic.clone(),
            consumer,
            buffers,
            splits,
            paused: vec![false; topic.partitions.len()],
            asked_again: vec![None; topic.partitions.len()],
            outages: Outages::new(topic.partitions.len()),
            down_since: None,
            looked: ProcessingTime::ZERO,
            told_of: topic.count,
            company,
        };
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("streamgauge-kafka".to_owned())
            .spawn(move || fetcher.run(&stopped))
            .map_err(|error| KafkaFailure::Failed(format!("cannot start a thread: {error}")))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for FetcherThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has no result, and a failure of it was told to the buffers.
            drop(thread.join());
        }
    }
}

struct Fetcher {
    topic: Topic,
    consumer: BaseConsumer,
    buffers: Arc<Buffers>,
    /// The split of each partition.
    splits: BTreeMap<i32, u32>,
    paused: Vec<bool>,
    /// Per split: from where on the broker was asked once more whether nothing is missing.
    asked_again: Vec<Option<u64>>,
    outages: Outages,
    /// Since when no broker answers.
    down_since: Option<ProcessingTime>,
    looked: ProcessingTime,
    /// Partitions that the user knows of.
    told_of: usize,
    company: Company,
}

impl Fetcher {
    fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            if let Err(failure) = self.turn() {
                self.buffers.all().for_each(|(_, mut buffer)| wake(buffer.fail(&failure)));
                return;
            }
        }
    }

    fn turn(&mut self) -> Result<(), KafkaFailure> {
        self.seek_and_pause()?;
        let mut fetched: BTreeMap<u32, MessageChunk> = BTreeMap::new();
        let (mut wait, mut now) = (WAIT, None);
        for _ in 0..MOST_AT_ONCE {
            let Some(polled) = self.consumer.poll(wait) else { break };
            wait = Duration::ZERO;
            match polled {
                Ok(message) => {
                    // What is taken without a wait came together.
                    let now = *now.get_or_insert_with(|| (self.company.clock)());
                    self.take(&message, now, &mut fetched);
                }
                Err(KafkaError::PartitionEOF(partition)) => {
                    // What came before it is in its buffer before its end is.
                    self.hand_over(&mut fetched);
                    self.reached_end(partition)?;
                }
                // Which partitions it is about is found out at the next look.
                Err(error) if may_pass(&error) => self.outages.doubt(),
                Err(error) => return Err(self.topic.failure(&error)),
            }
        }
        self.hand_over(&mut fetched);
        self.look_around()
    }

    fn take(
        &self,
        message: &BorrowedMessage<'_>,
        now: ProcessingTime,
        fetched: &mut BTreeMap<u32, MessageChunk>,
    ) {
        let Some(split) = self.splits.get(&message.partition()) else { return };
        let chunk = fetched.entry(*split).or_default();
        let payload = message.payload().unwrap_or_default();
        let offset = message.offset().max(0) as u64;
        chunk.push(offset, message.timestamp().to_millis(), now, payload);
    }

    fn hand_over(&mut self, fetched: &mut BTreeMap<u32, MessageChunk>) {
        for (split, chunk) in std::mem::take(fetched) {
            self.outages.moved_on(split);
            let wakers = self.buffers.of(split).append(chunk);
            wake(wakers);
        }
    }

    /// The broker has no more of a partition now. What is missing up to the end of a bounded one are
    /// marks of transactions, if the end that the broker tells is not before it; a broker that has just
    /// become the leader may lag, and is asked again.
    fn reached_end(&mut self, partition: i32) -> Result<(), KafkaFailure> {
        let Some(&split) = self.splits.get(&partition) else { return Ok(()) };
        let range = self.topic.partitions[split as usize];
        let Some(from) = self.buffers.of(split).lacks() else {
            self.outages.reached_end(split);
            return Ok(());
        };
        let topic = &self.topic.address.topic;
        let high = self.consumer.fetch_watermarks(topic, partition, crate::client::PATIENCE);
        let is_there = high.is_ok_and(|(_, high)| high.max(0) as u64 >= range.end.unwrap_or(0));
        if is_there {
            self.outages.reached_end(split);
        }
        if is_there && self.asked_again[split as usize] == Some(from) {
            wake(self.buffers.of(split).reached_end());
            return Ok(());
        }
        // The next time that it says so is after this look.
        self.asked_again[split as usize] = is_there.then_some(from);
        let at = Offset::Offset(from as i64);
        let sought = self.consumer.seek(topic, partition, at, crate::client::PATIENCE);
        sought.map_err(|error| self.topic.failure(&error))
    }

    /// Goes where readers want to read, and fetches no more of partitions that have enough.
    fn seek_and_pause(&mut self) -> Result<(), KafkaFailure> {
        for split in 0..self.paused.len() {
            let range = self.topic.partitions[split];
            let (seek, bytes, is_complete) = {
                let mut buffer = self.buffers.of(split as u32);
                (buffer.take_seek(), buffer.bytes(), buffer.is_complete())
            };
            if let Some(offset) = seek {
                let at = Offset::Offset(offset as i64);
                self.consumer
                    .seek(&self.topic.address.topic, range.partition, at, crate::client::PATIENCE)
                    .map_err(|error| self.topic.failure(&error))?;
                self.outages.moved_on(split as u32);
            }
            // What lies behind the end is of no use, either.
            let is_full =
                is_complete || bytes > if self.paused[split] { MOST_BYTES / 2 } else { MOST_BYTES };
            if is_full != self.paused[split] {
                let mut list = TopicPartitionList::new();
                list.add_partition(&self.topic.address.topic, range.partition);
                let changed = match is_full {
                    true => self.consumer.pause(&list),
                    false => self.consumer.resume(&list),
                };
                changed.map_err(|error| self.topic.failure(&error))?;
                self.paused[split] = is_full;
            }
        }
        Ok(())
    }

    /// Looks from time to time whether brokers answer, nothing holds a partition up, and the topic has
    /// not grown.
    fn look_around(&mut self) -> Result<(), KafkaFailure> {
        let now = (self.company.clock)();
        if now.since(self.looked) < LOOK_NANOS {
            return Ok(());
        }
        self.looked = now;
        let wanted = self.wanted();
        if wanted.is_empty() {
            // Nothing is wanted of a broker any more, unless somebody goes back.
            self.down_since = None;
            return Ok(());
        }
        let mut quiet = wanted.iter().filter(|split| self.outages.is_quiet(**split));
        if self.topic.is_bounded() && quiet.next().is_none() {
            return wanted.into_iter().try_for_each(|split| self.judge(split, None, now));
        }
        match self.topic.partitions_now(&self.consumer) {
            Err(refused @ KafkaFailure::Refused(_)) => Err(refused),
            Err(KafkaFailure::Failed(_)) => self.no_broker_answers(now),
            Ok(there) => {
                if self.down_since.take().is_some() {
                    (self.company.tell)(&format!("{} answers again", self.topic.place()));
                }
                self.tell_of_growth(there.len());
                self.look_at(&wanted, &there, now)
            }
        }
    }

    /// The splits of which something is still to come, and for which there is room.
    fn wanted(&self) -> Vec<u32> {
        let buffers = self.buffers.all().zip(&self.paused);
        let wanted = buffers.filter(|((_, buffer), paused)| !**paused && !buffer.is_complete());
        wanted.map(|((split, _), _)| split).collect()
    }

    fn no_broker_answers(&mut self, now: ProcessingTime) -> Result<(), KafkaFailure> {
        let at = self.topic.place();
        if now.since(*self.down_since.get_or_insert(now)) > LONGEST_OUTAGE_NANOS {
            let seconds = LONGEST_OUTAGE_NANOS / 1_000_000_000;
            let failure = format!("{at}: no broker has answered for {seconds} s");
            return Err(KafkaFailure::Failed(failure));
        }
        (self.company.tell)(&format!("{at}: no broker answers; it is waited for"));
        Ok(())
    }

    fn tell_of_growth(&mut self, count: usize) {
        if !self.topic.is_bounded() && count > self.told_of {
            (self.company.tell)(&format!(
                "{} has {count} partitions now and had {} when it was opened: the new ones are not read; \
                 start again to read them",
                self.topic.place(),
                self.topic.count
            ));
            self.told_of = count;
        }
    }

    /// Looks for what holds partitions up of which nothing has come.
    fn look_at(
        &mut self,
        wanted: &[u32],
        there: &[PartitionNow],
        now: ProcessingTime,
    ) -> Result<(), KafkaFailure> {
        let mut silent = BTreeSet::new();
        for &split in wanted {
            let number = self.topic.partitions[split as usize].partition;
            let Some(partition) = there.iter().find(|it| it.number == number) else {
                let (at, offset) =
                    (self.topic.at_partition(number), self.buffers.of(split).fetched());
                return Err(KafkaFailure::Refused(format!(
                    "{at}, offset {offset}: the partition is not there any more: the topic was made anew \
                     with fewer of them; begin again with an empty checkpoint directory"
                )));
            };
            let trouble = if !partition.has_leader() {
                Some(Trouble::NoLeader)
            } else if self.outages.is_quiet(split) {
                self.trouble_of(split, *partition, &mut silent)
            } else {
                None
            };
            self.judge(split, trouble, now)?;
        }
        Ok(())
    }

    /// Asks the leader of a partition of which nothing has come where it ends. Those leaders that did not
    /// answer before are not asked again.
    fn trouble_of(
        &self,
        split: u32,
        PartitionNow { number, leader }: PartitionNow,
        silent: &mut BTreeSet<i32>,
    ) -> Option<Trouble> {
        let topic = &self.topic.address.topic;
        let asked = (!silent.contains(&leader))
            .then(|| self.consumer.fetch_watermarks(topic, number, LEADER_PATIENCE));
        let Some(Ok((_, high))) = asked else {
            silent.insert(leader);
            return Some(Trouble::SilentLeader(leader));
        };
        let (high, fetched) = (high.max(0) as u64, self.buffers.of(split).fetched());
        match self.topic.partitions[split as usize].end {
            Some(end) if high < end => Some(Trouble::Shorter(high)),
            _ if high > fetched => Some(Trouble::NoMessages(leader)),
            _ => None,
        }
    }

    /// Tells of what a look at a split has found, or gives it up.
    fn judge(
        &mut self,
        split: u32,
        trouble: Option<Trouble>,
        now: ProcessingTime,
    ) -> Result<(), KafkaFailure> {
        let at = self.topic.at_partition(self.topic.partitions[split as usize].partition);
        let what = trouble.map(Trouble::what).unwrap_or_default();
        match self.outages.note(split, trouble, now) {
            Verdict::Nothing => {}
            Verdict::Waits => (self.company.tell)(&format!("{at}: {what}; it is waited for")),
            Verdict::Over => (self.company.tell)(&format!("{at} can be read again")),
            Verdict::Expired => {
                let (seconds, offset) =
                    (LONGEST_OUTAGE_NANOS / 1_000_000_000, self.buffers.of(split).fetched());
                let cure = trouble.map(Trouble::cure).unwrap_or_default();
                return Err(KafkaFailure::Failed(format!(
                    "{at}, offset {offset}: {what}, for over {seconds} s; {cure}"
                )));
            }
        }
        Ok(())
    }
}
