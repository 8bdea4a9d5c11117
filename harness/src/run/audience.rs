//! Listeners of runs: the progress bar with the live view, or none.

use std::sync::Arc;
use std::time::Duration;

use reports::schema::RunResult;

use crate::measure::run_observer::{RunObserver, Teller};
use crate::run::spec::RunSpec;

/// Is told how runs go. Whoever makes runs knows only this, and no terminal.
pub trait Audience {
    /// Whether latencies are to be counted where [`RunObserver::snapshot`] finds them during a run.
    fn wants_latency_so_far(&self) -> bool {
        false
    }

    /// A run begins; until [`Audience::end`] its observer may be looked at. These processes are part
    /// of it besides this one.
    fn begin(&self, observer: &Arc<RunObserver>, spec: &RunSpec, processes: &[u32]) {
        let _ = (observer, spec, processes);
    }

    /// The run that began last has ended.
    fn end(&self) {}

    /// The result of a run.
    fn result(&self, result: &RunResult) {
        let _ = result;
    }

    /// One of the runs that were announced is over.
    fn step(&self) {}

    /// This many of the runs that were announced will not be made.
    fn skip(&self, runs: u64) {
        let _ = runs;
    }

    /// What is being done between runs.
    fn say(&self, what: &str) {
        let _ = what;
    }

    /// A line for the reader that stays.
    fn note(&self, line: &str) {
        let _ = line;
    }

    /// Prints such lines from within a run, as things happen; `None` where nobody reads them.
    fn teller(&self) -> Option<Teller> {
        None
    }

    /// Time since the first run was announced.
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Audience for Silent {}
