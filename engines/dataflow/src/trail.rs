//! Where the time of a latency went: trails of sampled records, from their planned time on.
//!
//! A record is sampled or not by its planned time alone, so every place on its way knows by its
//! stamps whether it is one, and a record needs no field for it. What a result is made from hands
//! it its stamps (those of the newest contributor), and with them its trail. Batches carry the
//! trails of their samples beside the records. Engines say when a step begins, when its work is
//! done and when its output leaves; they read the clock for that once per batch, and not at all
//! when nobody asked for trails.

use std::collections::VecDeque;

use hashbrown::HashMap;

use crate::record::{StampUnit, Stamps};
use crate::time::ProcessingTime;

/// What a record's time can go into. Every nanosecond between its planned time and its emission
/// belongs to one of them.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Part {
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
    /// In state: the result waits for a watermark or a timer.
    State,
    /// Written, and not committed: under exactly-once nobody sees a result before.
    Commit,
}

impl Part {
    /// All, in the order in which a record comes by them.
    pub const ALL: [Self; 6] =
        [Self::Source, Self::Boundary, Self::Queue, Self::Processing, Self::State, Self::Commit];
}

/// Which records leave a trail.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Sampling {
    one_in: u32,
    /// A record is sampled when the hash of its planned time is not above this.
    highest: u32,
    start: ProcessingTime,
    unit: StampUnit,
}

impl Sampling {
    /// About one in so many records, whose stamps count in `unit` from `start`.
    ///
    /// # Panics
    /// When `one_in` is 0.
    pub fn one_in(one_in: u32, start: ProcessingTime, unit: StampUnit) -> Self {
        Self { one_in, highest: u32::MAX / one_in, start, unit }
    }

    /// One in how many.
    pub const fn rarity(self) -> u32 {
        self.one_in
    }

    /// Whether a record with these stamps is a sample.
    #[inline]
    pub const fn picks(self, stamps: Stamps) -> bool {
        // Two rounds of multiply and shift: planned times at even distances are spread as chance
        // would, so that they beat with nothing periodic in the engine.
        let mixed = (stamps.planned ^ (stamps.planned >> 15)).wrapping_mul(0x2c1b_3c6d);
        let mixed = (mixed ^ (mixed >> 12)).wrapping_mul(0x297a_2d39);
        (mixed ^ (mixed >> 15)) <= self.highest && stamps.is_timed()
    }
}

/// The way of one sampled record so far.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Its planned time, by which it is known.
    planned: u32,
    /// Whether the step that put it into a buffer is done.
    worked: bool,
    /// Accounted for until then.
    since: ProcessingTime,
    /// Nanoseconds of each [`Part`].
    parts: [u64; Part::ALL.len()],
}

impl Trail {
    /// From the planned time of a record with these stamps on.
    pub fn new(stamps: Stamps, sampling: Sampling) -> Self {
        let since = sampling.start.after(sampling.unit.instant(stamps.planned).0);
        Self { planned: stamps.planned, worked: false, since, parts: [0; Part::ALL.len()] }
    }

    /// What has passed since the last call went into `part`.
    pub fn spend(&mut self, part: Part, now: ProcessingTime) {
        self.parts[part as usize] += now.since(self.since);
        self.since = self.since.max(now);
    }

    /// Nanoseconds of a part.
    pub const fn nanos(&self, part: Part) -> u64 {
        self.parts[part as usize]
    }

    /// Nanoseconds from the planned time to the last call of [`Trail::spend`].
    pub fn total_nanos(&self) -> u64 {
        self.parts.iter().sum()
    }
}

/// Trails kept for records that are in state; the oldest go first.
const KNOWN: usize = 32_768;

/// The trails of one subtask: of what it has taken in, and of what lies in its open buffers.
#[derive(Debug)]
pub(crate) struct Trails {
    sampling: Sampling,
    /// By planned time.
    known: HashMap<u32, Trail, foldhash::fast::FixedState>,
    /// The same planned times, the oldest first.
    order: VecDeque<u32>,
    /// Those whose work is not done.
    current: Vec<u32>,
    /// When the step in work began.
    began: ProcessingTime,
    /// Per edge and channel: those of the open buffer.
    open: Vec<Vec<Vec<Trail>>>,
}

impl Trails {
    pub(crate) fn new(sampling: Sampling, channels: &[usize]) -> Self {
        Self {
            sampling,
            known: HashMap::with_capacity_and_hasher(KNOWN, foldhash::fast::FixedState::default()),
            order: VecDeque::with_capacity(KNOWN),
            current: Vec::new(),
            began: ProcessingTime::ZERO,
            open: channels.iter().map(|&count| vec![Vec::new(); count]).collect(),
        }
    }

    pub(crate) const fn sampling(&self) -> Sampling {
        self.sampling
    }

    /// A step begins that takes no batch.
    pub(crate) fn begin(&mut self, now: ProcessingTime) {
        self.began = now;
    }

    /// A step begins with a batch that has these trails, which until now spent their time so.
    pub(crate) fn take_in(
        &mut self,
        batch: &mut Vec<Trail>,
        waits: &[(Part, ProcessingTime)],
        now: ProcessingTime,
    ) {
        self.begin(now);
        for mut trail in batch.drain(..) {
            waits.iter().for_each(|&(part, until)| trail.spend(part, until));
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
    pub(crate) fn of(&self, stamps: Stamps) -> Option<Trail> {
        let mut trail = *self.known.get(&stamps.planned)?;
        // Taken in by an earlier step, and in state since then.
        trail.spend(Part::State, self.began);
        Some(trail)
    }

    /// A sampled record goes into an open buffer.
    pub(crate) fn put(&mut self, edge: usize, channel: usize, stamps: Stamps) {
        if let Some(trail) = self.of(stamps) {
            self.open[edge][channel].push(trail);
        }
    }

    /// The open buffer is sealed: its trails go along.
    pub(crate) fn seal(&mut self, edge: usize, channel: usize, into: &mut Vec<Trail>) {
        std::mem::swap(&mut self.open[edge][channel], into);
    }

    /// The work of a step is done; what it has put into open buffers waits there from now on.
    pub(crate) fn worked(&mut self, now: ProcessingTime) {
        for planned in self.current.drain(..) {
            if let Some(trail) = self.known.get_mut(&planned) {
                trail.spend(Part::Processing, now);
            }
        }
        for open in self.open.iter_mut().flatten() {
            // The newest stand last.
            for trail in open.iter_mut().rev().take_while(|trail| !trail.worked) {
                trail.spend(Part::Processing, now);
                trail.worked = true;
            }
        }
    }
}

/// Sealed buffers leave: what of their time was not work went into `waited`.
pub(crate) fn hand_over(trails: &mut [Trail], waited: Part, now: ProcessingTime) {
    for trail in trails {
        trail.spend(if trail.worked { waited } else { Part::Processing }, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: StampUnit = StampUnit::MICROSECOND;

    fn stamps(planned: u32) -> Stamps {
        Stamps { planned, ingested: planned }
    }

    #[test]
    fn one_in_so_many_is_sampled_whatever_the_distance_of_planned_times() {
        for one_in in [1, 4, 100] {
            let sampling = Sampling::one_in(one_in, ProcessingTime::ZERO, ALL);
            for distance in [1, 10, 89, 1_000, 4_096] {
                let planned = (0..100_000).map(|number| number * distance);
                let picked = planned.filter(|&it| sampling.picks(stamps(it))).count() as f64;
                let expected = 100_000.0 / f64::from(one_in);
                let off = (picked - expected).abs();
                assert!(off <= 5.0 * expected.sqrt(), "{one_in}, {distance}: {picked}");
            }
            assert!(!sampling.picks(Stamps::UNTIMED));
        }
    }

    #[test]
    fn every_nanosecond_of_a_way_belongs_to_one_part() {
        let start = ProcessingTime(1_000_000);
        let sampling = Sampling::one_in(1, start, ALL);
        let at = |micros: u64| start.after(micros * 1_000);
        let mut trails = Trails::new(sampling, &[1]);
        let mut batch = vec![Trail::new(stamps(5), sampling)];
        trails.take_in(&mut batch, &[(Part::Boundary, at(7)), (Part::Source, at(10))], at(10));
        trails.worked(at(14));
        // It leaves state 6 us later, is worked on for 1 and waits for its buffer for 9.
        trails.begin(at(20));
        trails.put(0, 0, stamps(5));
        trails.worked(at(21));
        trails.worked(at(25));
        trails.seal(0, 0, &mut batch);
        hand_over(&mut batch, Part::Boundary, at(30));
        let parts = Part::ALL.map(|part| batch[0].nanos(part) / 1_000);
        assert_eq!(parts, [3, 2 + 9, 0, 4 + 1, 6, 0]);
        assert_eq!(batch[0].total_nanos(), 25_000);
    }

    #[test]
    fn what_is_in_state_is_bounded_and_the_oldest_go_first() {
        let sampling = Sampling::one_in(1, ProcessingTime::ZERO, ALL);
        let mut trails = Trails::new(sampling, &[1]);
        for planned in 0..=KNOWN as u32 {
            let mut batch = vec![Trail::new(stamps(planned), sampling)];
            trails.take_in(&mut batch, &[], ProcessingTime::ZERO);
        }
        assert_eq!(trails.known.len(), KNOWN);
        assert_eq!(trails.of(stamps(0)), None);
        assert!(trails.of(stamps(1)).is_some());
    }
}
