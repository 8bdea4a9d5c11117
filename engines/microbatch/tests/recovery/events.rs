//! Events as functions of their number, and the answer by plain collections.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll};

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::source::{Available, Next, Reader, Source, SourceError, Splits};
use dataflow::operators::Count;
use dataflow::{EventTime, Plan, ProcessingTime, Record, Stamps, Stream};

/// Key and number.
type Event = (u64, u64);

const MILLI: i64 = 1_000_000;
const SPLITS: u64 = 3;
/// The longest delay among events, in milliseconds.
const LATE_MILLIS: u64 = 6;
const WINDOW_NANOS: i64 = 20 * MILLI;

/// Events, one each tenth of a millisecond, over seven keys.
#[derive(Clone, Copy)]
pub(crate) struct Events {
    pub(crate) count: u64,
    /// How far the offsets of two events of a split lie apart: all but the first are gaps.
    pub(crate) spacing: u64,
    /// From this number on events are said to be there, and do not come.
    pub(crate) missing_from: u64,
    /// Split 0 holds nothing before this offset any more.
    pub(crate) begins_at: u64,
    /// By how many milliseconds of event time each split is behind the one before it.
    pub(crate) behind_millis: u64,
}

/// Spreads numbers evenly and always alike.
pub(crate) fn mix(number: u64) -> u64 {
    let word = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word ^ (word >> 27)
}

const fn planned(number: u64) -> u64 {
    number * 100_000
}

fn key(number: u64) -> u64 {
    mix(number + 1) % 7
}

impl Events {
    /// All of which come, at offsets without a gap.
    pub(crate) fn new(count: u64) -> Self {
        Self { count, spacing: 1, missing_from: u64::MAX, begins_at: 0, behind_millis: 0 }
    }

    /// Counts per key and window, optionally of another job that lets everything pass first.
    pub(crate) fn plan(self, slot: SinkSlot, filtered: bool) -> Plan {
        let events = Stream::from_source(Arc::new(self), LATE_MILLIS as i64 * MILLI);
        if filtered {
            let windows = events.filter(|_| true).key_by(|event: &Event| event.0);
            return windows.window(WINDOW_NANOS).aggregate(Count::default()).sink(slot);
        }
        let windows = events.key_by(|event: &Event| event.0).window(WINDOW_NANOS);
        windows.aggregate(Count::default()).sink(slot)
    }

    /// The rows that the plan must put out, each once.
    pub(crate) fn expected(self) -> BTreeMap<String, u64> {
        let mut counts: BTreeMap<(i64, u64), u64> = BTreeMap::new();
        for number in 0..self.count {
            let end = (self.event_time(number).div_euclid(WINDOW_NANOS) + 1) * WINDOW_NANOS;
            *counts.entry((end, key(number))).or_default() += 1;
        }
        let row = |((end, key), count)| {
            (format!(r#"{{"key":{key},"window_end":{end},"result":{count}}}"#), 1)
        };
        counts.into_iter().map(row).collect()
    }

    fn event_time(self, number: u64) -> i64 {
        let behind = self.behind_millis * (number % SPLITS) + mix(number + 99) % LATE_MILLIS;
        (number as i64 - behind as i64) * MILLI
    }

    /// Offsets of a split.
    const fn length(self, split: u64) -> u64 {
        self.count.saturating_sub(split).div_ceil(SPLITS) * self.spacing
    }

    /// The number of the event at an offset, or of the next one behind it.
    const fn number(self, split: u64, offset: u64) -> u64 {
        split + offset.div_ceil(self.spacing) * SPLITS
    }
}

impl Splits for Events {
    fn splits(&self) -> u32 {
        SPLITS as u32
    }

    fn available(
        &self,
        split: u32,
        from: u64,
        now: ProcessingTime,
    ) -> Result<Available, SourceError> {
        let at = |offset| planned(self.number(u64::from(split), offset));
        let length = self.length(u64::from(split));
        let end = (from..length).find(|&offset| at(offset) > now.0).unwrap_or(length);
        let next = if end == length { Next::Never } else { Next::At(ProcessingTime(at(end))) };
        Ok(Available { end, next })
    }

    fn obstacle(&self, split: u32, from: u64) -> Result<Option<String>, SourceError> {
        let is_gone = split == 0 && from < self.begins_at;
        Ok(is_gone.then(|| format!("offset {from} is gone")))
    }
}

impl Source<Event> for Events {
    fn reader(&self) -> Box<dyn Reader<Event>> {
        Box::new(*self)
    }
}

impl Reader<Event> for Events {
    fn poll_ready(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        _: &mut Context<'_>,
    ) -> Poll<Result<u64, SourceError>> {
        let is_missing = |at: &u64| self.number(u64::from(split), *at) >= self.missing_from;
        let upto = offsets.clone().find(is_missing).unwrap_or(offsets.end);
        if upto > offsets.start { Poll::Ready(Ok(upto)) } else { Poll::Pending }
    }

    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Vec<Record<Event>>,
    ) -> Result<EventTime, SourceError> {
        let mut newest = EventTime::MIN;
        let held = offsets.filter(|offset| offset.is_multiple_of(self.spacing));
        for number in held.map(|offset| self.number(u64::from(split), offset)) {
            let event_time = EventTime(self.event_time(number));
            newest = newest.max(event_time);
            into.push(Record { value: (key(number), number), event_time, stamps: Stamps::UNTIMED });
        }
        Ok(newest)
    }
}
