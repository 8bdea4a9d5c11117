//! What an engine tells while it runs: on the control path only, never per record.

use crate::record::time::{EventTime, ProcessingTime};

pub use crate::job::rescale_report::RescaleReport;

/// Time that a subtask spent in the past period, in nanoseconds.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct SubtaskTimes {
    /// Working.
    pub busy_nanos: u64,
    /// Without input.
    pub idle_nanos: u64,
    /// With output that nobody takes.
    pub back_pressured_nanos: u64,
}

/// One task of a micro-batch, as it ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct TaskReport {
    /// Its stage, from 0.
    pub stage: usize,
    /// The partition that it worked on.
    pub partition: u32,
    /// The slot that it ran on.
    pub slot: u32,
    /// When it began.
    pub started: ProcessingTime,
    /// When it had ended.
    pub ended: ProcessingTime,
    /// Records that it took in.
    pub records: u64,
}

/// One micro-batch, as it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchReport {
    /// Batch id, from 0.
    pub batch: u64,
    /// When its trigger was due.
    pub due: ProcessingTime,
    /// When its work began.
    pub started: ProcessingTime,
    /// When it was complete.
    pub ended: ProcessingTime,
    /// Events read; 0 for a no-data batch.
    pub records: u64,
    /// Length of every stage, in nanoseconds.
    pub stages_nanos: Vec<u64>,
    /// The watermark in force.
    pub watermark: EventTime,
    /// Its tasks, stage by stage and in the order of partitions.
    pub tasks: Vec<TaskReport>,
}

/// One completed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointReport {
    /// Its id, from 1.
    pub id: u64,
    /// When it was triggered.
    pub triggered: ProcessingTime,
    /// When its metadata was durable.
    pub completed: ProcessingTime,
    /// Bytes of state written for it.
    pub bytes: u64,
    /// Whether it stands by itself or is a delta.
    pub full: bool,
    /// Longest alignment among its subtasks: from the first barrier to the last, in nanoseconds.
    pub alignment_nanos: u64,
    /// Longest stop of a subtask while its state was copied, in nanoseconds; 0 in virtual time.
    pub pause_nanos: u64,
}

/// How late an event may be read by a source that has nothing else to do, in nanoseconds.
pub const LATE_NANOS: u64 = 1_000_000;

/// Listens to an engine. Every method has an empty default.
pub trait Observer: Send + Sync {
    /// Sources are about to be read.
    fn started(&self, at: ProcessingTime) {
        let _ = at;
    }
    /// About every second, per subtask, named `stage/subtask`.
    fn activity(&self, subtask: &str, activity: SubtaskTimes) {
        let _ = (subtask, activity);
    }
    /// Before a read (pipelined) or a cut (micro-batch): how many events of a split should have
    /// been read by then: those that the look before had found, and those that were readable
    /// [`LATE_NANOS`] ago, or by the trigger before. What has just become readable, or waits for the
    /// next trigger by the setting, is not counted. Gaps between offsets are: nobody knows them before
    /// they are read.
    fn backlog(&self, split: u32, at: ProcessingTime, unread: u64) {
        let _ = (split, at, unread);
    }
    /// The timer of a source that had nothing to do but to wait for its next event fired too late:
    /// so many events are read over [`LATE_NANOS`] after they were planned, and no engine is to
    /// blame. What waits for a trigger, for room or for its turn is not counted.
    fn overslept(&self, events: u64) {
        let _ = events;
    }
    /// So many events of a split have been read, from where the job began.
    fn read(&self, split: u32, at: ProcessingTime, events: u64) {
        let _ = (split, at, events);
    }
    /// A micro-batch over this number of offsets is about to run, or to run again: as many events, or
    /// fewer where offsets have gaps.
    fn batch_begins(&self, batch: u64, offsets: u64) {
        let _ = (batch, offsets);
    }
    /// A micro-batch is complete.
    fn batch(&self, report: &BatchReport) {
        let _ = report;
    }
    /// A checkpoint is triggered.
    fn checkpoint_begins(&self, id: u64) {
        let _ = id;
    }
    /// A checkpoint is complete.
    fn checkpoint(&self, report: &CheckpointReport) {
        let _ = report;
    }
    /// Something failed at `at`, and the job goes on from what was durable.
    fn restarting(&self, at: ProcessingTime, cause: &str) {
        let _ = (at, cause);
    }
    /// The job goes on. What was read again by its end, [`Completion::replayed`] says.
    ///
    /// [`Completion::replayed`]: crate::Completion::replayed
    fn restarted(&self, at: ProcessingTime) {
        let _ = at;
    }
    /// A job that was started with [`Start::Resume`](crate::Start::Resume) reads a split from
    /// where so many of its events had been read. What an earlier driver had read behind that is read
    /// again. A micro-batch that runs again is behind it already; of one it is told before
    /// [`read`](Self::read), once it is known how many events it holds.
    fn resumed(&self, split: u32, events: u64) {
        let _ = (split, events);
    }
    /// The state of a stage with keys was taken up in another layout.
    fn rescaled(&self, report: &RescaleReport) {
        let _ = report;
    }
    /// Everything has been drained.
    fn finished(&self, at: ProcessingTime) {
        let _ = at;
    }
}

/// Hears nothing.
#[derive(Copy, Clone, Debug, Default)]
pub struct Silent;
impl Observer for Silent {}
