//! What a stage has made and its engine has not yet handed over.
//!
//! An [`Outbox`] holds sealed buffers (edge, channel, batch), the output for the sink, counters, and
//! a pool of empty batches per edge. Its [`StageRunner`](crate::stage::StageRunner) alone tells it
//! when a step begins and when output leaves, because those calls must come in order for the parts
//! of a latency to be right.

use std::collections::VecDeque;
use std::ops::Range;

use crate::exchange::sink::Output;
use crate::operator::lateness::{Fate, LateLog, LateNote};
use crate::operator::{Counters, Failure};
use crate::record::Stamps;
use crate::record::batch::Batch;
use crate::record::latency_trace as trail;
use crate::record::latency_trace::{LatencyTraces, Part, Sampling};
use crate::record::time::{EventTime, ProcessingTime};

/// A full or flushed buffer on its way to a channel.
#[derive(Debug)]
pub struct Sealed {
    /// Which of the stage's outgoing edges, in the order of its ports.
    pub edge: usize,
    /// Which partition.
    pub channel: usize,
    /// The records.
    pub batch: Batch,
}

/// Collects a stage's output between two hand-overs and keeps the pool of empty batches.
///
/// It is full once it holds as many sealed buffers as the stage has outgoing channels: a stage
/// then stops between two records or two results of a window, so that what waits here is at most
/// one buffer a channel and one record's fan-out. A chain of operators that never expand works
/// through its whole input batch first: then it is what that batch turns into.
#[derive(Debug)]
pub struct Outbox {
    sealed: VecDeque<Sealed>,
    limit: usize,
    /// Empty batches per edge.
    spare: Vec<Vec<Batch>>,
    /// Records per edge and channel.
    loads: Vec<Vec<u64>>,
    /// Bytes per edge.
    bytes: Vec<u64>,
    /// What goes to the sink.
    pub output: Output,
    /// What operators have counted.
    pub counters: Counters,
    /// Late records that operators have noted.
    pub(crate) late: LateLog,
    pub(crate) failure: Option<Failure>,
    peak_sealed: usize,
    /// Which records should leave a trail.
    sampling: Option<Sampling>,
    /// Whether the stage may make results with the times of records of an earlier step.
    holds_times: bool,
    /// Absent unless somebody asked for them.
    trails: Option<Box<LatencyTraces>>,
}

/// Empty batches kept per channel.
const SPARE_PER_CHANNEL: usize = 12;

impl Outbox {
    /// For a stage whose outgoing edges have this many channels each.
    pub fn new(channels: &[usize]) -> Self {
        Self {
            sealed: VecDeque::new(),
            limit: channels.iter().sum::<usize>().max(1),
            spare: channels.iter().map(|_| Vec::new()).collect(),
            loads: channels.iter().map(|&count| vec![0; count]).collect(),
            bytes: vec![0; channels.len()],
            output: Output::default(),
            counters: Counters::default(),
            late: LateLog::default(),
            failure: None,
            peak_sealed: 0,
            sampling: None,
            holds_times: true,
            trails: None,
        }
    }

    /// Notes a late record, and counts one that was refused.
    pub(crate) fn note_late(&mut self, note: LateNote) {
        if note.fate == Fate::Refused {
            self.counters.late_records += 1;
        }
        self.late.note(note);
    }

    /// The same with a wish for trails of sampled records, if there is one.
    pub(crate) fn with_sampling(self, sampling: Option<Sampling>, holds_times: bool) -> Self {
        Self { sampling, holds_times, ..self }
    }

    /// Keeps trails from now on if they are asked for. Only what concerns a sample reads the clock.
    pub(crate) fn start_trails(&mut self, clock: impl Fn() -> ProcessingTime + Send + 'static) {
        let channels: Vec<usize> = self.loads.iter().map(Vec::len).collect();
        self.trails = self
            .sampling
            .map(|sampling| LatencyTraces::new(sampling, &channels, Box::new(clock)))
            .map(|trails| Box::new(if self.holds_times { trails } else { trails.forgetting() }));
    }

    /// A step begins with a batch that was sealed elsewhere and waited since then; `paid` are times
    /// that a modelled implementation took meanwhile.
    #[inline]
    pub(crate) fn takes(&mut self, batch: &mut Batch, paid: &[Range<ProcessingTime>]) {
        if let Some(trails) = &mut self.trails {
            trails.take_in(batch.trails(), Part::Queue, None, paid);
        }
    }

    /// A step begins with a batch that was just read. Where batches are cut, `cut` says when this
    /// one was: until then its records waited for the cut, from then on for their task.
    #[inline]
    pub(crate) fn reads(
        &mut self,
        batch: &mut Batch,
        cut: Option<ProcessingTime>,
        paid: &[Range<ProcessingTime>],
    ) {
        if let Some(trails) = &mut self.trails {
            batch.begin_trails(trails.chooser());
            trails.take_in(batch.trails(), Part::Source, cut, paid);
        }
    }

    /// A step begins without a batch: time moves on.
    #[inline]
    pub(crate) fn steps(&mut self) {
        if let Some(trails) = &mut self.trails {
            trails.begin();
        }
    }

    /// The work of a step is done, and what it has made is about to leave: sealed buffers that were
    /// not made by it have waited in `waited` since they were.
    #[inline]
    pub(crate) fn leaves(&mut self, waited: Part) {
        let Some(trails) = &mut self.trails else { return };
        let Some(now) = trails.worked() else { return };
        for sealed in &mut self.sealed {
            trail::hand_over(sealed.batch.trails(), waited, trails.paid(), now);
        }
        trail::hand_over(&mut self.output.trails, waited, trails.paid(), now);
    }

    /// Work of the step was paid for in this time.
    pub(crate) fn pay(&mut self, paid: Range<ProcessingTime>) {
        if let Some(trails) = &mut self.trails {
            trails.pay(paid);
        }
    }

    /// The same with room for one sealed buffer only: for tests.
    #[must_use]
    pub fn with_one_slot(mut self) -> Self {
        self.limit = 1;
        self
    }

    /// Whether the stage should stop at the next good place.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.sealed.len() >= self.limit || self.output.is_full()
    }

    /// Takes the oldest sealed buffer.
    pub fn take(&mut self) -> Option<Sealed> {
        self.sealed.pop_front()
    }

    /// Whether no sealed buffer waits.
    pub fn is_empty(&self) -> bool {
        self.sealed.is_empty()
    }

    /// Whether anything waits to be handed over.
    #[inline]
    pub(crate) fn holds_output(&self) -> bool {
        !self.sealed.is_empty() || !self.output.is_empty()
    }

    /// Takes an empty batch back into the pool.
    pub fn give_back(&mut self, edge: usize, batch: Batch) {
        let pool = &mut self.spare[edge];
        if pool.len() < SPARE_PER_CHANNEL * self.loads[edge].len() {
            pool.push(batch);
        }
    }

    /// Records per edge and channel so far.
    pub fn loads(&self) -> &[Vec<u64>] {
        &self.loads
    }

    /// Bytes per edge so far, as buffers count them.
    pub fn bytes(&self) -> &[u64] {
        &self.bytes
    }

    /// Adds the records and bytes that an earlier outbox of the same subtask had counted, edge by
    /// edge; an edge that has another number of channels now counts anew.
    pub(crate) fn add_loads(&mut self, loads: &[Vec<u64>], bytes: &[u64]) {
        let earlier = loads.iter().zip(bytes);
        for ((own, sum), (loads, bytes)) in self.loads.iter_mut().zip(&mut self.bytes).zip(earlier)
        {
            if own.len() == loads.len() {
                own.iter_mut().zip(loads).for_each(|(sum, load)| *sum += load);
                *sum += bytes;
            }
        }
    }

    /// The most sealed buffers that ever waited here.
    pub const fn peak_sealed(&self) -> usize {
        self.peak_sealed
    }

    /// A sampled record goes into an open buffer.
    #[cold]
    pub(crate) fn put_trail(&mut self, edge: usize, channel: usize, stamps: Stamps) {
        if let Some(trails) = &mut self.trails {
            trails.put(edge, channel, stamps);
        }
    }

    /// A result with other times than the one before it goes to the sink next. Returns the stamps
    /// of which the one behind it need not be taken if it has them.
    #[inline(never)]
    pub(crate) fn take_times(&mut self, event_time: EventTime, stamps: Stamps) -> Stamps {
        if stamps.is_sampled() {
            match self.trails.as_mut().and_then(|trails| trails.of(stamps)) {
                Some(trail) => self.output.trails.push(trail),
                None => self.output.without_trail += 1,
            }
        }
        self.output.times.take(self.output.written, event_time, stamps)
    }

    pub(crate) fn spare<T: Send + 'static>(&mut self, edge: usize) -> Batch {
        self.spare[edge].pop().unwrap_or_else(Batch::new::<T>)
    }

    pub(crate) fn seal(&mut self, edge: usize, channel: usize, mut batch: Batch) {
        if let Some(trails) = &mut self.trails {
            trails.seal(edge, channel, batch.trails());
        }
        self.loads[edge][channel] += batch.len() as u64;
        self.bytes[edge] += batch.bytes() as u64;
        self.sealed.push_back(Sealed { edge, channel, batch });
        self.peak_sealed = self.peak_sealed.max(self.sealed.len());
    }
}
