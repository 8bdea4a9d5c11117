//! The clock of a run, and the runtime behind it.

use std::sync::Arc;

use dataflow::ProcessingTime;
use dataflow::job::runtime::Runtime;
use dataflow::job::storage::Storage;
use runtime::{
    Booked, CostTable, Faults, MemoryStorage, Prices, VirtualOptions, VirtualTime, WallClock,
    WallOptions,
};

use crate::error::{Error, Result};

/// On the wall clock the first event is planned this long after the engine is told to start, so
/// that starting it is not part of any latency.
pub(crate) const LEAD_NANOS: u64 = 10_000_000;

/// What a fault says if it found no victim.
const NOBODY: &str = "nobody to strike";

/// Which clock a run is on.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Clock {
    /// Real time.
    #[default]
    Wall,
    /// Modelled time, deterministic in nanoseconds.
    Virtual,
}

impl Clock {
    /// As results name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wall => "wall",
            Self::Virtual => "virtual",
        }
    }
}

/// A runtime, made for one run.
pub enum RunClock {
    /// Real time.
    Wall(Arc<WallClock>),
    /// Modelled time.
    Virtual(Arc<VirtualTime>),
}

impl RunClock {
    /// The runtime as engines see it.
    pub fn runtime(&self) -> Arc<dyn Runtime> {
        match self {
            Self::Wall(clock) => Arc::clone(clock) as _,
            Self::Virtual(clock) => Arc::clone(clock) as _,
        }
    }

    /// What was booked so far, of the kinds of work that have a price.
    pub fn booked(&self) -> Vec<Booked> {
        match self {
            Self::Wall(clock) => clock.booked(),
            Self::Virtual(clock) => clock.booked(),
        }
    }

    /// Cores on which work is modelled.
    pub fn cores(&self) -> u32 {
        match self {
            Self::Wall(clock) => u32::try_from(clock.options().worker_threads).unwrap_or(u32::MAX),
            Self::Virtual(clock) => clock.options().cores_per_node,
        }
    }

    /// Bookings nearer than this are not waited for, in nanoseconds; 0 where they are exact.
    pub fn granularity_nanos(&self) -> u64 {
        match self {
            Self::Wall(clock) => clock.granularity_nanos(),
            Self::Virtual(_) => 0,
        }
    }

    /// What goes wrong in it.
    pub fn faults(&self) -> &Arc<Faults> {
        match self {
            Self::Wall(clock) => clock.faults(),
            Self::Virtual(clock) => clock.faults(),
        }
    }

    /// What has struck so far, in words. A fault that found nobody to strike is none.
    pub(crate) fn struck(&self) -> Vec<String> {
        let struck = self.faults().struck().into_iter().map(|struck| struck.what);
        struck.filter(|what| !what.contains(NOBODY)).collect()
    }

    /// When the first event should be planned.
    pub fn start(&self) -> ProcessingTime {
        match self {
            Self::Wall(clock) => clock.now().after(LEAD_NANOS),
            Self::Virtual(_) => ProcessingTime::ZERO,
        }
    }
}

/// Nothing costs anything beyond what it takes by itself.
pub(crate) const FREE: Prices = Prices { product: CostTable::FREE, bare: CostTable::FREE };

/// Makes the runtime for a run: one worker thread per core on the wall clock; one node with a core
/// per subtask in virtual time. What must survive is kept in memory, and nothing has a price.
///
/// # Errors
/// When threads cannot be started.
pub(crate) fn clock(which: Clock, seed: u64, parallelism: u32, tracing: bool) -> Result<RunClock> {
    clock_with(which, seed, parallelism, (tracing, FREE), in_memory())
}

/// Nothing is stored, and time begins.
pub(crate) fn in_memory() -> (Arc<dyn Storage>, ProcessingTime) {
    (MemoryStorage::new(), ProcessingTime::ZERO)
}

/// The same with prices and another storage, and on the wall clock with a time that it goes on from.
///
/// # Errors
/// When threads cannot be started.
pub fn clock_with(
    which: Clock,
    seed: u64,
    parallelism: u32,
    (tracing, prices): (bool, Prices),
    (storage, from): (Arc<dyn Storage>, ProcessingTime),
) -> Result<RunClock> {
    Ok(match which {
        Clock::Wall => {
            let worker_threads = std::thread::available_parallelism().map_or(1, usize::from);
            let options = WallOptions { seed, worker_threads };
            let clock = WallClock::going_on(options, storage, from, Some(prices));
            RunClock::Wall(clock.map_err(Error::run)?)
        }
        Clock::Virtual => {
            let options = VirtualOptions {
                seed,
                nodes: 1,
                cores_per_node: parallelism,
                costs: prices.product,
                tracing,
            };
            RunClock::Virtual(VirtualTime::with_storage(options, storage))
        }
    })
}
