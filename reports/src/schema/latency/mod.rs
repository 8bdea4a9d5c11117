//! Latencies of a run: their percentiles, and the parts of their mean.

pub mod buckets;

use serde::{Deserialize, Serialize};

/// The three latencies of DESIGN: from the planned time, from ingestion, after a window's end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latencies {
    /// Emission minus the planned time of the newest contributor: free of coordinated omission.
    pub from_planned: LatencySummary,
    /// Emission minus the moment the newest contributor became readable.
    pub from_ingestion: LatencySummary,
    /// Emission minus the planned time of the window's end.
    pub after_window_end: LatencySummary,
}

/// Percentiles of one latency, in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencySummary {
    /// Values recorded.
    pub count: u64,
    /// Their mean; `null` without any.
    #[serde(default)]
    pub mean: Option<f64>,
    /// Median; `null` with fewer than 10 values beyond it or fewer than 10 `emissions`, so for every
    /// percentile.
    pub p50: Option<u64>,
    /// 90th percentile.
    pub p90: Option<u64>,
    /// 99th percentile.
    pub p99: Option<u64>,
    /// 99.9th percentile.
    pub p999: Option<u64>,
    /// Largest value recorded.
    pub max: Option<u64>,
    /// Values above the histogram's range, counted and clipped: must be 0 in a valid run.
    pub clipped: u64,
    /// The curve for charts: (quantile from 0 to 1, latency), rising in both, ending at (1, max).
    pub curve: Vec<(f64, u64)>,
}

/// Where the time of a latency went, from sampled records: their ways are known in full.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyParts {
    /// Records sampled and emitted.
    pub samples: u64,
    /// One in how many records is a sample.
    pub one_in: u32,
    /// Sampled records that are in no part: nobody knew any more where they had been.
    pub without_trail: u64,
    /// Mean over all samples.
    pub mean: PartsOfMean,
    /// Mean over the slowest hundredth of the samples; all 0 below ten of those.
    pub slowest: PartsOfMean,
}

/// A mean latency from the planned time and the parts that it is the sum of, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartsOfMean {
    /// The sum of the rest.
    pub total_ns: f64,
    /// Planned, and not there yet: on its way from a broker, or in a split that is late.
    #[serde(default)]
    pub fetch_ns: f64,
    /// Readable, and not read; micro-batch: cut, and no task had come to it.
    pub source_ns: f64,
    /// Pipelined: in a buffer that had to fill up or be flushed. Micro-batch: before the cut of
    /// its batch.
    pub boundary_ns: f64,
    /// Sealed, and not taken by the next stage. Micro-batch: until the stage before had ended.
    pub queue_ns: f64,
    /// In the hands of a subtask or task.
    pub processing_ns: f64,
    /// What work costs by the prices of the run's profile: beyond our own on the wall clock, in virtual
    /// time all of it.
    #[serde(default)]
    pub cost_ns: f64,
    /// In state, until a watermark, a timer or the end of a unit of work released the result.
    pub state_ns: f64,
    /// Written, and not committed.
    pub commit_ns: f64,
}

impl PartsOfMean {
    /// All parts, in the order in which a record comes by them.
    pub const fn parts(&self) -> [f64; 8] {
        [
            self.fetch_ns,
            self.source_ns,
            self.boundary_ns,
            self.queue_ns,
            self.processing_ns,
            self.cost_ns,
            self.state_ns,
            self.commit_ns,
        ]
    }
}

/// One of the three latencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LatencyKind {
    /// Emission minus the planned time of the newest contributor.
    FromPlanned,
    /// Emission minus the moment the newest contributor became readable.
    FromIngestion,
    /// Emission minus the planned time of the window's end.
    AfterWindowEnd,
}

impl LatencyKind {
    /// All, in the order of results.
    pub const ALL: [LatencyKind; 3] =
        [LatencyKind::FromPlanned, LatencyKind::FromIngestion, LatencyKind::AfterWindowEnd];

    /// The section of a result's latencies.
    pub fn of(self, latencies: &Latencies) -> &LatencySummary {
        match self {
            LatencyKind::FromPlanned => &latencies.from_planned,
            LatencyKind::FromIngestion => &latencies.from_ingestion,
            LatencyKind::AfterWindowEnd => &latencies.after_window_end,
        }
    }

    /// The field's name in a result.
    pub fn field(self) -> &'static str {
        match self {
            LatencyKind::FromPlanned => "from_planned",
            LatencyKind::FromIngestion => "from_ingestion",
            LatencyKind::AfterWindowEnd => "after_window_end",
        }
    }

    /// What it is counted from, for people: `from the planned time`.
    pub fn description(self) -> &'static str {
        match self {
            LatencyKind::FromPlanned => "from the planned time",
            LatencyKind::FromIngestion => "from ingestion",
            LatencyKind::AfterWindowEnd => "after the window's end",
        }
    }
}

/// A percentile that results carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Percentile {
    /// Median.
    P50,
    /// 90th.
    P90,
    /// 99th.
    P99,
    /// 99.9th.
    P999,
    /// Largest value.
    Max,
}

impl Percentile {
    /// All, rising.
    pub const ALL: [Percentile; 5] =
        [Percentile::P50, Percentile::P90, Percentile::P99, Percentile::P999, Percentile::Max];

    /// The field's name in a result.
    pub fn field(self) -> &'static str {
        match self {
            Percentile::P50 => "p50",
            Percentile::P90 => "p90",
            Percentile::P99 => "p99",
            Percentile::P999 => "p999",
            Percentile::Max => "max",
        }
    }

    /// For people: `p99.9`.
    pub fn label(self) -> &'static str {
        match self {
            Percentile::P999 => "p99.9",
            other => other.field(),
        }
    }
}
