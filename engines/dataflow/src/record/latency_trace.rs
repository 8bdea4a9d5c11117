//! Where the time of a latency went: traces of sampled records, from their planned time on.
//!
//! Samples are chosen where records are read: the reader jumps from sample to sample by gaps without
//! memory, and marks each in the lowest bit of its planned stamp. So every place on the way knows
//! samples by their stamps, and nobody looks at the records between. What a result is made from
//! hands it its stamps (those of the newest contributor), and with them its trace. Batches carry
//! the traces of their samples beside the records. The outbox keeps those of open buffers and, by
//! planned time, those of records in state; the oldest are forgotten, which is counted.
//!
//! The runner of a stage says when a step begins, and when output leaves. Each call adds the time
//! since the last one to a [`Part`], so the parts of a trace are its total to the nanosecond. A step
//! that meets no sample reads no clock.

use std::collections::VecDeque;
use std::ops::Range;

use hashbrown::HashMap;
use rand_distr::{Distribution, Geometric};
use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::SeedableRng;

use crate::record::time::ProcessingTime;
use crate::record::{Record, StampUnit, Stamps};

/// What a record's time can go into. Every nanosecond between its planned time and its emission
/// belongs to one of them.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Planned, and not there yet: on its way, as from a broker, or from a split that is late.
    Fetch,
    /// Readable, and not read: its task had other work, or no room for what it makes.
    /// In a micro-batch that is the time from the cut of its batch until a task has come to it.
    Source,
    /// In a buffer that had to fill up or be flushed (pipelined), or before its batch was cut
    /// (micro-batch).
    Boundary,
    /// On a channel: sealed, and not taken by the next stage. In a micro-batch that is the time
    /// until the last task of the stage has ended and the next has a slot.
    Queue,
    /// From being taken by a subtask or task until that hands over what it has made.
    Processing,
    /// What work costs a modelled implementation: beyond our own on the wall clock, in virtual time
    /// all of it.
    Cost,
    /// In state: the result waits for a watermark, a timer or the end of a unit of work.
    State,
    /// Written, and not committed: under exactly-once nobody sees a result before.
    Commit,
}

impl Part {
    /// All, in the order in which a record comes by them.
    pub const ALL: [Self; 8] = [
        Self::Fetch,
        Self::Source,
        Self::Boundary,
        Self::Queue,
        Self::Processing,
        Self::Cost,
        Self::State,
        Self::Commit,
    ];
}

/// Which records leave a trail.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Sampling {
    one_in: u32,
    start: ProcessingTime,
    unit: StampUnit,
}

impl Sampling {
    /// About one in this number of records, whose stamps count in `unit` from `start`.
    ///
    /// # Panics
    /// When `one_in` is 0.
    pub fn one_in(one_in: u32, start: ProcessingTime, unit: StampUnit) -> Self {
        assert!(one_in > 0, "one in no record is no sample");
        Self { one_in, start, unit }
    }

    /// One in how many.
    pub const fn rarity(self) -> u32 {
        self.one_in
    }
}

/// Chooses the samples among what one subtask reads: each record by the same chance, and nothing
/// is done for those between. Gaps have no memory and beat with nothing periodic in the engine, so
/// it does not matter where reading begins anew.
#[derive(Debug)]
pub(crate) struct Chooser {
    sampling: Sampling,
    gaps: Geometric,
    /// Seeded by the first record that was read.
    random: Option<SplitMix64>,
    /// Records to pass by before the next sample.
    gap: u64,
}

impl Chooser {
    fn new(sampling: Sampling) -> Self {
        let gaps = Geometric::new(1.0 / f64::from(sampling.one_in)).expect("a chance above 0");
        Self { sampling, gaps, random: None, gap: 0 }
    }

    /// Marks the samples among records that were just read, and begins their trails.
    pub(crate) fn choose<T>(&mut self, records: &mut [Record<T>], trails: &mut Vec<LatencyTrace>) {
        let Some(first) = records.first() else { return };
        let random = self.random.get_or_insert_with(|| {
            let seed = first.event_time.0 as u64 ^ (u64::from(first.stamps.planned) << 32);
            let mut random = SplitMix64::seed_from_u64(seed);
            self.gap = self.gaps.sample(&mut random);
            random
        });
        let mut rest = records;
        while let Some(record) = usize::try_from(self.gap).ok().and_then(|gap| rest.get_mut(gap)) {
            record.stamps = record.stamps.sampled();
            if record.stamps.is_sampled() {
                trails.push(LatencyTrace::new(record.stamps, self.sampling));
            }
            rest = &mut rest[self.gap as usize + 1..];
            self.gap = self.gaps.sample(random);
        }
        self.gap -= rest.len() as u64;
    }
}

/// The way of one sampled record so far.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct LatencyTrace {
    /// Its planned time, by which it is known.
    planned: u32,
    /// Whether the step that put it into a buffer is done.
    worked: bool,
    /// Accounted for until then.
    since: ProcessingTime,
    /// Nanoseconds of each [`Part`].
    parts: [u64; Part::ALL.len()],
}

impl LatencyTrace {
    /// From the planned time of a record with these stamps on.
    pub fn new(stamps: Stamps, sampling: Sampling) -> Self {
        let at = |stamp| sampling.start.after(sampling.unit.instant(stamp).0);
        let (planned, parts) = (stamps.planned, [0; Part::ALL.len()]);
        let mut trace = Self { planned, worked: false, since: at(planned), parts };
        trace.spend(Part::Fetch, at(stamps.ingested));
        trace
    }

    /// What has passed since the last call went into `part`.
    pub fn spend(&mut self, part: Part, now: ProcessingTime) {
        self.parts[part as usize] += now.since(self.since);
        self.since = self.since.max(now);
    }

    /// What has passed since the last call was work, which was paid for in these times.
    fn spend_working(&mut self, paid: &[Range<ProcessingTime>], now: ProcessingTime) {
        self.spend_paying(Part::Processing, paid);
        self.spend(Part::Processing, now);
    }

    /// What has passed up to the end of the last of these times went into them, and between into `part`.
    fn spend_paying(&mut self, part: Part, paid: &[Range<ProcessingTime>]) {
        for paid in paid {
            self.spend(part, paid.start);
            self.spend(Part::Cost, paid.end);
        }
    }

    /// Nanoseconds of a part.
    pub const fn nanos(&self, part: Part) -> u64 {
        self.parts[part as usize]
    }

    /// Nanoseconds from the planned time to the last call of [`LatencyTrace::spend`].
    pub fn total_nanos(&self) -> u64 {
        self.parts.iter().sum()
    }
}

/// Traces kept for records that are in state; the oldest go first.
const KNOWN: usize = 32_768;

/// Reads the time.
pub(crate) type Clock = Box<dyn Fn() -> ProcessingTime + Send>;

/// The trails of one subtask: of what it has taken in, and of what lies in its open buffers.
pub(crate) struct LatencyTraces {
    chooser: Chooser,
    clock: Clock,
    /// By planned time.
    known: HashMap<u32, LatencyTrace, foldhash::fast::FixedState>,
    /// The same planned times, the oldest first.
    order: VecDeque<u32>,
    /// Those whose work is not done.
    current: Vec<u32>,
    /// When the step in work began, or first met a sample.
    began: Option<ProcessingTime>,
    /// Whether a sample has been met since the last step was done.
    met: bool,
    /// When work of the step was paid for, turn by turn.
    paid: Vec<Range<ProcessingTime>>,
    /// Per edge and channel: those of the open buffer.
    open: Vec<Vec<Vec<LatencyTrace>>>,
    /// Nothing waits in state.
    forgets: bool,
}

impl std::fmt::Debug for LatencyTraces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LatencyTraces").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

impl LatencyTraces {
    pub(crate) fn new(sampling: Sampling, channels: &[usize], clock: Clock) -> Self {
        Self {
            chooser: Chooser::new(sampling),
            clock,
            known: HashMap::default(),
            order: VecDeque::new(),
            current: Vec::new(),
            began: None,
            met: false,
            paid: Vec::new(),
            open: channels.iter().map(|&count| vec![Vec::new(); count]).collect(),
            forgets: false,
        }
    }

    /// For a stage that makes results only from records of the same step: what it has taken in is
    /// forgotten with the next step, which keeps a run's samples out of the processor's caches.
    pub(crate) fn forgetting(self) -> Self {
        Self { forgets: true, ..self }
    }

    /// A step begins that takes no batch.
    pub(crate) fn begin(&mut self) {
        self.began = None;
        self.paid.clear();
    }

    /// Work of the step was paid for in this time.
    pub(crate) fn pay(&mut self, paid: Range<ProcessingTime>) {
        self.paid.push(paid);
    }

    /// When work of the step was paid for.
    pub(crate) fn paid(&self) -> &[Range<ProcessingTime>] {
        &self.paid
    }

    /// A step meets a sample: when it began, as far as that is known.
    fn meet(&mut self) -> ProcessingTime {
        self.met = true;
        *self.began.get_or_insert_with(&self.clock)
    }

    /// Chooses samples among what is read.
    pub(crate) fn chooser(&mut self) -> &mut Chooser {
        &mut self.chooser
    }

    /// A step begins with a batch that has these trails, which until now spent their time in
    /// `waited`, before `cut` at a boundary, and in the times of `paid` on a price.
    pub(crate) fn take_in(
        &mut self,
        batch: &mut Vec<LatencyTrace>,
        waited: Part,
        cut: Option<ProcessingTime>,
        paid: &[Range<ProcessingTime>],
    ) {
        self.begin();
        if batch.is_empty() {
            return;
        }
        if self.forgets {
            self.known.clear();
            self.order.clear();
        }
        let now = self.meet();
        for mut trail in batch.drain(..) {
            trail.spend(Part::Boundary, cut.unwrap_or_default());
            trail.spend_paying(waited, paid);
            trail.spend(waited, now);
            trail.worked = false;
            self.current.push(trail.planned);
            if self.known.insert(trail.planned, trail).is_none() {
                self.order.push_back(trail.planned);
            }
            if self.order.len() > KNOWN
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
    }

    /// The trail of a sampled record that the step in work has made.
    pub(crate) fn of(&mut self, stamps: Stamps) -> Option<LatencyTrace> {
        let mut trail = *self.known.get(&stamps.planned)?;
        // Taken in by an earlier step, and in state since then.
        trail.spend(Part::State, self.meet());
        Some(trail)
    }

    /// A sampled record goes into an open buffer.
    pub(crate) fn put(&mut self, edge: usize, channel: usize, stamps: Stamps) {
        if let Some(trail) = self.of(stamps) {
            self.open[edge][channel].push(trail);
        }
    }

    /// The open buffer is sealed: its trails go along.
    pub(crate) fn seal(&mut self, edge: usize, channel: usize, into: &mut Vec<LatencyTrace>) {
        std::mem::swap(&mut self.open[edge][channel], into);
        self.met |= !into.is_empty();
    }

    /// The work of a step is done; what it has put into open buffers waits there from now on.
    /// Returns when that was, if there were samples.
    pub(crate) fn worked(&mut self) -> Option<ProcessingTime> {
        if !std::mem::take(&mut self.met) {
            return None;
        }
        let now = (self.clock)();
        for planned in self.current.drain(..) {
            if let Some(trail) = self.known.get_mut(&planned) {
                trail.spend_working(&self.paid, now);
            }
        }
        for open in self.open.iter_mut().flatten() {
            // The newest stand last.
            for trail in open.iter_mut().rev().take_while(|trail| !trail.worked) {
                trail.spend_working(&self.paid, now);
                trail.worked = true;
            }
        }
        Some(now)
    }
}

/// Sealed buffers leave: what of their time was not work went into `waited`. The work of the step was
/// paid for in the times `paid`.
pub(crate) fn hand_over(
    trails: &mut [LatencyTrace],
    waited: Part,
    paid: &[Range<ProcessingTime>],
    now: ProcessingTime,
) {
    for trail in trails {
        if trail.worked {
            trail.spend(waited, now);
        } else {
            trail.spend_working(paid, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::record::time::EventTime;

    const ALL: StampUnit = StampUnit::MICROSECOND;

    /// Traces of every record, on a clock that the test sets.
    fn trails(start: ProcessingTime) -> (LatencyTraces, Sampling, Arc<AtomicU64>) {
        let clock = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&clock);
        let now = Box::new(move || ProcessingTime(read.load(Ordering::Relaxed)));
        let sampling = Sampling::one_in(1, start, ALL);
        (LatencyTraces::new(sampling, &[1], now), sampling, clock)
    }

    fn stamps(planned: u32) -> Stamps {
        Stamps { planned, ingested: planned }
    }

    #[test]
    fn one_in_so_many_is_a_sample_whatever_the_size_of_batches() {
        let events = 200_000;
        for one_in in [1, 4, 100, 1_000] {
            let sampling = Sampling::one_in(one_in, ProcessingTime::ZERO, ALL);
            for records in [1, 7, 256, 100_000] {
                let mut chooser = Chooser::new(sampling);
                let mut picked = Vec::new();
                for first in (0..events).step_by(records) {
                    // Every third batch is read by a new subtask.
                    if first / records % 3 == 0 {
                        chooser = Chooser::new(sampling);
                    }
                    let event = |number: usize| Record {
                        value: number,
                        event_time: EventTime(number as i64 * 1_000),
                        stamps: stamps(number as u32 / 3 * 2),
                    };
                    let mut batch: Vec<_> = (first..first + records).map(event).collect();
                    let mut trails = Vec::new();
                    chooser.choose(&mut batch, &mut trails);
                    let sampled = batch.iter().filter(|record| record.stamps.is_sampled());
                    let begun = trails.iter().map(|trail| trail.planned);
                    assert!(sampled.clone().map(|record| record.stamps.planned).eq(begun));
                    picked.extend(sampled.map(|record| record.value));
                }
                let read = events.div_ceil(records) * records;
                let expected = read as f64 / f64::from(one_in);
                let deviation = (expected * (1.0 - 1.0 / f64::from(one_in))).sqrt();
                let off = (picked.len() as f64 - expected).abs();
                assert!(off <= 4.0 * deviation, "{one_in}, {records}: {}", picked.len());
            }
        }
    }

    #[test]
    fn what_is_not_timed_is_no_sample() {
        let mut chooser = Chooser::new(Sampling::one_in(1, ProcessingTime::ZERO, ALL));
        let timed = Record { value: (), event_time: EventTime(1), stamps: stamps(2) };
        let mut records = [Record::untimed((), EventTime(0)), timed];
        let mut trails = Vec::new();
        chooser.choose(&mut records, &mut trails);
        assert_eq!(records.map(|record| record.stamps.is_sampled()), [false, true]);
        assert_eq!(trails.len(), 1);
    }

    #[test]
    fn every_nanosecond_of_a_way_belongs_to_one_part() {
        let start = ProcessingTime(1_000_000);
        let at = |micros: u64| start.after(micros * 1_000);
        let (mut trails, sampling, clock) = trails(start);
        let set = |micros| clock.store(at(micros).0, Ordering::Relaxed);
        let mut batch = vec![LatencyTrace::new(stamps(10), sampling)];
        set(10);
        trails.take_in(&mut batch, Part::Source, Some(at(7)), &[at(3)..at(4), at(8)..at(9)]);
        set(14);
        trails.pay(at(13)..at(14));
        assert_eq!(trails.worked(), Some(at(14)));
        // A step that meets no sample does not look at the clock.
        trails.begin();
        assert_eq!(trails.worked(), None);
        // It leaves state 6 us later, is worked on for 1 and waits for its buffer for 9.
        set(20);
        trails.begin();
        trails.put(0, 0, stamps(10));
        set(21);
        assert_eq!(trails.worked(), Some(at(21)));
        trails.seal(0, 0, &mut batch);
        set(30);
        hand_over(&mut batch, Part::Boundary, &[], trails.worked().unwrap());
        let parts = Part::ALL.map(|part| batch[0].nanos(part) / 1_000);
        assert_eq!(parts, [0, 2, 2 + 9, 0, 3 + 1, 1 + 1, 6, 0]);
        assert_eq!(batch[0].total_nanos(), 25_000);
    }

    #[test]
    fn the_time_from_the_plan_until_a_record_is_there_is_a_part_of_its_own() {
        let sampling = Sampling::one_in(1, ProcessingTime(100_000), StampUnit::MICROSECOND);
        let stamp = |micros: u64| StampUnit::MICROSECOND.stamp(micros * 1_000).unwrap();
        let stamps = Stamps { planned: stamp(2), ingested: stamp(9) };
        let mut trace = LatencyTrace::new(stamps.sampled(), sampling);
        trace.spend(Part::Source, ProcessingTime(112_000));
        assert_eq!((trace.nanos(Part::Fetch), trace.nanos(Part::Source)), (7_000, 3_000));
        assert_eq!(trace.total_nanos(), 10_000);
    }

    #[test]
    fn what_is_in_state_is_bounded_and_the_oldest_go_first() {
        let (mut trails, sampling, _) = trails(ProcessingTime::ZERO);
        for planned in 0..=KNOWN as u32 {
            let mut batch = vec![LatencyTrace::new(stamps(planned), sampling)];
            trails.take_in(&mut batch, Part::Queue, None, &[]);
        }
        assert_eq!(trails.known.len(), KNOWN);
        assert_eq!(trails.of(stamps(0)), None);
        assert!(trails.of(stamps(1)).is_some());
    }

    #[test]
    fn a_stage_without_state_knows_the_samples_of_its_step_only() {
        let (trails, sampling, _) = trails(ProcessingTime::ZERO);
        let mut trails = trails.forgetting();
        let batch =
            |ticks: [u32; 2]| Vec::from(ticks.map(|it| LatencyTrace::new(stamps(it), sampling)));
        trails.take_in(&mut batch([0, 2]), Part::Queue, None, &[]);
        // What is made of it may be handed over in several parts.
        trails.worked();
        assert!(trails.of(stamps(2)).is_some());
        trails.take_in(&mut batch([4, 6]), Part::Queue, None, &[]);
        assert_eq!(trails.of(stamps(2)), None);
        assert!(trails.of(stamps(4)).is_some() && trails.of(stamps(6)).is_some());
        assert_eq!((trails.known.len(), trails.order.len()), (2, 2));
    }
}
