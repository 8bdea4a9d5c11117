//! The times of the results in a transaction: recorded at its commit, dropped if it is aborted.

use dataflow::ProcessingTime;
use dataflow::exchange::sink::Output;
use dataflow::record::emission_times::Timed;
use dataflow::record::latency_trace::{LatencyTrace, Part};

use crate::measure::latency::Recorder;

/// HeldLatencies of every record, and trails of those that are samples.
#[derive(Clone, Debug, Default)]
pub(super) struct HeldLatencies {
    times: Vec<Timed>,
    trails: Vec<LatencyTrace>,
    without_trail: u64,
}

impl HeldLatencies {
    pub(super) fn take(&mut self, output: &mut Output) {
        self.times.extend_from_slice(output.timed());
        self.trails.extend_from_slice(&output.trails);
        self.without_trail += output.without_trail;
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Everything was seen at `now`; until then it waited for its commit.
    pub(super) fn record(mut self, latency: &mut Recorder, now: ProcessingTime) {
        latency.record(&self.times, now);
        self.trails.iter_mut().for_each(|trail| trail.spend(Part::Commit, now));
        latency.record_trails(&self.trails, self.without_trail);
    }
}
