//! A batch's way through the stages of a job: one after the other, blocks from each to the next.

use std::future::poll_fn;
use std::ops::Range;
use std::sync::Arc;

use dataflow::exchange::sink::Transaction;
use dataflow::job::observer::TaskReport;
use dataflow::job::plan::{EdgeKind, Layout, StageId};
use dataflow::job::runtime::{CostKind, Home, Runtime, Timer, Work};
use dataflow::job::source::splits_of;
use dataflow::job::status::{Activity, Status};
use dataflow::record::content_hash::ContentHash;
use dataflow::{Completion, EngineError, EventTime, Plan, ProcessingTime, Progress, StopSignal};

use crate::batch_log::BatchSpec;
use crate::partition::Partition;
use crate::scheduler::Scheduler;
use crate::settings::{BLOCK_BUFFER_BYTES, ResolvedSettings};
use crate::slot::{LostTask, OnLoss};
use crate::task::{Block, Durable, SplitRead, TaskResult, TaskSpec};

/// The stages of a job, with what lives in them from batch to batch.
pub(crate) struct Stages {
    pub(crate) plan: Plan,
    pub(crate) layout: Layout,
    /// Per stage: its partitions, here between batches and in tasks during one.
    pub(crate) partitions: Vec<Vec<Partition>>,
    /// Tasks of the source's stage that ended while others were lost.
    done: Vec<TaskResult>,
    scheduler: Scheduler,
    runtime: Arc<dyn Runtime>,
    stop: StopSignal,
}

/// How far a batch has come.
pub(crate) enum Pass {
    /// Through all stages.
    Complete(BatchOutcome),
    /// Tasks of this stage were lost.
    Lost {
        stage: StageId,
        lost: Vec<LostTask>,
        /// Events that had been read and will be read again.
        read: u64,
    },
    /// The run was stopped while a task waited for events. With a guarantee the batch must be whole, and
    /// nothing of it counts.
    Stopped,
}

/// What a batch has done.
#[derive(Default)]
pub(crate) struct BatchOutcome {
    /// The newest event time read of every split.
    pub(crate) newest: Vec<EventTime>,
    /// Offsets read of every split: those of the batch, unless it was stopped.
    pub(crate) ranges: Vec<Range<u64>>,
    /// Events read of every split.
    pub(crate) events: Vec<u64>,
    /// Length of every stage.
    pub(crate) stages_nanos: Vec<u64>,
    /// When the last stage ended.
    pub(crate) ended: ProcessingTime,
    /// Its tasks.
    pub(crate) tasks: Vec<TaskReport>,
    /// Its results, under exactly-once.
    pub(crate) transactions: Vec<Transaction>,
}

impl Stages {
    /// Without partitions yet.
    pub(crate) fn new(
        plan: Plan,
        layout: Layout,
        scheduler: Scheduler,
        runtime: Arc<dyn Runtime>,
        stop: StopSignal,
    ) -> Self {
        let partitions = plan.stages.iter().map(|_| Vec::new()).collect();
        Self { plan, layout, partitions, done: Vec::new(), scheduler, runtime, stop }
    }

    /// Numbers of all stages.
    pub(crate) fn ids(&self) -> impl Iterator<Item = StageId> + use<> {
        (0..self.plan.stages.len()).map(StageId)
    }

    /// Makes all partitions, without state.
    pub(crate) fn make_fresh(&mut self) {
        for stage in self.ids() {
            let numbers = 0..self.layout.parallelism[stage.0];
            let fresh = |number| Partition::fresh(&self.plan, stage, number, &self.layout);
            self.partitions[stage.0] = numbers.map(fresh).collect();
        }
    }

    /// Per stage and partition: whether its newest state version is full, and its seal.
    pub(crate) fn written(&self) -> Vec<Vec<(bool, ContentHash)>> {
        let newest = |partition: &Partition| {
            let seal = partition.chain.seal().expect("a batch writes a version of every partition");
            (partition.chain.ends_in_full(), seal)
        };
        self.partitions.iter().map(|stage| stage.iter().map(newest).collect()).collect()
    }

    /// Opens readers and sinks.
    pub(crate) fn open(&mut self) {
        for partition in self.partitions.iter_mut().flatten() {
            partition.open(&self.plan, &self.runtime);
        }
    }

    /// Puts in the place of lost partitions what has been made of their stored state.
    pub(crate) fn replace(&mut self, stage: StageId, mut partitions: Vec<Partition>) {
        for partition in &mut partitions {
            partition.open(&self.plan, &self.runtime);
        }
        self.partitions[stage.0] = partitions;
    }

    /// Forgets what an unfinished batch has left, so that it can begin at its first stage.
    pub(crate) fn clear(&mut self) {
        self.done.clear();
        self.partitions.iter_mut().for_each(Vec::clear);
    }

    /// Runs a batch, whose plan was paid for in the time `planned`. When tasks of the source's stage are
    /// lost and replaced, it is called again with the same batch and runs those that are missing.
    pub(crate) async fn run(
        &mut self,
        spec: &BatchSpec,
        (began, planned): (ProcessingTime, Option<Range<ProcessingTime>>),
        durable: Option<&Durable>,
    ) -> Result<Pass, EngineError> {
        let at = |watermark| Progress { watermark, processing_time: spec.processing_time };
        // After a restart with a larger bound on disorder the watermark made from the newest event
        // may lie before the one that is applied already: that one stays.
        let (before, in_force) = (at(spec.applied), at(spec.watermark.max(spec.applied)));
        let has_stages = self.runtime.priced().contains(CostKind::Stage);
        let mut blocks: Vec<Vec<Vec<Block>>> =
            self.layout.parallelism.iter().map(|&count| no_blocks(count)).collect();
        let mut ran = BatchOutcome {
            newest: vec![EventTime::MIN; spec.ranges.len()],
            ranges: spec.ranges.iter().map(|range| range.start..range.start).collect(),
            events: vec![0; spec.ranges.len()],
            ended: began,
            ..BatchOutcome::default()
        };
        for stage in self.ids() {
            let reads_source = self.plan.stages[stage.0].reads_source;
            let count = self.layout.parallelism[stage.0];
            let mut paid = Vec::from_iter(planned.clone());
            if has_stages {
                let work = Work { stages: 1, ..Work::NONE };
                paid.extend(charge(&*self.runtime, &self.stop, work).await);
            }
            let mut inputs = std::mem::take(&mut blocks[stage.0]);
            let partitions = std::mem::take(&mut self.partitions[stage.0]);
            let tasks = partitions.into_iter().map(|partition| TaskSpec {
                status: Status::new(partition.name(), Vec::new(), Activity::Slot),
                read: Arc::default(),
                offsets: if reads_source { own(spec, partition.number, count) } else { Vec::new() },
                cut: began,
                paid: paid.clone(),
                blocks: std::mem::take(&mut inputs[partition.number as usize]),
                partition,
                before,
                in_force,
                durable: durable.cloned(),
                stop: self.stop.clone(),
            });
            let on_loss = match (durable, reads_source) {
                (None, _) => OnLoss::Fail,
                (Some(_), true) => OnLoss::RunOthers,
                (Some(_), false) => OnLoss::DropWaiting,
            };
            let outcome = self.scheduler.run_stage(tasks.collect(), on_loss).await?;
            if outcome.stopped {
                return Ok(Pass::Stopped);
            }
            let mut results = outcome.results;
            if !self.done.is_empty() {
                results.append(&mut self.done);
                results.sort_by_key(|result| result.partition.number);
            }
            if !outcome.lost.is_empty() {
                self.done = results;
                let lost = outcome.lost;
                let read = match reads_source {
                    true => lost.iter().map(|task| task.read).sum(),
                    false => ran.events.iter().sum(),
                };
                return Ok(Pass::Lost { stage, lost, read });
            }
            for result in results {
                self.take(stage, result, &mut blocks, &mut ran);
            }
            let now = self.runtime.now();
            ran.stages_nanos.push(now.since(ran.ended));
            ran.ended = now;
        }
        Ok(Pass::Complete(ran))
    }

    /// Takes a task's partition back, its blocks for the stages behind, and its consumed input to
    /// the pools of those who filled it.
    fn take(
        &mut self,
        stage: StageId,
        result: TaskResult,
        blocks: &mut [Vec<Vec<Block>>],
        ran: &mut BatchOutcome,
    ) {
        for SplitRead { split, upto, events, newest } in result.read {
            ran.ranges[split as usize].end = upto;
            ran.events[split as usize] = events;
            ran.newest[split as usize] = newest;
        }
        ran.tasks.push(result.report);
        ran.transactions.extend(result.transaction);
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
            producers[producer].runner.give_back(edge.output, batch);
        }
    }

    /// Waits until everything that the sinks took is where it belongs.
    pub(crate) async fn finish_sinks(&mut self, stall_nanos: u64) -> Result<(), EngineError> {
        for partition in self.partitions.iter_mut().flatten() {
            partition.finish_sink(&*self.runtime, stall_nanos).await?;
        }
        Ok(())
    }

    /// Adds what all partitions have counted.
    pub(crate) fn count_into(&self, completion: &mut Completion) {
        for partition in self.partitions.iter().flatten() {
            let stage = StageId(partition.stage_number);
            completion.add_subtask(&self.plan, &self.layout, stage, &partition.runner);
        }
    }
}

/// Waits until work of the driver is done by its prices, or the run is stopped. Says when that was;
/// `None` if there was nothing to wait for.
pub(crate) async fn charge(
    runtime: &dyn Runtime,
    stop: &StopSignal,
    work: Work,
) -> Option<Range<ProcessingTime>> {
    let (since, done) = (runtime.now(), runtime.reserve(Home(0), work)?);
    sleep_until(&mut *runtime.timer(), stop, done).await;
    Some(since..runtime.now())
}

/// Sleeps until an instant or until the run is stopped.
pub(crate) async fn sleep_until(timer: &mut dyn Timer, stop: &StopSignal, at: ProcessingTime) {
    timer.arm(at);
    poll_fn(|context| {
        let stopped = stop.poll_requested(context);
        if stopped.is_ready() { stopped } else { timer.poll_due(context) }
    })
    .await;
}

fn no_blocks(partitions: u32) -> Vec<Vec<Block>> {
    (0..partitions).map(|_| Vec::new()).collect()
}

/// The splits of a source task and what it reads of them.
fn own(spec: &BatchSpec, number: u32, tasks: u32) -> Vec<(u32, Range<u64>)> {
    splits_of(number, tasks, spec.ranges.len() as u32)
        .map(|split| (split, spec.ranges[split as usize].clone()))
        .filter(|(_, range)| !range.is_empty())
        .collect()
}

/// Partitions of every stage, and what exchanges need to know.
pub(crate) fn layout(plan: &Plan, parallelism: u32, settings: &ResolvedSettings) -> Layout {
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
