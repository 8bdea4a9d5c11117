//! How a run stands while it is on: for the live view.

/// How a run stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Events read of every split.
    pub read: Vec<u64>,
    /// Events planned and not read, as of the last look at each split.
    pub unread: u64,
    /// Median latency from the planned time so far, in nanoseconds; `None` if latencies are not counted during the run.
    pub p50_ns: Option<u64>,
    /// 99th percentile of latency from the planned time so far, in nanoseconds.
    pub p99_ns: Option<u64>,
    /// The newest batch or checkpoint that is complete.
    pub latest: Option<FinishedWork>,
    /// What is in progress.
    pub begun: Option<OngoingWork>,
}

/// A batch or a checkpoint that is not complete.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum OngoingWork {
    /// A micro-batch.
    Batch {
        /// Its id, from 0.
        id: u64,
        /// Offsets that it takes: as many events, or fewer where these have gaps.
        offsets: u64,
    },
    /// A checkpoint.
    Checkpoint {
        /// Its id, from 1.
        id: u64,
    },
}

/// A batch or a checkpoint that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinishedWork {
    /// A micro-batch.
    Batch {
        /// Its id, from 0.
        id: u64,
        /// Events read.
        records: u64,
        /// From the start of its work to its end, in nanoseconds.
        took_ns: u64,
    },
    /// A checkpoint.
    Checkpoint {
        /// Its id, from 1.
        id: u64,
        /// Bytes of state written for it.
        bytes: u64,
        /// From its trigger until it was durable, in nanoseconds.
        took_ns: u64,
    },
}
