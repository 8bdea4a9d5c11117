//! An engine from scratch, on [`StageRunner`]: it reads what is there and runs all of it through one
//! stage after another. There is no barrier to pass on and no watermark inside of a buffer, because
//! between two steps nothing is under way. One thread, one subtask a stage, whatever the parallelism.
//!
//! `cargo run --example own_engine -- verify --engine bulk` checks it on every workload.

use std::future::poll_fn;
use std::process::ExitCode;
use std::sync::Arc;

use dataflow::job::engine::{BoxFuture, Control, Engine, Job};
use dataflow::job::plan::{Layout, StageId};
use dataflow::job::runtime::{Home, Runtime, sleep_until};
use dataflow::job::settings::Setting;
use dataflow::job::source::{BatchReader, Next, READ_CHUNK};
use dataflow::operator::progress::BoundedOutOfOrderness;
use dataflow::placement::PlacementKind;
use dataflow::record::latency_trace::Part;
use dataflow::stage::{Input, Marks, StageRunner};
use dataflow::{Completion, EngineError, EventTime, ProcessingTime, Progress};
use streamgauge::Registry;

const SETTINGS: &[Setting] = &[
    Setting::choice("guarantee", &["none"], "delivery guarantee; `none`: there is no recovery"),
    Setting::integer("step_records", (1, 1 << 20), 4_096, "most records of a split in a step"),
];

/// When to look again at splits that do not say when they will have more, and at the stop.
const POLL_NANOS: u64 = 1_000_000;

struct Bulk;

impl Engine for Bulk {
    fn name(&self) -> &'static str {
        "bulk"
    }
    fn describe(&self) -> &'static str {
        "one thread, step by step: all that is there through one stage, then the next"
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
        Box::pin(async move { Run::new(job, runtime, control).run().await })
    }
}

/// The one subtask of a stage, and what its next step takes in.
struct Subtask {
    runner: StageRunner,
    inbox: Vec<Input>,
}

struct Split {
    offset: u64,
    watermarks: BoundedOutOfOrderness,
    ended: bool,
}

struct Run {
    job: Job,
    layout: Layout,
    stages: Vec<Subtask>,
    splits: Vec<Split>,
    reader: Box<dyn BatchReader>,
    runtime: Arc<dyn Runtime>,
    control: Control,
    completion: Completion,
}

impl Run {
    fn new(job: Job, runtime: Arc<dyn Runtime>, control: Control) -> Self {
        let plan = &job.plan;
        let layout = Layout {
            parallelism: vec![1; plan.stages.len()],
            placement: PlacementKind::default(),
            max_parallelism: None,
            buffer_bytes: 32 * 1024,
        };
        let subtask = |(stage, spec): (usize, &dataflow::job::plan::StageSpec)| {
            let mut runner = plan.runner(StageId(stage), &layout, Marks::Ignore);
            let clock = Arc::clone(&runtime);
            runner.open(spec.writes_sink.then(|| (plan.sink.open)(0)), move || clock.now());
            Subtask { runner, inbox: Vec::new() }
        };
        let watermarks = BoundedOutOfOrderness::new(plan.source.bound_nanos);
        let split = |_| Split { offset: 0, watermarks: watermarks.clone(), ended: false };
        Self {
            stages: plan.stages.iter().enumerate().map(subtask).collect(),
            splits: (0..plan.source.splits.splits()).map(split).collect(),
            reader: plan.source.reader(),
            completion: Completion::default(),
            layout,
            job,
            runtime,
            control,
        }
    }

    async fn run(mut self) -> Result<Completion, EngineError> {
        self.control.observer.started(self.runtime.now());
        while self.splits.iter().any(|split| !split.ended) {
            if self.control.stop.is_requested() {
                self.completion.interrupted = true;
                break;
            }
            let now = self.runtime.now();
            let next_at = self.read(now)?;
            // What was read decides how far time moves once it has been processed.
            let open = self.splits.iter().filter(|split| !split.ended);
            let watermark = open.map(|split| split.watermarks.watermark()).min();
            let did_nothing = self.stages[0].inbox.is_empty();
            self.step(now, watermark.unwrap_or(EventTime::MIN)).await?;
            if did_nothing {
                sleep_until(&*self.runtime, next_at.min(now.after(POLL_NANOS))).await;
            }
        }
        // The end of the input: everything that waits for a watermark comes out.
        self.step(self.runtime.now(), EventTime::MAX).await?;
        for stage in 0..self.stages.len() {
            let runner = &mut self.stages[stage].runner;
            poll_fn(|context| runner.poll_finish(context)).await?;
            self.completion.add_subtask(&self.job.plan, &self.layout, StageId(stage), runner);
        }
        self.control.observer.finished(self.runtime.now());
        Ok(self.completion)
    }

    /// Reads what is there, for the first stage to take in. Says when the next event is planned.
    fn read(&mut self, now: ProcessingTime) -> Result<ProcessingTime, EngineError> {
        let mut next_at = ProcessingTime::MAX;
        for (number, split) in (0..).zip(&mut self.splits).filter(|(_, split)| !split.ended) {
            let available = self.job.plan.source.splits.available(number, split.offset, now)?;
            match available.next {
                Next::Never => split.ended = available.end == split.offset,
                Next::At(at) => next_at = next_at.min(at),
                Next::Unknown => {}
            }
            self.control.observer.backlog(number, now, available.end - split.offset);
            let most = self.job.settings.integer("step_records");
            let end = available.end.min(split.offset + most);
            self.completion.records_in += end - split.offset;
            while split.offset < end {
                let upto = end.min(split.offset + READ_CHUNK);
                let mut batch = self.reader.batch();
                split.watermarks.observe(self.reader.read(
                    number,
                    split.offset..upto,
                    &mut batch,
                )?);
                self.stages[0].inbox.push(Input::Read { batch, cut: Some(now) });
                split.offset = upto;
            }
            self.control.observer.read(number, now, end);
        }
        Ok(next_at)
    }

    /// Runs what was read through all stages. Processing time moves before the records, which
    /// operators meet at that time, and the watermark after them.
    async fn step(&mut self, now: ProcessingTime, watermark: EventTime) -> Result<(), EngineError> {
        for stage in 0..self.stages.len() {
            let Subtask { runner, inbox } = &mut self.stages[stage];
            let before = Progress { processing_time: now, ..runner.progress() };
            let after = Progress { watermark: watermark.max(before.watermark), ..before };
            let inputs = std::mem::take(inbox).into_iter();
            for input in [Input::Time(before)].into_iter().chain(inputs).chain([Input::Time(after)])
            {
                self.run_stage(stage, input).await?;
            }
        }
        Ok(())
    }

    /// The loop of an engine: run, charge, hand over, wait for room.
    async fn run_stage(&mut self, stage: usize, input: Input) -> Result<(), EngineError> {
        self.stages[stage].runner.begin(input);
        loop {
            // Edges lead to stages behind this one.
            let (upto, behind) = self.stages.split_at_mut(stage + 1);
            let runner = &mut upto[stage].runner;
            let turn = runner.step().map_err(|cause| {
                let name = self.job.plan.stages[stage].name.clone();
                EngineError::Stage { stage: name, subtask: 0, cause }
            })?;
            // In virtual time work takes the time that it costs; on the wall clock it has taken it.
            if let Some(at) = self.runtime.reserve(Home(0), turn.work) {
                sleep_until(&*self.runtime, at).await;
            }
            if turn.done {
                runner.flush();
            }
            let edges = self.job.plan.outputs(StageId(stage));
            runner.hand_over(
                Part::Boundary,
                || self.runtime.now(),
                |sealed, _| {
                    let (to, port) = (edges[sealed.edge].to, edges[sealed.edge].port);
                    let input = Input::Buffer { port, channel: 0, batch: sealed.batch };
                    behind[to.0 - stage - 1].inbox.push(input);
                },
            )?;
            poll_fn(|context| runner.poll_room(context)).await?;
            if turn.done {
                return Ok(());
            }
        }
    }
}

fn main() -> ExitCode {
    streamgauge::main(&Registry::standard().with_engine(Bulk))
}
