//! Listens to an engine while it runs: progress, backlog, batches, and when the timed part began.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dataflow::job::observer::RescaleReport;
use dataflow::job::observer::{BatchReport, CheckpointReport, Observer, SubtaskTimes};
use dataflow::{Completion, ProcessingTime};
use reports::schema::{
    ActivityRow, BATCHES_WITH_TASKS, BatchRow, CheckpointRow, Overslept, RecoveryFigures,
    RescaleRow, SERIES_BIN_NS,
};

use crate::measure::batches::{batch_row, without_tasks_but_in_the_middle};
use crate::measure::catch_up::CatchUp;
use crate::measure::latency::live_counts::LiveCounts;
use crate::measure::rescale_rows::{add, rescale_row};
use crate::measure::snapshot::{FinishedWork, OngoingWork, Snapshot};
use crate::quantity::Rate;

/// Batches, and checkpoints, kept for the result; all are counted.
const BATCHES_KEPT: usize = 10_000;
/// Marks an instant that has not come.
const NEVER: u64 = u64::MAX;

/// Prints a line for the reader.
pub(crate) type Teller = Arc<dyn Fn(&str) + Send + Sync>;

/// Something to do once this many events have been read.
type AtEvents = (u64, Box<dyn FnOnce() + Send>);

/// Figures of a run in progress; written on the control path, read by the progress bar.
pub struct RunObserver {
    splits: Vec<Split>,
    plan_end: ProcessingTime,
    /// Most events unread at one time in each bin of [`SERIES_BIN_NS`]; empty without a plan.
    backlog: Box<[AtomicU64]>,
    warm_up_events: u64,
    started: AtomicU64,
    timed_from: AtomicU64,
    finished: AtomicU64,
    batches: Mutex<Vec<BatchRow>>,
    /// What each subtask has done with its time, by name.
    activity: Mutex<BTreeMap<String, SubtaskTimes>>,
    /// Actions by the number of events after which they are due; the next one is last.
    at_events: Mutex<Vec<AtEvents>>,
    next_at: AtomicU64,
    /// Times that a source was woken late though nothing held it.
    overslept_times: AtomicU64,
    /// Events that it then read late.
    overslept_events: AtomicU64,
    /// Events that a driver read again which an earlier one had read.
    replayed: AtomicU64,
    /// Events that an earlier process had read.
    read_before: AtomicU64,
    catch_up: Mutex<CatchUp>,
    /// Whether a failure is not over; looked at before the lock is taken.
    catching_up: AtomicBool,
    checkpoints: Mutex<Vec<CheckpointRow>>,
    latest: Mutex<(Option<FinishedWork>, Option<OngoingWork>)>,
    /// Latencies so far, if a live view shows them.
    latency: Option<Arc<LiveCounts>>,
    /// Checkpoints or batches that are complete.
    completed: AtomicU64,
    restarts: AtomicU64,
    /// Is told of every restart as it happens.
    teller: Option<Teller>,
    rescale: Mutex<Option<RescaleRow>>,
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

impl Split {
    /// So many of its events have been read: what was unread at the last look is less by those that are
    /// new.
    fn advance(&self, events: u64) {
        let before = self.read.swap(events, Ordering::Relaxed);
        let unread = self.unread.load(Ordering::Relaxed);
        let left = unread.saturating_sub(events.saturating_sub(before));
        self.unread.store(left, Ordering::Relaxed);
    }
}

/// Bins for a plan and half as much again, at most an hour.
fn backlog_bins(rate: Rate, plan_end: ProcessingTime) -> u64 {
    const MOST: u64 = 3_600 * 1_000_000_000 / SERIES_BIN_NS;
    let planned = plan_end.0 / SERIES_BIN_NS;
    if rate.is_max() { 0 } else { (planned + planned / 2 + 10).min(MOST) }
}

impl RunObserver {
    /// For a run of that many splits, at this many events per second in all, whose last event is
    /// planned at `plan_end`.
    pub fn new(splits: u32, rate: Rate, plan_end: ProcessingTime, warm_up_events: u64) -> Self {
        let split = || Split {
            read: AtomicU64::new(0),
            unread: AtomicU64::new(0),
            at_end: AtomicU64::new(NEVER),
        };
        Self {
            splits: (0..splits).map(|_| split()).collect(),
            plan_end,
            backlog: (0..backlog_bins(rate, plan_end)).map(|_| AtomicU64::new(NEVER)).collect(),
            warm_up_events,
            started: AtomicU64::new(NEVER),
            timed_from: AtomicU64::new(NEVER),
            finished: AtomicU64::new(NEVER),
            batches: Mutex::new(Vec::new()),
            activity: Mutex::default(),
            at_events: Mutex::new(Vec::new()),
            next_at: AtomicU64::new(NEVER),
            overslept_times: AtomicU64::new(0),
            overslept_events: AtomicU64::new(0),
            replayed: AtomicU64::new(0),
            read_before: AtomicU64::new(0),
            catch_up: Mutex::new(CatchUp::new(splits, rate, plan_end)),
            catching_up: AtomicBool::new(false),
            checkpoints: Mutex::new(Vec::new()),
            latest: Mutex::default(),
            latency: None,
            completed: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
            teller: None,
            rescale: Mutex::new(None),
        }
    }

    /// The same, which also tells latencies so far.
    #[must_use]
    pub fn with_latency(self, latency: Option<Arc<LiveCounts>>) -> Self {
        Self { latency, ..self }
    }

    /// The same, which tells of every restart as it happens.
    #[must_use]
    pub(crate) fn telling(self, teller: Option<Teller>) -> Self {
        Self { teller, ..self }
    }

    /// Checkpoints or batches that are complete.
    pub(crate) fn completed(&self) -> u64 {
        self.completed.load(Ordering::Relaxed)
    }

    /// How the run stands now.
    pub fn snapshot(&self) -> Snapshot {
        let quantile = |at| self.latency.as_ref().and_then(|it| it.quantile(at));
        let (latest, begun) = self.latest.lock().expect("no holder fails").clone();
        Snapshot {
            read: self.splits.iter().map(|split| split.read.load(Ordering::Relaxed)).collect(),
            unread: self.unread(),
            p50_ns: quantile(0.5),
            p99_ns: quantile(0.99),
            latest,
            begun,
        }
    }

    fn note_latest(&self, latest: FinishedWork) {
        *self.latest.lock().expect("no holder fails") = (Some(latest), None);
    }

    fn note_begun(&self, begun: OngoingWork) {
        self.latest.lock().expect("no holder fails").1 = Some(begun);
    }

    /// Does something once, as soon as this many events have been read.
    pub fn once_read(&self, events: u64, act: impl FnOnce() + Send + 'static) {
        let mut at_events = self.at_events.lock().expect("no holder fails");
        at_events.push((events, Box::new(act)));
        at_events.sort_by_key(|(events, _)| std::cmp::Reverse(*events));
        self.note_next(&at_events);
    }

    fn note_next(&self, at_events: &[AtEvents]) {
        self.next_at.store(at_events.last().map_or(NEVER, |next| next.0), Ordering::Relaxed);
    }

    fn act_on(&self, read: u64) {
        let due = {
            let mut at_events = self.at_events.lock().expect("no holder fails");
            let due = at_events.pop_if(|(events, _)| *events <= read);
            self.note_next(&at_events);
            due
        };
        if let Some((_, act)) = due {
            act();
            self.act_on(read);
        }
    }

    /// Checkpoints, failures and what they cost a job that ended so.
    pub fn recovery(&self, completion: &Completion) -> RecoveryFigures {
        RecoveryFigures {
            restarts: completion.restarts,
            replayed: completion.replayed + self.replayed.load(Ordering::Relaxed),
            completed: completion.checkpoints,
            failures: self.catch_up.lock().expect("no holder fails").failures().to_vec(),
            checkpoints: self.checkpoints.lock().expect("no holder fails").clone(),
            rescale: self.rescale.lock().expect("no holder fails").clone(),
        }
    }

    /// The run has ended with a failure that nothing was done about.
    pub fn ended_by(&self, at: ProcessingTime, cause: &str) {
        self.catch_up.lock().expect("no holder fails").failed(at, cause);
        // Unless the engine had finished: the failure came after that then.
        let _ = self.finished.compare_exchange(NEVER, at.0, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Tells what follows failures, if one is not over.
    fn catching_up(&self, tell: impl FnOnce(&mut CatchUp)) {
        if self.catching_up.load(Ordering::Relaxed) {
            let mut catch_up = self.catch_up.lock().expect("no holder fails");
            tell(&mut catch_up);
            self.catching_up.store(catch_up.is_under_way(), Ordering::Relaxed);
        }
    }

    /// Events read so far.
    pub fn read(&self) -> u64 {
        self.splits.iter().map(|split| split.read.load(Ordering::Relaxed)).sum()
    }

    /// Events that could have been read and were not, as of the last look at each split.
    pub fn unread(&self) -> u64 {
        self.splits.iter().map(|split| split.unread.load(Ordering::Relaxed)).sum()
    }

    /// When the last event is planned.
    pub const fn plan_end(&self) -> ProcessingTime {
        self.plan_end
    }

    /// Stores the backlog of a split, and what it makes of the bin.
    fn note_backlog(&self, split: u32, at: ProcessingTime, unread: u64) {
        self.splits[split as usize].unread.store(unread, Ordering::Relaxed);
        let Some(bin) = self.backlog.get((at.0 / SERIES_BIN_NS) as usize) else { return };
        let (all, before) = (self.unread(), bin.load(Ordering::Relaxed));
        if before == NEVER || all > before {
            bin.store(all, Ordering::Relaxed);
        }
    }

    /// The largest backlog of each bin in which a source looked at its backlog, with where the bin
    /// begins.
    pub fn backlog_over_time(&self) -> Vec<(u64, u64)> {
        let bins = (0..).zip(&self.backlog);
        let seen = bins.map(|(bin, most)| (bin * SERIES_BIN_NS, most.load(Ordering::Relaxed)));
        seen.filter(|(_, most)| *most != NEVER).collect()
    }

    /// Events that were planned and unread when the plan ended.
    pub fn backlog_at_end(&self) -> u64 {
        let seen = self.splits.iter().map(|split| split.at_end.load(Ordering::Relaxed));
        seen.filter(|unread| *unread != NEVER).sum()
    }

    /// What was read over a millisecond late by sources that nothing held.
    pub fn overslept(&self) -> Overslept {
        let [times, events] =
            [&self.overslept_times, &self.overslept_events].map(|it| it.load(Ordering::Relaxed));
        Overslept { times, events, triggers: 0 }
    }

    /// From the first timed event to the end; `None` when there was none or it has not ended.
    pub(crate) fn timed_part(&self) -> Option<(ProcessingTime, ProcessingTime)> {
        let instant = |at: &AtomicU64| Some(at.load(Ordering::Relaxed)).filter(|at| *at != NEVER);
        let from = instant(&self.timed_from).or(instant(&self.started))?;
        Some((ProcessingTime(from), ProcessingTime(instant(&self.finished)?)))
    }

    /// The length of the timed part, in nanoseconds.
    pub fn timed_nanos(&self) -> u64 {
        self.timed_part().map_or(0, |(from, upto)| upto.0.saturating_sub(from.0))
    }

    /// Events that an earlier process had read when this one took the job up.
    pub fn read_before(&self) -> u64 {
        self.read_before.load(Ordering::Relaxed)
    }

    /// The batches, in order.
    pub fn take_batches(&self) -> Vec<BatchRow> {
        let mut batches = std::mem::take(&mut *self.batches.lock().expect("no holder fails"));
        without_tasks_but_in_the_middle(&mut batches, BATCHES_WITH_TASKS);
        batches
    }

    /// What each subtask has done with its time.
    pub fn activity(&self) -> Vec<ActivityRow> {
        let activity = self.activity.lock().expect("no holder fails");
        let row = |(subtask, times): (&String, &SubtaskTimes)| ActivityRow {
            subtask: subtask.clone(),
            busy_ns: times.busy_nanos,
            idle_ns: times.idle_nanos,
            back_pressured_ns: times.back_pressured_nanos,
        };
        activity.iter().map(row).collect()
    }
}

impl Observer for RunObserver {
    fn started(&self, at: ProcessingTime) {
        // Only the first start: what comes later is part of the run.
        let _ = self.started.compare_exchange(NEVER, at.0, Ordering::Relaxed, Ordering::Relaxed);
    }

    fn activity(&self, subtask: &str, activity: SubtaskTimes) {
        let mut all = self.activity.lock().expect("no holder fails");
        let sum = all.entry(subtask.to_owned()).or_default();
        sum.busy_nanos += activity.busy_nanos;
        sum.idle_nanos += activity.idle_nanos;
        sum.back_pressured_nanos += activity.back_pressured_nanos;
    }

    fn overslept(&self, events: u64) {
        self.overslept_times.fetch_add(1, Ordering::Relaxed);
        self.overslept_events.fetch_add(events, Ordering::Relaxed);
    }

    fn backlog(&self, split: u32, at: ProcessingTime, unread: u64) {
        self.catching_up(|it| it.looked(split, at, unread));
        self.note_backlog(split, at, unread);
        let split = &self.splits[split as usize];
        if at >= self.plan_end && split.at_end.load(Ordering::Relaxed) == NEVER {
            split.at_end.store(unread, Ordering::Relaxed);
        }
    }

    fn read(&self, split: u32, at: ProcessingTime, events: u64) {
        self.catching_up(|it| it.resumed(at));
        self.splits[split as usize].advance(events);
        // Splits of a topic have any length: what counts is what was read of all of them.
        if self.warm_up_events > 0
            && self.timed_from.load(Ordering::Relaxed) == NEVER
            && self.read() >= self.warm_up_events
        {
            self.timed_from.store(at.0, Ordering::Relaxed);
        }
        if self.next_at.load(Ordering::Relaxed) != NEVER {
            let read = self.read();
            if read >= self.next_at.load(Ordering::Relaxed) {
                self.act_on(read);
            }
        }
    }

    fn batch_begins(&self, id: u64, offsets: u64) {
        self.note_begun(OngoingWork::Batch { id, offsets });
    }

    fn checkpoint_begins(&self, id: u64) {
        self.note_begun(OngoingWork::Checkpoint { id });
    }

    fn checkpoint(&self, report: &CheckpointReport) {
        self.completed.fetch_add(1, Ordering::Relaxed);
        self.note_latest(FinishedWork::Checkpoint {
            id: report.id,
            bytes: report.bytes,
            took_ns: report.completed.since(report.triggered),
        });
        let mut checkpoints = self.checkpoints.lock().expect("no holder fails");
        if checkpoints.len() < BATCHES_KEPT {
            checkpoints.push(CheckpointRow {
                id: report.id,
                triggered_ns: report.triggered.0,
                duration_ns: report.completed.since(report.triggered),
                bytes: report.bytes,
                full: report.full,
                alignment_ns: report.alignment_nanos,
                pause_ns: report.pause_nanos,
            });
        }
    }

    fn resumed(&self, split: u32, events: u64) {
        let read = self.splits[split as usize].read.load(Ordering::Relaxed);
        if read == 0 {
            self.read_before.fetch_add(events, Ordering::Relaxed);
        }
        self.replayed.fetch_add(read.saturating_sub(events), Ordering::Relaxed);
    }

    fn rescaled(&self, report: &RescaleReport) {
        let mut rescale = self.rescale.lock().expect("no holder fails");
        let row = rescale_row(report);
        match &mut *rescale {
            None => *rescale = Some(row),
            Some(sum) if (sum.from, sum.to) == (row.from, row.to) => add(sum, &row),
            // Stages of different widths make no common table; the first one stays.
            Some(_) => {}
        }
    }

    fn restarting(&self, at: ProcessingTime, cause: &str) {
        self.catch_up.lock().expect("no holder fails").failed(at, cause);
        self.catching_up.store(true, Ordering::Relaxed);
        let number = 1 + self.restarts.fetch_add(1, Ordering::Relaxed);
        if let Some(teller) = &self.teller {
            let at = humantime::format_duration(Duration::from_millis(at.0 / 1_000_000));
            teller(&format!("restart {number}, {at} into the run: {cause}"));
        }
    }

    fn restarted(&self, at: ProcessingTime) {
        self.catching_up(|it| it.resumed(at));
    }

    fn batch(&self, report: &BatchReport) {
        self.completed.fetch_add(1, Ordering::Relaxed);
        self.note_latest(FinishedWork::Batch {
            id: report.batch,
            records: report.records,
            took_ns: report.ended.since(report.started),
        });
        let mut batches = self.batches.lock().expect("no holder fails");
        if batches.len() < BATCHES_KEPT {
            batches.push(batch_row(report));
        }
    }

    fn finished(&self, at: ProcessingTime) {
        self.finished.store(at.0, Ordering::Relaxed);
        self.catching_up(|it| it.ended(at));
    }
}
