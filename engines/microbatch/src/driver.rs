//! The driver: trigger, cut offsets, log, run stages in order, commit, again.

use std::ops::Range;
use std::sync::Arc;

use dataflow::job::engine::{BoxFuture, Footprint, Guarantee, Job, Start};
use dataflow::job::observer::{BatchReport, RescaleReport};
use dataflow::job::placement_settings::check_placement;
use dataflow::job::plan::Plan;
use dataflow::job::runtime::{CostKind, Runtime, Timer, Work};
use dataflow::job::settings::{Setting, Settings};
use dataflow::job::source::note_oversleep;
use dataflow::record::content_hash::ContentHash;
use dataflow::{Completion, Control, Engine, EngineError, EventTime, ProcessingTime, StopSignal};

use crate::batch_log::{BatchSpec, LoggedLayout};
use crate::batch_runner::BatchRunner;
use crate::cut::{Cut, Offsets};
use crate::recovery::{BatchResult, Recovery, StartingPoint};
use crate::scheduler::Scheduler;
use crate::settings::{ResolvedSettings, SETTINGS};
use crate::stages::{BatchOutcome, Stages, charge, layout, sleep_until};
use crate::trigger::TriggerClock;
use crate::watermarks::Watermarks;

/// The micro-batch model with a structured driver.
#[derive(Copy, Clone, Debug, Default)]
pub struct MicroBatch;

impl Engine for MicroBatch {
    fn name(&self) -> &'static str {
        "microbatch"
    }

    fn describe(&self) -> &'static str {
        "a driver and short tasks, batch by batch (as Spark Structured Streaming)"
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn check(&self, settings: &Settings, parallelism: u32) -> Result<(), String> {
        let partitions = settings.get_integer("shuffle_partitions").map(|it| it as u32);
        let most = partitions.unwrap_or(parallelism).max(parallelism);
        if settings.number("idle_timeout_ms") > 0.0 && settings.name("watermark") == "max" {
            return Err(
                "idle_timeout_ms leaves idle splits out of watermark=min; with watermark=max no \
                        split holds the watermark back: leave it out"
                    .to_owned(),
            );
        }
        check_placement(settings, most)
    }

    fn footprint(&self, plan: &Plan, parallelism: u32, settings: &Settings) -> Footprint {
        let layout = layout(plan, parallelism, &ResolvedSettings::new(settings, parallelism));
        let subtasks = layout.parallelism.into_iter().map(u64::from).sum();
        Footprint { subtasks, channels: 0 }
    }

    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>> {
        Box::pin(async move { Driver::open(job, runtime, control).await?.run().await })
    }
}

struct Driver {
    work: BatchRunner,
    settings: ResolvedSettings,
    offsets: Offsets,
    watermarks: Watermarks,
    /// The watermark that the last batch applied.
    applied: EventTime,
    trigger: TriggerClock,
    timer: Box<dyn Timer>,
    runtime: Arc<dyn Runtime>,
    control: Control,
    batch: u64,
    /// The logged batch that runs again before any other, until it has.
    again: Option<BatchSpec>,
    /// Whether the batch that ends the job is committed.
    ended: bool,
    /// By how much operators' processing time is ahead of the runtime's clock: a resumed job
    /// goes on from the time that it had come to.
    ahead_nanos: u64,
}

/// What the driver does at a trigger.
enum Next {
    /// A batch of new data, or one without any that applies a risen watermark or due timers.
    Batch(Cut),
    /// Nothing to do yet; the cut holds nothing.
    Wait(Cut),
    /// The input has ended.
    End,
    /// The run was stopped.
    Stop,
}

impl Driver {
    async fn open(
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> Result<Self, EngineError> {
        let Job { plan, parallelism, settings, start, identity, .. } = job;
        let settings = ResolvedSettings::new(&settings, parallelism);
        let layout = layout(&plan, parallelism, &settings);
        let scheduler = Scheduler::new(parallelism, Arc::clone(&runtime), settings.stall_nanos);
        let (offsets, bound) = (Offsets::new(&*plan.source.splits), plan.source.bound_nanos);
        let splits = plan.source.splits.splits();
        let stop = control.stop.clone();
        let stages = Stages::new(plan, layout, scheduler, Arc::clone(&runtime), stop);
        let observer = Arc::clone(&control.observer);
        let failures = settings.max_task_failures;
        let mut driver = Self {
            offsets,
            watermarks: Watermarks::new(settings.watermark, bound, splits, settings.idle_nanos),
            work: BatchRunner::new(stages, failures, Arc::clone(&runtime), observer),
            applied: EventTime::MIN,
            trigger: TriggerClock::new(settings.interval_nanos, runtime.random("trigger")),
            timer: runtime.timer(),
            runtime,
            control,
            batch: 0,
            again: None,
            ended: false,
            ahead_nanos: 0,
            settings,
        };
        if driver.settings.guarantee == Guarantee::None {
            driver.work.stages.make_fresh();
        } else {
            driver.take_up(start, identity).await?;
        }
        if !driver.ended {
            driver.work.stages.open();
        }
        Ok(driver)
    }

    /// Takes up what the storage holds of the job.
    async fn take_up(&mut self, start: Start, identity: ContentHash) -> Result<(), EngineError> {
        let Self { settings, work, runtime, control, .. } = self;
        let stages = &mut work.stages;
        let storage = runtime.storage();
        let (recovery, begin) =
            Recovery::begin((start, identity), settings, &stages.plan, &stages.layout, storage)
                .await?;
        for stage in stages.ids() {
            let numbers: Vec<u32> = (0..stages.layout.parallelism[stage.0]).collect();
            let begun = runtime.now();
            let (rebuilt, rescaled) =
                recovery.rebuild(&stages.plan, &stages.layout, stage, &numbers).await?;
            stages.partitions[stage.0] = rebuilt;
            if let Some(report) = rescaled {
                let nanos = runtime.now().since(begun);
                control.observer.rescaled(&RescaleReport { nanos, ..report });
            }
        }
        let committed = recovery.committed();
        let before = committed.map(|log| log.events.clone());
        let committed = committed.map(|log| (log.newest.clone(), log.applied));
        work.recovery = Some(recovery);
        let (spec, is_committed) = match begin {
            StartingPoint::Fresh => return Ok(()),
            StartingPoint::After(spec) => (spec, true),
            StartingPoint::Again(spec) => (spec, false),
        };
        self.ahead_nanos = spec.processing_time.since(self.runtime.now());
        let before = before.unwrap_or_else(|| vec![0; spec.ranges.len()]);
        self.offsets = Offsets::resume(&spec.ranges, before);
        let Some((newest, applied)) = committed.filter(|_| is_committed) else {
            self.watermarks.observe(&spec.newest);
            (self.applied, self.batch) = (spec.applied, spec.batch);
            self.again = Some(spec);
            return Ok(());
        };
        // Its events are among those that were read before.
        self.offsets.advance(&spec.ranges, &[]);
        self.tell_resumed();
        self.watermarks.observe(&newest);
        (self.applied, self.batch) = (applied, spec.batch + 1);
        self.ended = spec.last;
        Ok(())
    }

    /// Tells from where in each split the job goes on.
    fn tell_resumed(&self) {
        for (split, events) in (0..).zip(self.offsets.events()) {
            self.control.observer.resumed(split, *events);
        }
    }

    async fn run(mut self) -> Result<Completion, EngineError> {
        self.control.observer.started(self.runtime.now());
        let mut due = self.runtime.now();
        if let Some(spec) = self.again.clone() {
            self.control.observer.restarted(due);
            self.run_batch(&spec, due, due).await?;
            due = self.runtime.now();
        }
        while !self.ended {
            let now = self.runtime.now();
            match self.next(now)? {
                Next::Batch(cut) => {
                    // Computed before the batch runs, so that an overrun is followed at once.
                    let next_due = self.trigger.next_after(now);
                    let watermark = self.watermark();
                    self.run_new_batch(cut.ranges, due, now, watermark).await?;
                    let back_to_back = self.settings.interval_nanos == 0;
                    due = if back_to_back { self.runtime.now() } else { next_due };
                    self.sleep_until(due).await;
                }
                Next::Wait(Cut { next_at, planned_at, .. }) => {
                    let polled = now.after(self.settings.polling_nanos);
                    let at = match (self.settings.interval_nanos, self.settings.polling_nanos) {
                        (0, 0) => {
                            let others =
                                self.wake_at().into_iter().chain(self.watermarks.next_idle_at());
                            let next_at = next_at.expect("an open split says when to look again");
                            others.fold(next_at, ProcessingTime::min)
                        }
                        (0, _) => polled,
                        _ => self.trigger.next_after(now),
                    };
                    due = at;
                    self.sleep_until(at).await;
                    if planned_at == Some(at) {
                        self.note_oversleep(at);
                    }
                }
                // With a guarantee, a stopped job goes on when it is resumed: nothing is
                // released that events to come may still change.
                Next::Stop if self.work.recovery.is_some() => break,
                Next::End | Next::Stop => {
                    // The end of the input: a batch without data that releases everything.
                    let (now, nothing) = (self.runtime.now(), self.offsets.nothing());
                    self.run_new_batch(nothing, now, now, EventTime::MAX).await?;
                }
            }
        }
        self.finish().await
    }

    /// Looks at the splits and decides.
    fn next(&mut self, now: ProcessingTime) -> Result<Next, EngineError> {
        if self.control.stop.is_requested() {
            return Ok(Next::Stop);
        }
        let splits = Arc::clone(&self.work.stages.plan.source.splits);
        // What was there one interval ago should have been read by the trigger before this one.
        let should_have = ProcessingTime(now.0.saturating_sub(self.settings.interval_nanos));
        for split in 0..splits.splits() {
            let from = self.offsets.read(split);
            let unread = splits.available(split, from, should_have)?.end.saturating_sub(from);
            self.control.observer.backlog(split, now, unread);
        }
        let cut = self.offsets.cut(&*splits, now, self.settings.max_offsets)?;
        let timer_is_due = self.wake_at().is_some_and(|at| at <= now);
        self.watermarks.looked(&cut.with_events, now);
        if !cut.is_empty() || self.watermark() > self.applied || timer_is_due {
            return Ok(Next::Batch(cut));
        }
        if self.offsets.have_ended() {
            return Ok(Next::End);
        }
        Ok(Next::Wait(cut))
    }

    /// The watermark that follows from all batches so far. It never goes back, also where the split that
    /// is behind is one that was idle.
    fn watermark(&self) -> EventTime {
        self.watermarks.watermark(self.offsets.ended()).max(self.applied)
    }

    /// When the earliest processing-time timer of any partition is due, by the runtime's clock.
    fn wake_at(&self) -> Option<ProcessingTime> {
        let partitions = self.work.stages.partitions.iter().flatten();
        let earliest = partitions.filter_map(|partition| partition.runner.wake_at()).min()?;
        Some(ProcessingTime(earliest.0.saturating_sub(self.ahead_nanos)))
    }

    /// Logs a batch and runs it. Only the one that ends the job applies the last watermark.
    async fn run_new_batch(
        &mut self,
        ranges: Vec<Range<u64>>,
        due: ProcessingTime,
        started: ProcessingTime,
        watermark: EventTime,
    ) -> Result<(), EngineError> {
        let spec = BatchSpec {
            batch: self.batch,
            ranges,
            watermark,
            applied: self.applied,
            newest: self.watermarks.newest().to_vec(),
            processing_time: started.after(self.ahead_nanos),
            last: watermark == EventTime::MAX,
        };
        if let Some(recovery) = &mut self.work.recovery {
            recovery.log(&spec).await?;
        }
        self.run_batch(&spec, due, started).await
    }

    /// Runs a batch until it is committed, or the run is stopped: then the next look at the splits says
    /// so, and the batch has never been.
    async fn run_batch(
        &mut self,
        spec: &BatchSpec,
        due: ProcessingTime,
        started: ProcessingTime,
    ) -> Result<(), EngineError> {
        let (batch, watermark) = (spec.batch, spec.watermark);
        if self.runtime.tracing() {
            let offsets = spec.offsets();
            self.runtime.trace(format_args!("batch {batch} offsets={offsets} wm={}", watermark.0));
        }
        self.control.observer.batch_begins(batch, spec.offsets());
        let is_new = self.again.is_none();
        let (runtime, stop) = (Arc::clone(&self.runtime), self.control.stop.clone());
        let planned = plan(&*runtime, &stop, is_new).await;
        let Some(ran) = self.work.run(spec, started, planned).await? else {
            if self.again.take().is_some() {
                self.tell_resumed();
            }
            return Ok(());
        };
        let BatchOutcome { newest, ranges, events, ended: stages_ended, .. } = ran;
        self.applied = self.applied.max(watermark);
        // Used from the next batch on.
        self.watermarks.observe(&newest);
        self.offsets.advance(&ranges, &events);
        if self.again.take().is_some() {
            // How many events it holds is known only now.
            self.work.replayed += events.iter().sum::<u64>();
            self.tell_resumed();
        }
        for (split, _) in (0..).zip(&ranges).filter(|(_, range)| !range.is_empty()) {
            let read = self.offsets.events()[split as usize];
            self.control.observer.read(split, stages_ended, read);
        }
        let mut ended = stages_ended;
        let BatchRunner { stages, recovery, .. } = &mut self.work;
        if let Some(recovery) = recovery {
            let output =
                recovery.commit_output(batch, ran.transactions, self.runtime.now()).await?;
            if spec.last {
                stages.finish_sinks(self.settings.stall_nanos).await?;
            }
            let result = BatchResult {
                output,
                newest: self.watermarks.newest().to_vec(),
                applied: self.applied,
                events: self.offsets.events().to_vec(),
                layout: LoggedLayout::of(&stages.layout),
            };
            recovery.commit(batch, result, stages.written()).await?;
            ended = self.runtime.now();
        }
        if self.runtime.priced().contains(CostKind::Commit) {
            charge(&*runtime, &stop, Work { commits: 1, ..Work::NONE }).await;
            ended = self.runtime.now();
        }
        self.ended = spec.last;
        self.batch += 1;
        self.control.observer.batch(&BatchReport {
            batch,
            due,
            started,
            ended,
            records: events.iter().sum(),
            stages_nanos: ran.stages_nanos,
            watermark,
            tasks: ran.tasks,
        });
        Ok(())
    }

    /// What is left of the job.
    async fn finish(mut self) -> Result<Completion, EngineError> {
        let interrupted = match &self.work.recovery {
            Some(_) => !self.ended,
            None => !self.offsets.have_ended(),
        };
        let mut completion = Completion {
            records_in: self.offsets.events().iter().sum(),
            interrupted,
            restarts: self.work.restarts,
            replayed: self.work.replayed,
            checkpoints: if self.work.recovery.is_some() { self.batch } else { 0 },
            ..Completion::default()
        };
        if self.work.recovery.is_none() || !self.ended {
            self.work.stages.finish_sinks(self.settings.stall_nanos).await?;
        }
        self.work.stages.count_into(&mut completion);
        self.control.observer.finished(self.runtime.now());
        Ok(completion)
    }

    /// Sleeps until an instant or until the run is stopped.
    async fn sleep_until(&mut self, at: ProcessingTime) {
        if at > self.runtime.now() {
            sleep_until(&mut *self.timer, &self.control.stop, at).await;
        }
    }

    /// It had nothing to do but to wait for an event at `due`, and has done so.
    fn note_oversleep(&self, due: ProcessingTime) {
        let splits = &*self.work.stages.plan.source.splits;
        let from = (0..splits.splits()).map(|split| (split, self.offsets.read(split)));
        note_oversleep(splits, from, due, self.timer.late_nanos(), &*self.control.observer);
    }
}

/// Waits until a batch is planned and logged by its prices, also where no guarantee makes us log it: the
/// real system does. One that runs again is in the log already. Says when that was.
async fn plan(
    runtime: &dyn Runtime,
    stop: &StopSignal,
    is_new: bool,
) -> Option<Range<ProcessingTime>> {
    let priced = runtime.priced();
    let work = Work {
        batches: priced.contains(CostKind::Batch).into(),
        log_writes: (is_new && priced.contains(CostKind::LogWrite)).into(),
        ..Work::NONE
    };
    if work.is_none() { None } else { charge(runtime, stop, work).await }
}
