//! Where records leave a stage: into buffers for the partitions of the next, or into the sink.
//!
//! [`Exchange`] keeps one open buffer per channel and seals it when its bytes reach the size of a
//! buffer. [`Appending`] and [`Changing`] are the tail of the last stage. They know the type of the
//! record, so the digest of the answer is computed there, inside of the task.

pub mod failure;
pub mod foreign;
pub mod outbox;
mod row_change;
pub mod sink;

use crate::exchange::outbox::Outbox;
use crate::exchange::sink::Wants;
use crate::placement::Placement;
use crate::record::Record;
use crate::record::batch::Mark;
use crate::record::change::Change;
use crate::record::data::{Data, Key};
use crate::record::time::EventTime;

/// The end of a stage's chain.
pub trait Tail<T>: Send {
    /// Takes a record.
    fn push(&mut self, record: Record<T>, out: &mut Outbox);
    /// What must be taken of a record before it comes by [`Tail::push_timed`].
    fn wants(&self) -> Wants {
        Wants::default()
    }
    /// Takes a record of which the outbox has what [`Tail::wants`] of its times.
    #[inline(always)]
    fn push_timed(&mut self, record: Record<T>, out: &mut Outbox) {
        self.push(record, out);
    }
    /// Puts a watermark behind what was pushed, for every partition.
    fn mark(&mut self, watermark: EventTime, out: &mut Outbox);
    /// Hands over what open buffers hold.
    fn flush(&mut self, out: &mut Outbox);
}

impl<T> Tail<T> for Box<dyn Tail<T>> {
    fn push(&mut self, record: Record<T>, out: &mut Outbox) {
        (**self).push(record, out);
    }
    fn mark(&mut self, watermark: EventTime, out: &mut Outbox) {
        (**self).mark(watermark, out);
    }
    fn flush(&mut self, out: &mut Outbox) {
        (**self).flush(out);
    }
}

/// Finds the channel of a record.
pub trait Route<T>: Send {
    /// Number of the channel.
    fn channel(&self, value: &T) -> usize;
}

/// By key, to the partition that the placement names.
#[derive(Clone, Debug)]
pub struct ByKey<F> {
    /// Finds the key.
    pub key_of: F,
    /// Finds the partition.
    pub placement: Placement,
}

impl<T, K: Key, F: Fn(&T) -> K + Send> Route<T> for ByKey<F> {
    #[inline]
    fn channel(&self, value: &T) -> usize {
        self.placement.partition(&(self.key_of)(value)) as usize
    }
}

/// To the one channel there is: the subtask of the same number.
#[derive(Copy, Clone, Debug)]
pub struct Forward;

impl<T> Route<T> for Forward {
    #[inline]
    fn channel(&self, _: &T) -> usize {
        0
    }
}

/// Buffers records per channel and seals a buffer when it has reached its size.
///
/// A flush seals what is there, and the channel's next buffer keeps only the room that was left:
/// in Flink a flush hands over the written part of a buffer that stays open, so flushing does not
/// move the places at which buffers fill.
#[derive(Debug)]
pub struct Exchange<T, R> {
    route: R,
    edge: usize,
    buffer_bytes: usize,
    channels: Vec<Open<T>>,
}

#[derive(Debug)]
struct Open<T> {
    records: Vec<Record<T>>,
    marks: Vec<Mark>,
    bytes: usize,
    /// Bytes after which this buffer is full.
    room: usize,
}

impl<T: Data, R: Route<T>> Exchange<T, R> {
    /// For the stage's outgoing edge `edge` with this many channels and buffers of `buffer_bytes`.
    pub fn new(route: R, edge: usize, channels: usize, buffer_bytes: usize) -> Self {
        let open = || Open { records: Vec::new(), marks: Vec::new(), bytes: 0, room: buffer_bytes };
        let channels = (0..channels).map(|_| open()).collect();
        Self { route, edge, buffer_bytes, channels }
    }

    #[inline(never)]
    fn seal(&mut self, channel: usize, out: &mut Outbox) {
        let open = &mut self.channels[channel];
        let mut batch = out.spare::<T>(self.edge);
        batch.seal(&mut open.records, &mut open.marks, open.bytes);
        // Full: a whole new buffer. Flushed: the rest of this one.
        if open.bytes >= open.room {
            open.room = self.buffer_bytes;
            // To grow step by step would copy every record. Who fills a buffer fills another.
            open.records.reserve_exact(batch.len());
        } else {
            open.room -= open.bytes;
        }
        open.bytes = 0;
        out.seal(self.edge, channel, batch);
    }
}

impl<T: Data, R: Route<T>> Tail<T> for Exchange<T, R> {
    #[inline]
    fn push(&mut self, record: Record<T>, out: &mut Outbox) {
        let channel = self.route.channel(&record.value);
        if record.stamps.is_sampled() {
            out.put_trail(self.edge, channel, record.stamps);
        }
        let open = &mut self.channels[channel];
        open.bytes += record.value.size_bytes() + Record::<T>::STAMP_BYTES;
        open.records.push(record);
        if open.bytes >= open.room {
            self.seal(channel, out);
        }
    }

    fn mark(&mut self, watermark: EventTime, _: &mut Outbox) {
        for open in &mut self.channels {
            let position = open.records.len();
            match open.marks.last_mut() {
                Some(last) if last.position == position => last.watermark = watermark,
                _ => open.marks.push(Mark { position, watermark }),
            }
        }
    }

    fn flush(&mut self, out: &mut Outbox) {
        for channel in 0..self.channels.len() {
            let open = &self.channels[channel];
            if !open.records.is_empty() || !open.marks.is_empty() {
                self.seal(channel, out);
            }
        }
    }
}

/// Takes of a record that goes to the sink next what is wanted of its times.
#[inline(always)]
fn take_times<T>(record: &Record<T>, wants: Wants, out: &mut Outbox) {
    if wants.stamps && !out.output.times.has_last(record, wants.event_times) {
        let event_time = if wants.event_times { record.event_time } else { EventTime::MIN };
        out.take_times(event_time, record.stamps);
    }
}

/// Into the sink, as an `append` result.
#[derive(Copy, Clone, Debug)]
pub struct Appending {
    /// What the sink needs.
    pub wants: Wants,
}

impl<T: Data> Tail<T> for Appending {
    #[inline(always)]
    fn push(&mut self, record: Record<T>, out: &mut Outbox) {
        take_times(&record, self.wants, out);
        self.push_timed(record, out);
    }
    fn wants(&self) -> Wants {
        self.wants
    }
    #[inline(always)]
    fn push_timed(&mut self, record: Record<T>, out: &mut Outbox) {
        out.output.append(&record.value, self.wants);
    }
    fn mark(&mut self, _: EventTime, _: &mut Outbox) {}
    fn flush(&mut self, _: &mut Outbox) {}
}

/// Into the sink, as changes of an `upsert` or `retract` result.
#[derive(Copy, Clone, Debug)]
pub struct Changing {
    /// What the sink needs.
    pub wants: Wants,
}

impl<T: Data> Tail<Change<T>> for Changing {
    #[inline(always)]
    fn push(&mut self, record: Record<Change<T>>, out: &mut Outbox) {
        take_times(&record, self.wants, out);
        self.push_timed(record, out);
    }
    fn wants(&self) -> Wants {
        self.wants
    }
    #[inline(always)]
    fn push_timed(&mut self, record: Record<Change<T>>, out: &mut Outbox) {
        out.output.change(&record.value, self.wants);
    }
    fn mark(&mut self, _: EventTime, _: &mut Outbox) {}
    fn flush(&mut self, _: &mut Outbox) {}
}
