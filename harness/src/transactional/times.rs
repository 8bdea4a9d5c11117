//! The times of what a transaction holds: recorded when it is committed, dropped when it is not.

use dataflow::sink::Output;
use dataflow::trail::{Part, Trail};
use dataflow::{EventTime, ProcessingTime, Stamps};

use crate::latency::Recorder;

/// Stamps of every record, and trails of those that are samples.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    stamps: Vec<(EventTime, Stamps)>,
    trails: Vec<Trail>,
    without_trail: u64,
}

impl Times {
    pub(super) fn take(&mut self, output: &Output) {
        self.stamps.extend_from_slice(&output.stamps);
        self.trails.extend_from_slice(&output.trails);
        self.without_trail += output.without_trail;
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.stamps.is_empty()
    }

    /// Everything was seen at `now`; until then it waited for its commit.
    pub(super) fn record(mut self, latency: &mut Recorder, now: ProcessingTime) {
        latency.record(&self.stamps, now);
        self.trails.iter_mut().for_each(|trail| trail.spend(Part::Commit, now));
        latency.record_trails(&self.trails, self.without_trail);
    }
}
