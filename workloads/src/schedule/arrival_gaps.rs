//! Gaps between events that are drawn at random, one by one.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use crate::random::Draws;

/// Resolution of gaps: parts of a mean gap, as a power of two.
const SCALE_BITS: u32 = 24;
/// Events whose sums of gaps are computed at once.
const BLOCK: u64 = 64;
/// Blocks that a thread keeps. Splits are read in turn, a chunk of each: with 8 splits, 32 blocks
/// are looked at 8 times.
const CACHED: usize = 64;

/// How gaps are distributed, around a mean of 1.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(crate) enum GapLaw {
    /// As between the events of a Poisson process.
    Exponential,
    /// With a density that falls like a power of the length: the shape, above 1, plus one.
    Pareto {
        /// The shape.
        shape: f64,
    },
}

/// Sums of random gaps, the same whoever asks and in whichever order.
#[derive(Debug)]
pub(crate) struct Gaps {
    /// Distinguishes blocks of these gaps from blocks of others.
    id: u64,
    law: GapLaw,
    seed: u64,
    draws: Draws,
    /// For every block looked at so far and all before it, the sum of the gaps before it.
    starts: RwLock<Vec<u64>>,
}

/// The sums of a block.
#[derive(Clone)]
struct CachedBlock {
    id: u64,
    block: u64,
    sums: [u64; BLOCK as usize],
}

thread_local! {
    static BLOCKS: RefCell<Vec<CachedBlock>> = RefCell::new(
        vec![CachedBlock { id: 0, block: 0, sums: [0; BLOCK as usize] }; CACHED],
    );
}

impl Gaps {
    /// The gaps by a law under a seed. Plans and event times of one run ask for the same, and share
    /// one table.
    pub(crate) fn shared(law: GapLaw, seed: u64) -> Arc<Self> {
        static SHARED: Mutex<Vec<Weak<Gaps>>> = Mutex::new(Vec::new());
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        // No holder can leave the list half-changed.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|gaps| gaps.strong_count() > 0);
        let same = |gaps: &Arc<Self>| (gaps.law, gaps.seed) == (law, seed);
        if let Some(found) = shared.iter().filter_map(Weak::upgrade).find(same) {
            return found;
        }
        let gaps = Arc::new(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            law,
            seed,
            draws: Draws::new(seed, "arrivals"),
            starts: RwLock::new(vec![0]),
        });
        shared.push(Arc::downgrade(&gaps));
        gaps
    }

    /// How long after event 0 an event comes, in nanoseconds rounded down, when the mean gap has
    /// `mean` of them.
    pub(crate) fn time_of(&self, number: u64, mean: f64) -> u64 {
        (self.sum(number) as f64 * Self::unit(mean)) as u64
    }

    /// About how many events come within `nanos` nanoseconds: the inverse of [`Gaps::time_of`], up
    /// to rounding.
    pub(crate) fn count_by(&self, nanos: u64, mean: f64) -> u64 {
        let target = (nanos as f64 / Self::unit(mean)) as u64;
        // Sums end at the largest number, which nothing follows.
        while self.last_start() <= target.min(u64::MAX - 1) {
            let blocks = self.starts.read().unwrap_or_else(PoisonError::into_inner).len() as u64;
            self.start(blocks);
        }
        let starts = self.starts.read().unwrap_or_else(PoisonError::into_inner);
        let block = starts.partition_point(|start| *start <= target).saturating_sub(1) as u64;
        drop(starts);
        let first = block * BLOCK;
        first
            + (first..first + BLOCK).take_while(|&number| self.sum(number) <= target).count() as u64
    }

    fn unit(mean: f64) -> f64 {
        mean / f64::from(1_u32 << SCALE_BITS)
    }

    fn last_start(&self) -> u64 {
        let starts = self.starts.read().unwrap_or_else(PoisonError::into_inner);
        starts.last().copied().unwrap_or(0)
    }

    /// The sum of all gaps before an event.
    fn sum(&self, number: u64) -> u64 {
        let (block, within) = (number / BLOCK, (number % BLOCK) as usize);
        BLOCKS.with_borrow_mut(|blocks| {
            let cached = &mut blocks[block as usize % CACHED];
            if (cached.id, cached.block) != (self.id, block) {
                let mut sum = self.start(block);
                for (number, place) in (block * BLOCK..).zip(&mut cached.sums) {
                    *place = sum;
                    sum = sum.saturating_add(self.gap(number));
                }
                (cached.id, cached.block) = (self.id, block);
            }
            cached.sums[within]
        })
    }

    /// The sum of all gaps before a block; computes those of the blocks before it that nobody has
    /// looked at.
    fn start(&self, block: u64) -> u64 {
        let known = |starts: &Vec<u64>| starts.get(block as usize).copied();
        if let Some(start) = known(&self.starts.read().unwrap_or_else(PoisonError::into_inner)) {
            return start;
        }
        let mut starts = self.starts.write().unwrap_or_else(PoisonError::into_inner);
        let mut sum = starts.last().copied().unwrap_or(0);
        for known in starts.len() as u64..=block {
            let gaps = (known - 1) * BLOCK..known * BLOCK;
            sum = gaps.fold(sum, |sum, number| sum.saturating_add(self.gap(number)));
            starts.push(sum);
        }
        known(&starts).unwrap_or(sum)
    }

    /// The gap behind an event.
    fn gap(&self, number: u64) -> u64 {
        // Above 0 and at most 1.
        let uniform = ((self.draws.at(number) >> 11) + 1) as f64 / 2.0_f64.powi(53);
        let gap = match self.law {
            GapLaw::Exponential => -uniform.ln(),
            GapLaw::Pareto { shape } => (shape - 1.0) / shape * uniform.powf(-1.0 / shape),
        };
        (gap * f64::from(1_u32 << SCALE_BITS)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEAN: f64 = 1e6;

    fn laws() -> [GapLaw; 2] {
        [GapLaw::Exponential, GapLaw::Pareto { shape: 2.5 }]
    }

    /// The largest distance between the frequencies of some gaps and a distribution, times the root
    /// of their number: above 1.63 by chance once in a hundred times (Kolmogorov and Smirnov).
    fn kolmogorov_smirnov(mut gaps: Vec<f64>, distribution: impl Fn(f64) -> f64) -> f64 {
        gaps.sort_by(f64::total_cmp);
        let count = gaps.len() as f64;
        let off = gaps.iter().zip(0..).map(|(&gap, rank)| {
            let (share, rank) = (distribution(gap), f64::from(rank));
            (share - rank / count).abs().max(((rank + 1.0) / count - share).abs())
        });
        off.fold(0.0, f64::max) * count.sqrt()
    }

    /// Gaps between the first events, over their mean.
    fn drawn(law: GapLaw, seed: u64) -> Vec<f64> {
        let gaps = Gaps::shared(law, seed);
        let times: Vec<u64> = (0..20_001).map(|number| gaps.time_of(number, MEAN)).collect();
        times.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / MEAN).collect()
    }

    #[test]
    fn gaps_are_distributed_as_their_law_says() {
        let exponential = |gap: f64| 1.0 - (-gap).exp();
        // With a mean of 1, a Pareto distribution of shape a begins at (a - 1) / a.
        let pareto = |gap: f64| 1.0 - (0.6 / gap).powf(2.5).min(1.0);
        for seed in 0..5 {
            let off = kolmogorov_smirnov(drawn(GapLaw::Exponential, seed), exponential);
            assert!(off < 1.63, "seed {seed}: {off}");
            let off = kolmogorov_smirnov(drawn(GapLaw::Pareto { shape: 2.5 }, seed), pareto);
            assert!(off < 1.63, "seed {seed}: {off}");
        }
        // The test tells one from the other, and from another mean.
        assert!(kolmogorov_smirnov(drawn(GapLaw::Exponential, 0), pareto) > 10.0);
        let slower = |gap: f64| 1.0 - (-gap * 0.97).exp();
        assert!(kolmogorov_smirnov(drawn(GapLaw::Exponential, 0), slower) > 1.63);
    }

    #[test]
    fn the_mean_is_the_one_asked_for() {
        for law in laws() {
            let time = Gaps::shared(law, 7).time_of(1_000_000, MEAN) as f64 / MEAN;
            // Five standard errors; the deviation of the Pareto gaps is 0.9.
            assert!((time - 1e6).abs() < 5_000.0, "{law:?}: {time}");
        }
    }

    #[test]
    fn times_do_not_depend_on_who_asked_before() {
        for law in laws() {
            // No other test has this seed, so the table is gone once it is dropped.
            let forwards = Gaps::shared(law, 1_001);
            let numbers: Vec<u64> = (0..20_000).step_by(7).collect();
            let times: Vec<u64> = numbers.iter().map(|&it| forwards.time_of(it, MEAN)).collect();
            assert!(times.is_sorted());
            drop(forwards);
            let backwards = Gaps::shared(law, 1_001);
            for (&number, &time) in numbers.iter().zip(&times).rev() {
                assert_eq!(backwards.time_of(number, MEAN), time);
            }
            let elsewhere = Arc::clone(&backwards);
            let thread = std::thread::spawn(move || elsewhere.time_of(19_999, MEAN));
            assert_eq!(thread.join().unwrap(), backwards.time_of(19_999, MEAN));
            assert_ne!(Gaps::shared(law, 2).time_of(100, MEAN), backwards.time_of(100, MEAN));
        }
    }

    #[test]
    fn a_count_is_the_inverse_but_for_rounding() {
        for law in laws() {
            let gaps = Gaps::shared(law, 3);
            for number in (0..10_000).step_by(13) {
                let time = gaps.time_of(number, MEAN);
                let count = gaps.count_by(time, MEAN);
                assert!(count.abs_diff(number + 1) <= 1, "{count} by event {number}");
            }
        }
    }
}
