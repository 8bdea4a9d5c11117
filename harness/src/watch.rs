//! Listens to an engine while it runs: progress, backlog, batches, and when the timed part began.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use dataflow::observer::{BatchReport, Observer};
use dataflow::{EventTime, ProcessingTime};
use reports::result::BatchRow;

/// Batches kept for the result; all are counted.
const BATCHES_KEPT: usize = 10_000;
/// Marks an instant that has not come.
const NEVER: u64 = u64::MAX;

/// Figures of a run in progress; written on the control path, read by the progress bar.
pub struct Watch {
    splits: Vec<Split>,
    plan_end: ProcessingTime,
    warm_up_events: u64,
    started: AtomicU64,
    timed_from: AtomicU64,
    finished: AtomicU64,
    batches: Mutex<Vec<BatchRow>>,
}

/// One split; on a cache line of its own, as subtasks write side by side.
#[derive(Debug)]
#[repr(align(128))]
struct Split {
    read: AtomicU64,
    unread: AtomicU64,
    /// Unread when the plan had ended, at the first look after that.
    at_end: AtomicU64,
}

impl Watch {
    /// For a run of that many splits whose last event is planned at `plan_end`.
    pub fn new(splits: u32, plan_end: ProcessingTime, warm_up_events: u64) -> Self {
        let split = || Split {
            read: AtomicU64::new(0),
            unread: AtomicU64::new(0),
            at_end: AtomicU64::new(NEVER),
        };
        Self {
            splits: (0..splits).map(|_| split()).collect(),
            plan_end,
            warm_up_events,
            started: AtomicU64::new(NEVER),
            timed_from: AtomicU64::new(NEVER),
            finished: AtomicU64::new(NEVER),
            batches: Mutex::new(Vec::new()),
        }
    }

    /// Events read so far.
    pub fn read(&self) -> u64 {
        self.splits.iter().map(|split| split.read.load(Ordering::Relaxed)).sum()
    }

    /// Events planned and not read, as of the last look at each split.
    pub fn unread(&self) -> u64 {
        self.splits.iter().map(|split| split.unread.load(Ordering::Relaxed)).sum()
    }

    /// Events that were planned and unread when the plan ended.
    pub fn backlog_at_end(&self) -> u64 {
        let seen = self.splits.iter().map(|split| split.at_end.load(Ordering::Relaxed));
        seen.filter(|unread| *unread != NEVER).sum()
    }

    /// From the first timed event to the end, in nanoseconds.
    pub fn timed_nanos(&self) -> u64 {
        let instant = |at: &AtomicU64| Some(at.load(Ordering::Relaxed)).filter(|at| *at != NEVER);
        let from = instant(&self.timed_from).or(instant(&self.started));
        match (from, instant(&self.finished)) {
            (Some(from), Some(to)) => to.saturating_sub(from),
            _ => 0,
        }
    }

    /// The batches, in order.
    pub fn take_batches(&self) -> Vec<BatchRow> {
        std::mem::take(&mut *self.batches.lock().expect("no holder fails"))
    }
}

impl Observer for Watch {
    fn started(&self, at: ProcessingTime) {
        self.started.store(at.0, Ordering::Relaxed);
    }

    fn backlog(&self, split: u32, at: ProcessingTime, unread: u64) {
        let split = &self.splits[split as usize];
        split.unread.store(unread, Ordering::Relaxed);
        if at >= self.plan_end && split.at_end.load(Ordering::Relaxed) == NEVER {
            split.at_end.store(unread, Ordering::Relaxed);
        }
    }

    fn read(&self, split: u32, at: ProcessingTime, offset: u64) {
        let count = self.splits.len() as u64;
        self.splits[split as usize].read.store(offset, Ordering::Relaxed);
        if offset * count >= self.warm_up_events
            && self.timed_from.load(Ordering::Relaxed) == NEVER
            && self.warm_up_events > 0
        {
            self.timed_from.store(at.0, Ordering::Relaxed);
        }
    }

    fn batch(&self, report: &BatchReport) {
        let mut batches = self.batches.lock().expect("no holder fails");
        if batches.len() < BATCHES_KEPT {
            let known = |watermark: EventTime| {
                (watermark != EventTime::MIN && watermark != EventTime::MAX).then_some(watermark.0)
            };
            batches.push(BatchRow {
                batch: report.batch,
                trigger_ns: report.due.0,
                delay_ns: report.started.since(report.due),
                records: report.records,
                stages_ns: report.stages_nanos.clone(),
                total_ns: report.ended.since(report.started),
                watermark_ns: known(report.watermark),
            });
        }
    }

    fn finished(&self, at: ProcessingTime) {
        self.finished.store(at.0, Ordering::Relaxed);
    }
}
