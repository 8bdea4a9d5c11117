//! Where the time of latencies went, from sampled records that are traced end to end.

use dataflow::record::latency_trace::{LatencyTrace, Part, Sampling};
use reports::schema::{LatencyParts, PartsOfMean};

/// Samples that a run aims at.
const SAMPLES: u64 = 20_000;
/// LatencyTraces kept; sampling is chosen so that there are fewer, unless one record becomes many.
const KEPT: usize = 200_000;
/// One in this many samples is among the slowest.
const SLOWEST: usize = 100;
/// So many are needed to say something about them.
const SLOWEST_AT_LEAST: usize = 10;

/// One in how many is a sample where nobody knows how many events will come: a quarter of an hour at
/// 50,000 a second is kept.
const RARITY_OF_A_LIVE_INPUT: u32 = 250;

/// One in how many of the timed events of a run leaves a trail; `u64::MAX` if nobody knows how many
/// there will be.
pub(crate) fn rarity(timed_events: u64) -> u32 {
    if timed_events == u64::MAX {
        return RARITY_OF_A_LIVE_INPUT;
    }
    u32::try_from(timed_events / SAMPLES).unwrap_or(u32::MAX).max(1)
}

/// LatencyTraces that have come to their end.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    sampling: Option<Sampling>,
    trails: Vec<LatencyTrace>,
    without_trail: u64,
}

impl Parts {
    pub(super) const fn new(sampling: Option<Sampling>) -> Self {
        Self { sampling, trails: Vec::new(), without_trail: 0 }
    }

    pub(super) const fn sampling(&self) -> Option<Sampling> {
        self.sampling
    }

    pub(super) fn record(&mut self, trails: &[LatencyTrace], without_trail: u64) {
        let room = KEPT - self.trails.len().min(KEPT);
        let kept = &trails[..trails.len().min(room)];
        self.trails.extend_from_slice(kept);
        self.without_trail += without_trail + (trails.len() - kept.len()) as u64;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.record(&other.trails, other.without_trail);
    }

    pub(super) fn summary(&self) -> LatencyParts {
        let mut trails = self.trails.clone();
        trails.sort_unstable_by_key(|trail| std::cmp::Reverse(trail.total_nanos()));
        let slowest = trails.len() / SLOWEST;
        LatencyParts {
            samples: trails.len() as u64,
            one_in: self.sampling.map_or(0, Sampling::rarity),
            without_trail: self.without_trail,
            mean: mean(&trails),
            slowest: mean(if slowest >= SLOWEST_AT_LEAST { &trails[..slowest] } else { &[] }),
        }
    }
}

fn mean(trails: &[LatencyTrace]) -> PartsOfMean {
    if trails.is_empty() {
        return PartsOfMean::default();
    }
    // Whole nanoseconds are added up, so that the parts are exactly the total.
    let of = |part| trails.iter().map(|trail| u128::from(trail.nanos(part))).sum::<u128>() as f64;
    let per_trail = |sum: f64| sum / trails.len() as f64;
    PartsOfMean {
        total_ns: per_trail(
            trails.iter().map(|it| u128::from(it.total_nanos())).sum::<u128>() as f64
        ),
        fetch_ns: per_trail(of(Part::Fetch)),
        source_ns: per_trail(of(Part::Source)),
        boundary_ns: per_trail(of(Part::Boundary)),
        queue_ns: per_trail(of(Part::Queue)),
        processing_ns: per_trail(of(Part::Processing)),
        cost_ns: per_trail(of(Part::Cost)),
        state_ns: per_trail(of(Part::State)),
        commit_ns: per_trail(of(Part::Commit)),
    }
}

#[cfg(test)]
mod tests {
    use dataflow::{ProcessingTime, StampUnit, Stamps};

    use super::*;

    #[test]
    fn the_slowest_hundredth_is_told_apart_and_parts_are_the_total() {
        let sampling = Sampling::one_in(1, ProcessingTime::ZERO, StampUnit::MICROSECOND);
        let mut parts = Parts::new(Some(sampling));
        for number in 0..1_000u64 {
            let mut trail = LatencyTrace::new(Stamps { planned: 0, ingested: 0 }, sampling);
            let slow = if number % 100 == 7 { 90 } else { 0 };
            trail.spend(Part::Boundary, ProcessingTime(10));
            trail.spend(Part::Commit, ProcessingTime(10 + slow));
            parts.record(&[trail], 0);
        }
        let summary = parts.summary();
        assert_eq!((summary.samples, summary.one_in, summary.without_trail), (1_000, 1, 0));
        assert_eq!(summary.mean.parts(), [0.0, 0.0, 10.0, 0.0, 0.0, 0.0, 0.0, 0.9]);
        assert_eq!(summary.mean.total_ns, 10.9);
        assert_eq!(summary.slowest.parts(), [0.0, 0.0, 10.0, 0.0, 0.0, 0.0, 0.0, 90.0]);
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let sampling = Sampling::one_in(1, ProcessingTime::ZERO, StampUnit::MICROSECOND);
        let trail = LatencyTrace::new(Stamps { planned: 0, ingested: 0 }, sampling);
        let mut parts = Parts::new(Some(sampling));
        parts.record(&vec![trail; KEPT + 3], 1);
        assert_eq!((parts.summary().samples, parts.summary().without_trail), (KEPT as u64, 4));
        assert_eq!(parts.summary().slowest.total_ns, 0.0);
    }

    #[test]
    fn a_short_run_samples_every_record() {
        assert_eq!(rarity(0), 1);
        assert_eq!(rarity(20_000), 1);
        assert_eq!(rarity(1_000_000), 50);
        assert_eq!(rarity(u64::MAX), 250);
    }
}
