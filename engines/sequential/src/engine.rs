//! The engine: read a chunk, run it through every stage, again.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use dataflow::exchange::outbox::Sealed;
use dataflow::exchange::sink::SinkError;
use dataflow::job::engine::{BoxFuture, Job};
use dataflow::job::plan::{EdgeSpec, Layout, StageId};
use dataflow::job::runtime::{Home, Runtime, Work, sleep_until};
use dataflow::job::settings::{Setting, Settings};
use dataflow::job::split_reader::SplitReader;
use dataflow::job::status::{Activity, Status, wait_for_sink};
use dataflow::operator::progress::WatermarkMerger;
use dataflow::record::latency_trace::Part;
use dataflow::stage::{Input, InputPort, Marks, StageError, StageRunner};
use dataflow::{
    Batch, Completion, Control, Engine, EngineError, EventTime, Plan, ProcessingTime, Progress,
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

/// One subtask of a stage, the only one.
struct Instance {
    runner: StageRunner,
    status: Arc<Status>,
    /// Per outgoing edge: the stage behind it, the input that it leads to, and the channel there.
    outputs: Vec<(StageId, InputPort, usize)>,
    /// Per incoming edge, which is a channel: the stage before it, and which of its outputs it is.
    inputs: Vec<(StageId, usize)>,
    /// The channel of the buffer at hand.
    channel: usize,
}

impl Instance {
    fn new(plan: &Plan, stage: StageId, layout: &Layout, runtime: &Arc<dyn Runtime>) -> Self {
        let inputs = plan.inputs(stage);
        let marks = Marks::Merge(WatermarkMerger::new(inputs.len()));
        let mut runner = plan.runner(stage, layout, marks);
        let spec = &plan.stages[stage.0];
        let clock = Arc::clone(runtime);
        let sink = spec.writes_sink.then(|| (plan.sink.open)(0));
        runner.open(sink, runtime.priced(), move || clock.now());
        let channel_of = |edge: &EdgeSpec| {
            let inputs = plan.inputs(edge.to);
            inputs.iter().position(|input| input.port == edge.port).expect("an edge has two ends")
        };
        let outputs = plan.outputs(stage).into_iter();
        Self {
            runner,
            status: Status::new(format!("{}/0", spec.name), Vec::new(), Activity::Working),
            outputs: outputs.map(|edge| (edge.to, edge.port, channel_of(edge))).collect(),
            inputs: inputs.into_iter().map(|edge| (edge.from, edge.output)).collect(),
            channel: 0,
        }
    }
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
    /// What is to be done, the next thing last. Empty between two inputs of the source's stage.
    pending: Vec<Pending>,
}

/// What a stage has to do next.
enum Pending {
    /// To take this in.
    Input(StageId, Input),
    /// To go on with what it has taken in.
    Rest(StageId),
}

impl Run {
    fn new(plan: Plan, settings: &Settings, runtime: Arc<dyn Runtime>, control: Control) -> Self {
        let layout = Layout::single(plan.stages.len(), BUFFER_BYTES);
        let stages = (0..plan.stages.len()).map(StageId);
        let instances = stages.map(|stage| Instance::new(&plan, stage, &layout, &runtime));
        Self {
            instances: instances.collect(),
            plan,
            layout,
            runtime,
            control,
            watermark_records: settings.integer("watermark_interval_records"),
            stall_nanos: settings.integer("stall_timeout_ms") * 1_000_000,
            completion: Completion::default(),
            pending: Vec::new(),
        }
    }

    async fn run(mut self) -> Result<Completion, EngineError> {
        let observer = Arc::clone(&self.control.observer);
        observer.started(self.runtime.now());
        self.read_all().await?;
        let progress = self.instances[0].runner.progress();
        self.advance(StageId(0), Progress { watermark: EventTime::MAX, ..progress }).await?;
        self.end_unit().await?;
        for stage in 0..self.instances.len() {
            self.wait_for_sink(StageId(stage), StageRunner::poll_finish).await?;
        }
        for (stage, instance) in self.instances.iter().enumerate() {
            let (plan, layout) = (&self.plan, &self.layout);
            self.completion.add_subtask(plan, layout, StageId(stage), &instance.runner);
        }
        observer.finished(self.runtime.now());
        Ok(self.completion)
    }

    /// Reads every split to its end, a chunk of each in turn.
    async fn read_all(&mut self) -> Result<(), EngineError> {
        let mut splits = SplitReader::all(&self.plan.source, Arc::clone(&self.control.observer));
        let mut batch = Some(splits.batch());
        let mut since_watermark = 0;
        while !splits.has_ended() {
            if self.control.stop.is_requested() {
                self.completion.interrupted = true;
                break;
            }
            let now = self.runtime.now();
            self.set_clock(now).await?;
            let mut found = splits.look(now)?;
            let mut chunks = 0;
            while let Some(readable) = found.readable {
                let mut chunk = batch.take().expect("the last chunk has come back");
                let records = splits.read(readable, now, &mut chunk)?;
                self.run_all(StageId(0), Input::Read { batch: chunk, cut: None }).await?;
                batch = self.instances[0].runner.emptied();
                since_watermark += records;
                chunks += 1;
                // The clock moves once for a turn of all splits, not for every chunk.
                if chunks == splits.positions().len() {
                    break;
                }
                found = splits.look(now)?;
            }
            self.end_unit().await?;
            if since_watermark >= self.watermark_records {
                since_watermark = 0;
                let watermark = splits.watermark();
                self.advance(StageId(0), Progress { watermark, processing_time: now }).await?;
            }
            if found.readable.is_none() && !splits.has_ended() {
                let poll_at = now.after(POLL_NANOS);
                let next_at = if found.unknown { poll_at } else { ProcessingTime::MAX };
                let late_nanos = self.wait_until(next_at.min(found.next_at)).await;
                // An input that was polled has planned nothing.
                if found.next_at <= next_at {
                    splits.note_oversleep(found.next_at, late_nanos);
                }
            }
        }
        self.completion.records_in = splits.records();
        Ok(())
    }

    /// Waits for the next event, a processing-time timer or the stop. Returns by how much the event
    /// was missed.
    async fn wait_until(&mut self, next_at: ProcessingTime) -> u64 {
        let timers = self.instances.iter().filter_map(|instance| instance.runner.wake_at());
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
            let progress = self.instances[stage.0].runner.progress();
            self.advance(stage, Progress { processing_time: now, ..progress }).await?;
        }
        Ok(())
    }

    /// Ends the unit of work of every stage that has units, the first one first: a unit is what one
    /// turn of all splits has read.
    async fn end_unit(&mut self) -> Result<(), EngineError> {
        for stage in (0..self.instances.len()).map(StageId) {
            if self.instances[stage.0].runner.has_units() {
                self.run_all(stage, Input::EndOfUnit).await?;
            }
        }
        Ok(())
    }

    /// Moves a stage's time on, if it does move, and lets what that releases run through all stages.
    async fn advance(&mut self, stage: StageId, to: Progress) -> Result<(), EngineError> {
        let from = self.instances[stage.0].runner.progress();
        if to.watermark < from.watermark || to == from {
            return Ok(());
        }
        self.run_all(stage, Input::Time(to)).await
    }

    /// Runs an input through its stage, and what becomes of it through all stages behind.
    async fn run_all(&mut self, stage: StageId, input: Input) -> Result<(), EngineError> {
        self.pending.push(Pending::Input(stage, input));
        while let Some(next) = self.pending.pop() {
            let stage = match next {
                Pending::Rest(stage) => stage,
                Pending::Input(stage, input) => {
                    let instance = &mut self.instances[stage.0];
                    if let Input::Buffer { channel, .. } = &input {
                        instance.channel = *channel;
                    }
                    instance.runner.begin(input);
                    stage
                }
            };
            let turn = self.instances[stage.0].runner.step();
            let turn = turn.map_err(|cause| self.failed(stage, cause))?;
            // Depth first: what an input turned into goes before the rest of it, and that before
            // the inputs behind it. So no more waits than one outbox per stage.
            let mut work = turn.work;
            if turn.done {
                work += self.instances[stage.0].runner.flush();
            } else {
                self.pending.push(Pending::Rest(stage));
            }
            self.hand_over(stage, work).await?;
            if turn.done && stage.0 > 0 {
                self.give_back(stage);
            }
        }
        Ok(())
    }

    /// Charges the work of a turn, then makes inputs of what the stage has put out.
    async fn hand_over(&mut self, stage: StageId, work: Work) -> Result<(), EngineError> {
        if !work.is_none()
            && let Some(at) = self.runtime.reserve(Home(0), work)
        {
            let since = self.runtime.now();
            sleep_until(&*self.runtime, at).await;
            self.instances[stage.0].runner.paid(since..self.runtime.now());
        }
        let Instance { runner, outputs, .. } = &mut self.instances[stage.0];
        let before = self.pending.len();
        let route = |sealed: Sealed, _: &mut Vec<Batch>| {
            let (to, port, channel) = outputs[sealed.edge];
            let input = Input::Buffer { port, channel, batch: sealed.batch };
            self.pending.push(Pending::Input(to, input));
        };
        runner.hand_over(Part::Boundary, || self.runtime.now(), route)?;
        self.pending[before..].reverse();
        if runner.has_room() {
            return Ok(());
        }
        self.wait_for_sink(stage, StageRunner::poll_room).await
    }

    /// Gives a buffer that is used up back to the stage that filled it.
    fn give_back(&mut self, stage: StageId) {
        let Instance { runner, inputs, channel, .. } = &mut self.instances[stage.0];
        if let Some(batch) = runner.emptied() {
            let (from, output) = inputs[*channel];
            self.instances[from.0].runner.give_back(output, batch);
        }
    }

    /// Waits until a stage's sink is ready. When that takes too long the run ends.
    async fn wait_for_sink(
        &mut self,
        stage: StageId,
        poll: impl Fn(&mut StageRunner, &mut Context<'_>) -> Poll<Result<(), SinkError>>,
    ) -> Result<(), EngineError> {
        let Instance { runner, status, .. } = &mut self.instances[stage.0];
        let poll = |context: &mut Context<'_>| poll(runner, context);
        wait_for_sink(status, &*self.runtime, self.stall_nanos, poll).await
    }

    fn failed(&self, stage: StageId, cause: StageError) -> EngineError {
        let stage = self.plan.stages[stage.0].name.clone();
        EngineError::Stage { stage, subtask: 0, cause }
    }
}
