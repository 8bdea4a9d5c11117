//! Runs whose figures nobody sees: they warm the process of a system until what it does is steady.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use dataflow::StopSignal;
use dataflow::job::engine::Start;
use external::cpu_nanos;

use crate::analysis::statistics::warm_up::{BATCH, steady_from};
use crate::error::Result;
use crate::measure::run_observer::RunObserver;
use crate::quantity::Rate;
use crate::run::answer::Answer;
use crate::run::audience::Audience;
use crate::run::clock::RunClock;
use crate::run::io::RunIo;
use crate::run::spec::RunSpec;

/// Events of a run that nobody plans: more than come in any time that is waited for.
const ENDLESS: u64 = 1 << 40;
/// A run over fewer events is made for its rows, unless they are planned for some time.
const FEWEST_EVENTS: u64 = 10_000;
/// Shortest plan of a run that is made for its figures, in seconds.
const SHORTEST_PLAN: f64 = 1.0;
/// Between two looks at what the process does, and at whether the user wants to stop.
const LOOK: Duration = Duration::from_millis(100);
/// A process that is not steady after twice the least time is given up, and not before this, as fewer
/// looks tell nothing.
const LEAST_MOST: Duration = Duration::from_secs(10);

/// How long a run must be warmed up for at least, in nanoseconds. Runs that are made for something
/// else than their figures are not.
pub(super) fn cold_nanos(spec: &RunSpec, io: &RunIo<'_>) -> u64 {
    let recovery = &spec.recovery;
    let planned = spec.rate.per_second().map_or(0.0, |rate| spec.events as f64 / rate);
    let for_figures = io.warms_up
        && (spec.events >= FEWEST_EVENTS || planned >= SHORTEST_PLAN)
        && spec.topic.is_none()
        && recovery.faults.is_empty()
        && recovery.stop_after.is_none()
        && recovery.start == Start::Fresh;
    if for_figures { spec.engine.cold_nanos(&spec.identity()) } else { 0 }
}

/// Makes a run with the same settings over other events, and ends it when the process is warm: after
/// so many nanoseconds at least, and once it is steady, or twice that at most.
///
/// # Errors
/// What `run` says.
pub(super) fn warm_up(
    spec: &RunSpec,
    cold_nanos: u64,
    io: &RunIo<'_>,
    run: impl FnOnce(&RunSpec, &RunClock, RunIo<'_>) -> Result<()>,
) -> Result<()> {
    let least = Duration::from_nanos(cold_nanos);
    let mut cold = spec.clone();
    cold.warm_up = 0;
    cold.seed = spec.seed.wrapping_add(1);
    cold.events = match spec.rate {
        Rate::Max => ENDLESS,
        Rate::PerSecond(rate) => (rate * (1.5 * most(least).as_secs_f64() + 1.0)) as u64,
    };
    let clock = cold.run_clock()?;
    let stop = StopSignal::default();
    let timer = Timer {
        least,
        ends: stop.clone(),
        asked: io.stop.clone(),
        audience: io.audience,
        found: Arc::default(),
    };
    run(&cold, &clock, RunIo::new(Answer::Unchecked, &stop, &timer).without_warm_up())?;
    if let Some(Warmth::NotSteady { after }) = *timer.found.lock().expect("no holder fails") {
        io.audience.note(&format!(
            "{} was not steady after {} s: its compiler may still be at work in what follows",
            spec.variant,
            after.as_secs()
        ));
    }
    Ok(())
}

/// How long a process is waited for that is to be warmed up for so long at least.
fn most(least: Duration) -> Duration {
    LEAST_MOST.max(least * 2)
}

/// How a process was when the warm-up ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Warmth {
    Steady { after: Duration },
    NotSteady { after: Duration },
}

/// Ends a run once its process is warm, or when the user wants to stop.
struct Timer<'a> {
    least: Duration,
    ends: StopSignal,
    asked: StopSignal,
    audience: &'a dyn Audience,
    /// `None` while it goes on, and if it was stopped.
    found: Arc<Mutex<Option<Warmth>>>,
}

impl Audience for Timer<'_> {
    fn begin(&self, observer: &Arc<RunObserver>, spec: &RunSpec, processes: &[u32]) {
        self.audience.note(&format!(
            "{} runs {} first, for {} s at least and until it is steady, as its compiler is still at work",
            spec.variant,
            spec.workload.name(),
            self.least.as_secs_f64().ceil()
        ));
        let (ends, asked) = (self.ends.clone(), self.asked.clone());
        let work = work(observer, spec.rate, processes);
        let (least, found) = (self.least, Arc::clone(&self.found));
        let watch = move || {
            let goes_on = || {
                thread::park_timeout(LOOK);
                !asked.is_requested() && !ends.is_requested()
            };
            *found.lock().expect("no holder fails") = watch(least, work, goes_on);
            ends.request();
        };
        // Without a thread the run ends at once, and the process is as cold as it is.
        if thread::Builder::new().name("streamgauge-warming".to_owned()).spawn(watch).is_err() {
            self.ends.request();
        }
    }

    fn end(&self) {
        self.ends.request();
    }
}

/// What rises with the work of a process and levels out once it is warm: the events that it has read
/// if it takes as many as it can, and otherwise the processor time that it has used for those that
/// were planned.
fn work(
    observer: &Arc<RunObserver>,
    rate: Rate,
    processes: &[u32],
) -> impl FnMut() -> u64 + Send + 'static {
    let (observer, processes) = (Arc::clone(observer), processes.to_vec());
    move || match rate {
        Rate::Max => observer.read(),
        Rate::PerSecond(_) => processes.iter().filter_map(|pid| cpu_nanos(*pid)).sum(),
    }
}

/// Looks at the work of a process until it is steady; `goes_on` waits for the next look, and says
/// whether there is one.
fn watch(
    least: Duration,
    mut work: impl FnMut() -> u64,
    mut goes_on: impl FnMut() -> bool,
) -> Option<Warmth> {
    let mut series = Vec::new();
    let mut before = work();
    while goes_on() {
        let now = work();
        series.push(now.saturating_sub(before) as f64);
        before = now;
        let after = LOOK * series.len() as u32;
        if after >= least && series.len().is_multiple_of(BATCH) {
            if steady_from(&series).is_some() {
                return Some(Warmth::Steady { after });
            }
            if after >= most(least) {
                return Some(Warmth::NotSteady { after });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Watches a process whose work between two looks is this, by the number of the look.
    fn watched(least_s: u64, work: impl Fn(u64) -> u64, looks: usize) -> Option<Warmth> {
        let (mut sum, mut look, mut left) = (0, 0, looks);
        let rising = || {
            sum += work(look);
            look += 1;
            sum
        };
        let goes_on = || {
            left = left.saturating_sub(1);
            left > 0
        };
        watch(Duration::from_secs(least_s), rising, goes_on)
    }

    /// Noise of 2 %.
    fn noisy(level: u64, look: u64) -> u64 {
        level + level * (look * 7_919 % 41) / 1_000
    }

    #[test]
    fn a_process_is_warm_once_it_is_steady_and_not_before_the_least_time() {
        let steady = |look| noisy(10_000, look);
        assert_eq!(
            watched(10, steady, 1_000),
            Some(Warmth::Steady { after: Duration::from_secs(10) })
        );
        // Its work becomes less for 6 s: at 10 s most of what was seen is warm-up.
        let settles = |look: u64| noisy(10_000 + 60_u64.saturating_sub(look) * 500, look);
        let Some(Warmth::Steady { after }) = watched(10, settles, 1_000) else {
            panic!("it is steady from 6 s on")
        };
        assert!((12..=14).contains(&after.as_secs()), "{after:?}");
    }

    #[test]
    fn a_process_that_is_never_steady_is_given_up() {
        let rises = |look: u64| noisy(10_000 + look * 500, look);
        let given_up = Warmth::NotSteady { after: Duration::from_secs(20) };
        assert_eq!(watched(10, rises, 1_000), Some(given_up));
    }

    #[test]
    fn one_that_needs_little_more_is_looked_at_long_enough_to_tell() {
        let steady = |look| noisy(10_000, look);
        let after = Duration::from_secs(5);
        assert_eq!(watched(1, steady, 1_000), Some(Warmth::Steady { after }));
    }

    #[test]
    fn who_wants_to_stop_does_not_wait() {
        assert_eq!(watched(10, |look| noisy(10_000, look), 20), None);
    }
}
