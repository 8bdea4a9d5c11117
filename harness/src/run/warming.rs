//! Runs whose figures nobody sees: they warm the process of a system.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use dataflow::StopSignal;
use dataflow::job::engine::Start;

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
const NANOS_PER_S: u64 = 1_000_000_000;
/// A run over fewer events is made for its rows.
const FEWEST_EVENTS: u64 = 10_000;
/// Between two looks at whether the user wants to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How long a run must be warmed up for, in nanoseconds. Runs that are made for something else than
/// their figures are not.
pub(super) fn cold_nanos(spec: &RunSpec, io: &RunIo<'_>) -> u64 {
    let recovery = &spec.recovery;
    let for_figures = io.warms_up
        && spec.events >= FEWEST_EVENTS
        && spec.topic.is_none()
        && recovery.faults.is_empty()
        && recovery.stop_after.is_none()
        && recovery.start == Start::Fresh;
    if for_figures { spec.engine.cold_nanos(&spec.identity()) } else { 0 }
}

/// Makes a run with the same settings over other events, and ends it when the process is warm.
///
/// # Errors
/// What `run` says.
pub(super) fn warm_up(
    spec: &RunSpec,
    cold_nanos: u64,
    io: &RunIo<'_>,
    run: impl FnOnce(&RunSpec, &RunClock, RunIo<'_>) -> Result<()>,
) -> Result<()> {
    let seconds = cold_nanos.div_ceil(NANOS_PER_S);
    let mut cold = spec.clone();
    cold.warm_up = 0;
    cold.seed = spec.seed.wrapping_add(1);
    cold.events = match spec.rate {
        Rate::Max => ENDLESS,
        Rate::PerSecond(rate) => (rate * (seconds as f64 + 1.0)) as u64,
    };
    let clock = cold.run_clock()?;
    let stop = StopSignal::default();
    let timer = Timer {
        nanos: cold_nanos,
        ends: stop.clone(),
        asked: io.stop.clone(),
        audience: io.audience,
    };
    run(&cold, &clock, RunIo::new(Answer::Unchecked, &stop, &timer).without_warm_up())
}

/// Ends a run in its time, or when the user wants to stop.
struct Timer<'a> {
    nanos: u64,
    ends: StopSignal,
    asked: StopSignal,
    audience: &'a dyn Audience,
}

impl Audience for Timer<'_> {
    fn begin(&self, _: &Arc<RunObserver>, spec: &RunSpec) {
        self.audience.note(&format!(
            "{} runs {} for {} s first, as its compiler is still at work",
            spec.variant,
            spec.workload.name(),
            self.nanos.div_ceil(NANOS_PER_S)
        ));
        let (ends, asked) = (self.ends.clone(), self.asked.clone());
        let looks = self.nanos / LOOK.as_nanos() as u64;
        let wait = move || {
            for _ in 0..looks {
                if asked.is_requested() || ends.is_requested() {
                    break;
                }
                thread::park_timeout(LOOK);
            }
            ends.request();
        };
        // Without a thread the run ends at once, and the process is as cold as it is.
        if thread::Builder::new().name("streamgauge-warming".to_owned()).spawn(wait).is_err() {
            self.ends.request();
        }
    }

    fn end(&self) {
        self.ends.request();
    }
}
