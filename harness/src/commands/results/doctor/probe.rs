//! Measurements of the machine: its clock, its timers, and what else runs on it.

use std::sync::{Arc, Mutex};

use dataflow::job::runtime::{Runtime, sleep_until};

use super::diagnosis::{ClockFigures, StallFigures, TimerFigures};
use crate::error::{Error, Result};

/// Readings of a series, and series.
const READINGS: (u32, u32) = (100_000, 7);
/// Timers: ten of them lie beyond the 99th percentile.
const TIMERS: usize = 1_000;
/// What a timer is armed for, in nanoseconds.
const TIMER_NANOS: u64 = 1_000_000;
/// How long every core is watched, in nanoseconds.
const WATCHED_NANOS: u64 = 500_000_000;
/// A shorter time between two readings is no stall, in nanoseconds.
const STALL_NANOS: u64 = 20_000;

/// What a reading of the clock costs, and how finely it tells times apart.
pub(super) fn clock(runtime: &dyn Runtime) -> ClockFigures {
    let (readings, series) = READINGS;
    let mut figures = ClockFigures { cost_ns: f64::INFINITY, step_ns: u64::MAX };
    for _ in 0..series {
        let began = runtime.now();
        let mut last = began;
        for _ in 0..readings {
            let now = runtime.now();
            if now != last {
                figures.step_ns = figures.step_ns.min(now.since(last));
            }
            last = now;
        }
        let cost = last.since(began) as f64 / f64::from(readings);
        figures.cost_ns = figures.cost_ns.min(cost);
    }
    figures
}

/// How late timers fire on an otherwise idle runtime.
pub(super) fn timers(runtime: &Arc<dyn Runtime>) -> Result<TimerFigures> {
    let late = Arc::new(Mutex::new(Vec::with_capacity(TIMERS)));
    let (own, into) = (Arc::clone(runtime), Arc::clone(&late));
    let ended = runtime.block_on(Box::pin(async move {
        for _ in 0..TIMERS {
            let at = own.now().after(TIMER_NANOS);
            sleep_until(&*own, at).await;
            into.lock().expect("nobody fails with it").push(own.now().since(at));
        }
    }));
    ended.map_err(|_| Error::run("timers do not fire on this machine"))?;
    let mut late = late.lock().expect("the task is over").clone();
    late.sort_unstable();
    let at = |share: f64| late[((late.len() - 1) as f64 * share) as usize];
    Ok(TimerFigures { count: late.len(), p50: at(0.5), p99: at(0.99), max: at(1.0) })
}

/// Reads the clock over and over on every core at once, and sees who else runs.
pub(super) fn stalls(runtime: &dyn Runtime) -> StallFigures {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let seen: Vec<(u64, u64)> = std::thread::scope(|scope| {
        let watchers: Vec<_> = (0..cores).map(|_| scope.spawn(|| watch_core(runtime))).collect();
        watchers.into_iter().filter_map(|it| it.join().ok()).collect()
    });
    let lost: u64 = seen.iter().map(|it| it.1).sum();
    StallFigures {
        watched_ns: WATCHED_NANOS,
        longest_ns: seen.iter().map(|it| it.0).max().unwrap_or(0),
        lost_share: lost as f64 / (WATCHED_NANOS * seen.len().max(1) as u64) as f64,
    }
}

/// Longest stall, and all of them together, in nanoseconds.
fn watch_core(runtime: &dyn Runtime) -> (u64, u64) {
    let began = runtime.now();
    let (mut last, mut longest, mut lost) = (began, 0, 0);
    while last.since(began) < WATCHED_NANOS {
        let now = runtime.now();
        let gap = now.since(last);
        longest = longest.max(gap);
        if gap >= STALL_NANOS {
            // The end of the watch is the end of a stall too.
            lost += gap.min(WATCHED_NANOS.saturating_sub(last.since(began)));
        }
        last = now;
    }
    (longest, lost)
}
