//! The driver: trigger, cut offsets, run stages in order, take note, again.

use std::future::poll_fn;
use std::sync::Arc;

use dataflow::engine::{BoxFuture, Job};
use dataflow::observer::BatchReport;
use dataflow::placement::check_max_parallelism;
use dataflow::plan::{EdgeKind, Layout, StageId};
use dataflow::progress::BoundedOutOfOrderness;
use dataflow::runtime::{Runtime, Timer};
use dataflow::settings::{Setting, Settings};
use dataflow::source::splits_of;
use dataflow::{
    Completion, Control, Engine, EngineError, EventTime, Plan, ProcessingTime, Progress,
};

use crate::cut::{Cut, Offsets};
use crate::scheduler::Scheduler;
use crate::settings::{BLOCK_BUFFER_BYTES, Resolved, SETTINGS};
use crate::status::Status;
use crate::task::{Block, Partition, TaskResult, TaskSpec};
use crate::trigger::TriggerClock;

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
        check_max_parallelism(settings.get_integer("max_parallelism"), most)
    }

    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>> {
        Box::pin(async move { Driver::new(job, runtime, control).run().await })
    }
}

struct Driver {
    plan: Plan,
    layout: Layout,
    settings: Resolved,
    /// Per stage: its partitions, here between batches and in tasks during one.
    partitions: Vec<Vec<Partition>>,
    offsets: Offsets,
    watermarks: BoundedOutOfOrderness,
    /// The watermark that the last batch applied.
    applied: EventTime,
    trigger: TriggerClock,
    scheduler: Scheduler,
    timer: Box<dyn Timer>,
    runtime: Arc<dyn Runtime>,
    control: Control,
    batch: u64,
    records_in: u64,
}

/// What the driver does at a trigger.
enum Next {
    /// A batch of new data, or one without any that applies a risen watermark or due timers.
    Batch(Cut),
    /// Nothing to do yet.
    Wait(Option<ProcessingTime>),
    /// The input has ended or the run was stopped.
    End,
}

impl Driver {
    fn new(job: Job, runtime: Arc<dyn Runtime>, control: Control) -> Self {
        let Job { plan, parallelism, settings, .. } = job;
        let settings = Resolved::new(&settings, parallelism);
        let layout = layout(&plan, parallelism, &settings);
        let stages = (0..plan.stages.len()).map(StageId);
        let partitions = stages
            .map(|stage| {
                let count = layout.parallelism[stage.0];
                (0..count).map(|number| partition(&plan, stage, number, &layout)).collect()
            })
            .collect();
        let interval = settings.interval_nanos;
        Self {
            partitions,
            offsets: Offsets::new(plan.source.splits.splits()),
            watermarks: BoundedOutOfOrderness::new(plan.source.bound_nanos),
            applied: EventTime::MIN,
            trigger: TriggerClock::new(interval, runtime.random("trigger")),
            scheduler: Scheduler::new(parallelism, Arc::clone(&runtime), settings.stall_nanos),
            timer: runtime.timer(),
            runtime,
            control,
            batch: 0,
            records_in: 0,
            settings,
            layout,
            plan,
        }
    }

    async fn run(mut self) -> Result<Completion, EngineError> {
        self.control.observer.started(self.runtime.now());
        let mut due = self.runtime.now();
        loop {
            let now = self.runtime.now();
            match self.next(now)? {
                Next::Batch(cut) => {
                    // Computed before the batch runs, so that an overrun is followed at once.
                    let next_due = self.trigger.next_after(now);
                    self.run_batch(cut, due, now, self.watermarks.watermark()).await?;
                    let back_to_back = self.settings.interval_nanos == 0;
                    due = if back_to_back { self.runtime.now() } else { next_due };
                    self.sleep_until(due).await;
                }
                Next::Wait(next_at) => {
                    let polled = now.after(self.settings.polling_nanos);
                    let at = match (self.settings.interval_nanos, self.settings.polling_nanos) {
                        (0, 0) => {
                            let timer = self.wake_at().unwrap_or(ProcessingTime::MAX);
                            next_at.expect("an open split says when to look again").min(timer)
                        }
                        (0, _) => polled,
                        _ => self.trigger.next_after(now),
                    };
                    due = at;
                    self.sleep_until(at).await;
                }
                Next::End => break,
            }
        }
        self.finish().await
    }

    /// Looks at the splits and decides.
    fn next(&mut self, now: ProcessingTime) -> Result<Next, EngineError> {
        if self.control.stop.is_requested() {
            return Ok(Next::End);
        }
        let splits = Arc::clone(&self.plan.source.splits);
        // What was there one interval ago should have been read by the trigger before this one.
        let should_have = ProcessingTime(now.0.saturating_sub(self.settings.interval_nanos));
        for split in 0..splits.splits() {
            let from = self.offsets.read(split);
            let unread = splits.available(split, from, should_have)?.end.saturating_sub(from);
            self.control.observer.backlog(split, now, unread);
        }
        let cut = self.offsets.cut(&*splits, now, self.settings.max_offsets)?;
        let timer_is_due = self.wake_at().is_some_and(|at| at <= now);
        if cut.records() > 0 || self.watermarks.watermark() > self.applied || timer_is_due {
            return Ok(Next::Batch(cut));
        }
        if self.offsets.have_ended() {
            return Ok(Next::End);
        }
        Ok(Next::Wait(cut.next_at))
    }

    /// The earliest processing-time timer of any partition.
    fn wake_at(&self) -> Option<ProcessingTime> {
        self.partitions.iter().flatten().filter_map(|partition| partition.stage.wake_at()).min()
    }

    async fn run_batch(
        &mut self,
        cut: Cut,
        due: ProcessingTime,
        started: ProcessingTime,
        watermark: EventTime,
    ) -> Result<(), EngineError> {
        let batch = self.batch;
        if self.runtime.tracing() {
            self.runtime.trace(format_args!(
                "batch {batch} records={} wm={}",
                cut.records(),
                watermark.0
            ));
        }
        let before = Progress { watermark: self.applied, processing_time: started };
        let in_force = Progress { watermark, processing_time: started };
        let mut blocks: Vec<Vec<Vec<Block>>> = self
            .partitions
            .iter()
            .map(|stage| stage.iter().map(|_| Vec::new()).collect())
            .collect();
        let mut newest = EventTime::MIN;
        let mut stages_nanos = Vec::with_capacity(self.partitions.len());
        let mut stage_start = started;
        for stage in (0..self.partitions.len()).map(StageId) {
            let reads_source = self.plan.stages[stage.0].reads_source;
            let count = self.partitions[stage.0].len() as u32;
            let inputs = std::mem::take(&mut blocks[stage.0]);
            let partitions = std::mem::take(&mut self.partitions[stage.0]);
            let tasks = partitions.into_iter().zip(inputs).map(|(partition, blocks)| TaskSpec {
                status: Status::new(partition.name()),
                offsets: if reads_source { own(&cut, partition.number, count) } else { Vec::new() },
                partition,
                blocks,
                before,
                in_force,
            });
            let results = self.scheduler.run_stage(tasks.collect()).await?;
            for result in results {
                newest = newest.max(result.newest);
                self.take(stage, result, &mut blocks);
            }
            let now = self.runtime.now();
            stages_nanos.push(now.since(stage_start));
            stage_start = now;
        }
        self.applied = self.applied.max(watermark);
        // Used from the next batch on.
        self.watermarks.observe(newest);
        self.offsets.advance(&cut);
        self.records_in += cut.records();
        for (split, range) in (0..).zip(&cut.ranges).filter(|(_, range)| !range.is_empty()) {
            self.control.observer.read(split, stage_start, range.end);
        }
        self.batch += 1;
        self.control.observer.batch(&BatchReport {
            batch,
            due,
            started,
            ended: stage_start,
            records: cut.records(),
            stages_nanos,
            watermark,
        });
        Ok(())
    }

    /// Takes a task's partition back, its blocks for the stages behind, and its consumed input to
    /// the pools of those who filled it.
    fn take(&mut self, stage: StageId, result: TaskResult, blocks: &mut [Vec<Vec<Block>>]) {
        let number = result.partition.number as usize;
        self.partitions[stage.0].push(result.partition);
        let outputs = self.plan.outputs(stage);
        for (output, channel, batch) in result.blocks {
            let edge = outputs[output];
            let place = self.plan.inputs(edge.to).iter().position(|input| input.port == edge.port);
            let target = if edge.kind == EdgeKind::Forward { number } else { channel };
            blocks[edge.to.0][target].push((edge.port, place.unwrap_or(0), batch));
        }
        let inputs = self.plan.inputs(stage);
        for (turn, (place, batch)) in result.consumed.into_iter().enumerate() {
            let edge = inputs[place];
            let producers = &mut self.partitions[edge.from.0];
            let producer = turn % producers.len();
            producers[producer].outbox.give_back(edge.output, batch);
        }
    }

    /// The end of the input: one batch without data that releases everything, then the sinks.
    async fn finish(mut self) -> Result<Completion, EngineError> {
        let interrupted = !self.offsets.have_ended();
        let now = self.runtime.now();
        let nothing = Cut {
            ranges: (0..self.plan.source.splits.splits())
                .map(|split| self.offsets.read(split)..self.offsets.read(split))
                .collect(),
            next_at: None,
        };
        self.run_batch(nothing, now, now, EventTime::MAX).await?;
        let mut completion =
            Completion { records_in: self.records_in, interrupted, ..Completion::default() };
        let stall_nanos = self.settings.stall_nanos;
        for (stage, partitions) in self.partitions.iter_mut().enumerate() {
            for partition in partitions {
                partition.finish_sink(&*self.runtime, &mut *self.timer, stall_nanos).await?;
                completion.records_out += partition.records_out;
                completion.add_outbox(&self.plan, &self.layout, StageId(stage), &partition.outbox);
            }
        }
        self.control.observer.finished(self.runtime.now());
        Ok(completion)
    }

    /// Sleeps until an instant or until the run is stopped.
    async fn sleep_until(&mut self, at: ProcessingTime) {
        if at <= self.runtime.now() {
            return;
        }
        self.timer.arm(at);
        let Self { timer, control, .. } = self;
        poll_fn(|context| {
            let stopped = control.stop.poll_requested(context);
            if stopped.is_ready() { stopped } else { timer.poll_due(context) }
        })
        .await;
    }
}

/// The splits of a source task and what it reads of them.
fn own(cut: &Cut, number: u32, tasks: u32) -> Vec<(u32, std::ops::Range<u64>)> {
    splits_of(number, tasks, cut.ranges.len() as u32)
        .map(|split| (split, cut.ranges[split as usize].clone()))
        .filter(|(_, range)| !range.is_empty())
        .collect()
}

fn layout(plan: &Plan, parallelism: u32, settings: &Resolved) -> Layout {
    let mut partitions: Vec<u32> = Vec::new();
    for stage in (0..plan.stages.len()).map(StageId) {
        let forward = plan.inputs(stage).into_iter().find(|edge| edge.kind == EdgeKind::Forward);
        partitions.push(match forward {
            _ if plan.stages[stage.0].reads_source => parallelism,
            Some(edge) => partitions[edge.from.0],
            None => settings.shuffle_partitions,
        });
    }
    Layout {
        parallelism: partitions,
        placement: settings.placement,
        max_parallelism: settings.max_parallelism,
        buffer_bytes: BLOCK_BUFFER_BYTES,
    }
}

fn partition(plan: &Plan, stage: StageId, number: u32, layout: &Layout) -> Partition {
    let (instance, outbox) = plan.instantiate(stage, layout);
    let spec = &plan.stages[stage.0];
    let reader = spec.reads_source.then(|| {
        let reader = plan.source.reader();
        let batch = reader.batch();
        (reader, batch)
    });
    Partition {
        stage: instance,
        outbox,
        sink: spec.writes_sink.then(|| (plan.sink.open)(number)),
        reader,
        stage_name: spec.name.clone(),
        number,
        records_out: 0,
    }
}
