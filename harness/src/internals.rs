//! What this crate's own tests and benches need from inside. Nothing here is a promise: names may
//! change in any version.

pub use crate::analysis::statistics::ratio::Ratio;
pub use crate::cli::{Cli, Command};
pub use crate::commands::runs::consistency::plan::ConsistencyPlan;
pub use crate::commands::runs::consistency::run_all as consistency_all;
pub use crate::commands::runs::consistency::states::{JudgedStates, TableState, VisibleStep};
pub use crate::commands::runs::consistency::trial::{WatchedRun, watch};
pub use crate::commands::runs::recover::disturbance::Disturbance;
pub use crate::commands::runs::recover::row_multiset::{RowCollector, RowMultiset};
pub use crate::commands::runs::recover::run_all as recover_all;
pub use crate::commands::runs::sustain::search::Search;
pub use crate::files::row_change::RowChange;
pub use crate::files::rows::RowWriter;
pub use crate::measure::latency::live_counts::LiveCounts;
pub use crate::measure::latency::{Recorder, WindowClock};
pub use crate::measure::sink::measuring;
pub use crate::measure::transactional::{
    CheckedOutput, CommitWatch, Options, TopicCheck, TopicOutput, Transactional, is_empty,
    transactional,
};
pub use crate::quantity::Rate;
pub use crate::registry::resolve_settings;
pub use crate::run::answer::Answer;
pub use crate::run::audience::Silent;
pub use crate::run::clock::{Clock, RunClock, clock_with};
pub use crate::run::executor::{Executor, Runner};
pub use crate::run::fault::FaultSpec;
pub use crate::run::io::RunIo;
pub use crate::run::real::Real;
pub use crate::run::spec::{Recovery, RunSpec};
pub use crate::terminal::out::line;
pub use crate::terminal::sparkline::sparkline;

use crate::error::Error;
use crate::experiment::suite::Suite;
use crate::registry::Registry;

/// Reads the text of a suite, and says how many experiments it has; `origin` is where it came from.
///
/// # Errors
/// When something in it is wrong.
pub fn read_suite(text: &str, origin: &str, registry: &Registry) -> Result<usize, Error> {
    Suite::parse(text, origin, registry).map(|suite| suite.experiments.len())
}
