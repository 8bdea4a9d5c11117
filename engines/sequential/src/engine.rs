//! The engine: read a chunk, run it through every stage, again.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use dataflow::exchange::sink::{Sink, SinkError};
use dataflow::job::engine::{BoxFuture, Job};
use dataflow::job::plan::{Layout, StageId};
use dataflow::job::runtime::{Home, Runtime, Work, sleep_until};
use dataflow::job::settings::{Setting, Settings};
use dataflow::job::source::{Available, Next, READ_CHUNK, note_oversleep};
use dataflow::operator::progress::{BoundedOutOfOrderness, WatermarkMerger};
use dataflow::placement::PlacementKind;
use dataflow::record::latency_trace::Part;
use dataflow::stage::{InputPort, Stage, StageError};
use dataflow::{
    Batch, Completion, Control, Engine, EngineError, EventTime, Outbox, Plan, ProcessingTime,
    Progress, Step,
};

/// Settings of the sequential engine.
pub const SETTINGS: &[Setting] = &[
    Setting::choice(
        "guarantee",
        &["none"],
        "delivery guarantee; `none`: this engine has no recovery",
    ),
    Setting::integer(
        "watermark_interval_records",
        (1, i64::MAX),
        4_096,
        "the watermark moves after this many records",
    ),
    Setting::integer(
        "stall_timeout_ms",
        (100, 3_600_000),
        10_000,
        "the run ends with an error when the sink has no room for this long, in ms",
    ),
];

/// Buffers between two stages, in bytes.
const BUFFER_BYTES: usize = 32 * 1024;
/// How long to wait for an input that does not say when it will have more.
const POLL_NANOS: u64 = 1_000_000;

/// One thread, one instance of every stage.
#[derive(Copy, Clone, Debug, Default)]
pub struct Sequential;

impl Engine for Sequential {
    fn name(&self) -> &'static str {
        "sequential"
    }

    fn describe(&self) -> &'static str {
        "one thread and one instance of every stage, whatever the parallelism: the yardstick"
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>> {
        Box::pin(async move { Run::new(job.plan, &job.settings, runtime, control).run().await })
    }
}

struct Instance {
    stage: Box<dyn Stage>,
    outbox: Outbox,
    sink: Option<Box<dyn Sink>>,
    merger: WatermarkMerger,
    progress: Progress,
}

struct Run {
    plan: Plan,
    layout: Layout,
    instances: Vec<Instance>,
    runtime: Arc<dyn Runtime>,
    control: Control,
    watermark_records: u64,
    stall_nanos: u64,
    completion: Completion,
    /// The source's batch between two chunks.
    emptied: Option<Batch>,
}

/// A batch on its way to a stage.
type Pending = (StageId, InputPort, usize, Batch);

impl Run {
    fn new(plan: Plan, settings: &Settings, runtime: Arc<dyn Runtime>, control: Control) -> Self {
        let layout = Layout {
            parallelism: vec![1; plan.stages.len()],
            placement: PlacementKind::default(),
            max_parallelism: None,
            buffer_bytes: BUFFER_BYTES,
        };
        let instances = (0..plan.stages.len()).map(StageId).map(|stage| {
            let (instance, mut outbox) = plan.instantiate(stage, &layout);
            let clock = Arc::clone(&runtime);
            outbox.start_trails(move || clock.now());
            let sink = plan.stages[stage.0].writes_sink.then(|| (plan.sink.open)(0));
            let merger = WatermarkMerger::new(plan.inputs(stage).len().max(1));
            Instance { stage: instance, outbox, sink, merger, progress: Progress::START }
        });
        Self {
            instances: instances.collect(),
            plan,
            layout,
            runtime,
            control,
            watermark_records: settings.integer("watermark_interval_records"),
            stall_nanos: settings.integer("stall_timeout_ms") * 1_000_000,
            completion: Completion::default(),
            emptied: None,
        }
    }

    async fn run(mut self) -> Result<Completion, EngineError> {
        let observer = Arc::clone(&self.control.observer);
        observer.started(self.runtime.now());
        self.read_all().await?;
        self.advance_all(Progress { watermark: EventTime::MAX, ..self.instances[0].progress })
            .await?;
        for stage in 0..self.instances.len() {
            self.wait_for_sink(StageId(stage), |sink, context| sink.poll_finish(context)).await?;
        }
        for (stage, instance) in self.instances.iter().enumerate() {
            self.completion.add_outbox(&self.plan, &self.layout, StageId(stage), &instance.outbox);
        }
        observer.finished(self.runtime.now());
        Ok(self.completion)
    }

    /// Reads every split to its end, a chunk of each in turn.
    async fn read_all(&mut self) -> Result<(), EngineError> {
        let splits = Arc::clone(&self.plan.source.splits);
        let mut reader = self.plan.source.reader();
        let mut batch = reader.batch();
        let bound = BoundedOutOfOrderness::new(self.plan.source.bound_nanos);
        let mut open: Vec<(u32, u64, BoundedOutOfOrderness)> =
            (0..splits.splits()).map(|split| (split, 0, bound.clone())).collect();
        let mut since_watermark = 0;
        while !open.is_empty() {
            if self.control.stop.is_requested() {
                self.completion.interrupted = true;
                break;
            }
            let now = self.runtime.now();
            self.set_clock(now).await?;
            let (mut next_at, mut planned_at) = (ProcessingTime::MAX, ProcessingTime::MAX);
            let mut read = 0;
            let mut ended = Vec::new();
            for (split, offset, watermarks) in &mut open {
                let available = splits.available(*split, *offset, now)?;
                if available.end == *offset {
                    match available {
                        Available { next: Next::Never, .. } => ended.push(*split),
                        Available { next: Next::At(at), .. } => planned_at = planned_at.min(at),
                        Available { next: Next::Unknown, .. } => {
                            next_at = next_at.min(now.after(POLL_NANOS));
                        }
                    }
                    continue;
                }
                self.control.observer.backlog(*split, now, available.end - *offset);
                let end = available.end.min(*offset + READ_CHUNK);
                watermarks.observe(reader.read(*split, *offset..end, &mut batch)?);
                let outbox = &mut self.instances[0].outbox;
                outbox.reads(&mut batch, None);
                read += end - *offset;
                *offset = end;
                batch = self.send(batch).await?;
                self.control.observer.read(*split, now, end);
            }
            open.retain(|(split, ..)| !ended.contains(split));
            self.completion.records_in += read;
            since_watermark += read;
            if since_watermark >= self.watermark_records {
                since_watermark = 0;
                let watermark = open.iter().map(|(_, _, it)| it.watermark()).min();
                if let Some(watermark) = watermark {
                    self.advance_all(Progress { watermark, processing_time: now }).await?;
                }
            }
            if read == 0 && ended.is_empty() {
                let late_nanos = self.wait_until(next_at.min(planned_at)).await;
                let from = open.iter().map(|(split, offset, _)| (*split, *offset));
                let observer = &*self.control.observer;
                note_oversleep(&*splits, from, planned_at, late_nanos, observer);
            }
        }
        Ok(())
    }

    /// Waits for the next event, a processing-time timer or the stop. Returns by how much the event
    /// was missed.
    async fn wait_until(&mut self, next_at: ProcessingTime) -> u64 {
        let timers = self.instances.iter().filter_map(|instance| instance.stage.wake_at());
        let at = timers.min().map_or(next_at, |timer| timer.min(next_at));
        let mut timer = self.runtime.timer();
        timer.arm(at);
        let stop = &self.control.stop;
        poll_fn(|context| {
            let stopped = stop.poll_requested(context);
            if stopped.is_ready() { stopped } else { timer.poll_due(context) }
        })
        .await;
        if at == next_at { timer.late_nanos() } else { 0 }
    }

    /// Lets every stage know the processing time, with its watermark as it was.
    async fn set_clock(&mut self, now: ProcessingTime) -> Result<(), EngineError> {
        for stage in (0..self.instances.len()).map(StageId) {
            let progress = self.instances[stage.0].progress;
            if progress.processing_time != now {
                self.advance(stage, Progress { processing_time: now, ..progress }).await?;
            }
        }
        Ok(())
    }

    /// Moves the source stage's watermark on and lets it run through all stages.
    async fn advance_all(&mut self, progress: Progress) -> Result<(), EngineError> {
        if progress.watermark > self.instances[0].progress.watermark {
            self.advance(StageId(0), progress).await?;
        }
        Ok(())
    }

    async fn advance(&mut self, stage: StageId, progress: Progress) -> Result<(), EngineError> {
        let mut pending = VecDeque::new();
        self.advance_one(stage, progress, &mut pending).await?;
        self.run_pending(pending).await
    }

    /// Sends a chunk through all stages; returns it emptied.
    async fn send(&mut self, batch: Batch) -> Result<Batch, EngineError> {
        self.run_pending(VecDeque::from([(StageId(0), InputPort(0), 0, batch)])).await?;
        Ok(self.emptied.take().expect("the source's batch comes back when it is finished"))
    }

    async fn run_pending(&mut self, mut pending: VecDeque<Pending>) -> Result<(), EngineError> {
        while let Some((stage, port, place, mut batch)) = pending.pop_front() {
            let mut behind = VecDeque::new();
            let step = self.process_some(stage, port, place, &mut batch, &mut behind).await?;
            // Depth first: what a batch turned into goes before the rest of it, and that before
            // the batches behind it. So no more waits than one outbox per stage.
            if step == Step::More {
                pending.push_front((stage, port, place, batch));
            } else if let Some(edge) = self.plan.inputs(stage).get(place) {
                self.instances[edge.from.0].outbox.give_back(edge.output, batch);
            } else {
                self.emptied = Some(batch);
            }
            while let Some(next) = behind.pop_back() {
                pending.push_front(next);
            }
        }
        Ok(())
    }

    /// Processes a batch until it ends or the outbox is full.
    async fn process_some(
        &mut self,
        stage: StageId,
        port: InputPort,
        place: usize,
        batch: &mut Batch,
        behind: &mut VecDeque<Pending>,
    ) -> Result<Step, EngineError> {
        let taken = batch.taken();
        if taken == 0 && stage.0 > 0 {
            self.instances[stage.0].outbox.takes(batch);
        }
        while !batch.is_finished() {
            let upto = batch.stop();
            let instance = &mut self.instances[stage.0];
            let step = instance.stage.process(port, batch, upto, &mut instance.outbox);
            if step.map_err(|cause| self.failed(stage, cause))? == Step::More {
                let records = (batch.taken() - taken) as u64;
                self.collect(stage, Work { records, ..Work::default() }, behind).await?;
                return Ok(Step::More);
            }
            let Some(mark) = batch.take_mark() else { break };
            let instance = &mut self.instances[stage.0];
            if let Some(watermark) = instance.merger.update(place, mark) {
                let progress = Progress { watermark, ..instance.progress };
                self.advance_within_step(stage, progress, behind).await?;
            }
        }
        let records = (batch.taken() - taken) as u64;
        let work = Work { records, buffers: u64::from(stage.0 > 0), tasks: 0 };
        let instance = &mut self.instances[stage.0];
        instance.stage.flush(&mut instance.outbox);
        self.collect(stage, work, behind).await?;
        Ok(Step::Done)
    }

    async fn advance_one(
        &mut self,
        stage: StageId,
        progress: Progress,
        pending: &mut VecDeque<Pending>,
    ) -> Result<(), EngineError> {
        self.instances[stage.0].outbox.steps();
        self.advance_within_step(stage, progress, pending).await
    }

    async fn advance_within_step(
        &mut self,
        stage: StageId,
        progress: Progress,
        pending: &mut VecDeque<Pending>,
    ) -> Result<(), EngineError> {
        self.instances[stage.0].progress = progress;
        loop {
            let instance = &mut self.instances[stage.0];
            let fired = instance.outbox.counters.fired;
            let step = instance.stage.advance(progress, &mut instance.outbox);
            let step = step.map_err(|cause| self.failed(stage, cause))?;
            let instance = &mut self.instances[stage.0];
            let records = instance.outbox.counters.fired - fired;
            if step == Step::Done {
                instance.stage.flush(&mut instance.outbox);
            }
            self.collect(stage, Work { records, ..Work::default() }, pending).await?;
            if step == Step::Done {
                return Ok(());
            }
        }
    }

    /// Charges the work, then takes what the stage has put out.
    async fn collect(
        &mut self,
        stage: StageId,
        work: Work,
        pending: &mut VecDeque<Pending>,
    ) -> Result<(), EngineError> {
        if work != Work::default()
            && let Some(at) = self.runtime.reserve(Home(0), work)
        {
            sleep_until(&*self.runtime, at).await;
        }
        let instance = &mut self.instances[stage.0];
        instance.outbox.leaves(Part::Boundary);
        let outputs = self.plan.outputs(stage);
        while let Some(sealed) = instance.outbox.take() {
            let edge = outputs[sealed.edge];
            let inputs = self.plan.inputs(edge.to);
            let place = inputs.iter().position(|input| input.port == edge.port).unwrap_or(0);
            pending.push_back((edge.to, edge.port, place, sealed.batch));
        }
        if let Some(sink) = &mut instance.sink
            && !instance.outbox.output.is_empty()
        {
            self.completion.records_out += instance.outbox.output.written;
            sink.write(&mut instance.outbox.output, self.runtime.now())?;
            instance.outbox.output.clear();
            self.wait_for_sink(stage, |sink, context| sink.poll_room(context)).await?;
        }
        Ok(())
    }

    /// Waits until a stage's sink, if it has one, is ready. When that takes too long the run ends.
    async fn wait_for_sink(
        &mut self,
        stage: StageId,
        mut poll: impl FnMut(&mut dyn Sink, &mut Context<'_>) -> Poll<Result<(), SinkError>>,
    ) -> Result<(), EngineError> {
        let Some(sink) = &mut self.instances[stage.0].sink else { return Ok(()) };
        let timeout = sleep_until(&*self.runtime, self.runtime.now().after(self.stall_nanos));
        let mut timeout = std::pin::pin!(timeout);
        let ready = poll_fn(|context| match poll(&mut **sink, context) {
            Poll::Ready(ready) => Poll::Ready(Some(ready)),
            Poll::Pending => timeout.as_mut().poll(context).map(|()| None),
        });
        if let Some(ready) = ready.await {
            return Ok(ready?);
        }
        let name = &self.plan.stages[stage.0].name;
        let waiting = vec![format!("{name}/0 waits for room in the sink")];
        Err(EngineError::Stalled { millis: self.stall_nanos / 1_000_000, waiting })
    }

    fn failed(&self, stage: StageId, cause: StageError) -> EngineError {
        let stage = self.plan.stages[stage.0].name.clone();
        EngineError::Stage { stage, subtask: 0, cause }
    }
}
