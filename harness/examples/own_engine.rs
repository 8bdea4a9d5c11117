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
use dataflow::job::split_reader::SplitReader;
use dataflow::record::latency_trace::Part;
use dataflow::stage::{Input, Marks, StageRunner};
use dataflow::{Completion, EngineError, EventTime, ProcessingTime, Progress};
use streamgauge::Registry;

const SETTINGS: &[Setting] = &[
    Setting::choice("guarantee", &["none"], "delivery guarantee; `none`: there is no recovery"),
    Setting::integer("step_records", (1, 1 << 20), 4_096, "most records of a step"),
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

struct Run {
    job: Job,
    layout: Layout,
    stages: Vec<Subtask>,
    splits: SplitReader,
    runtime: Arc<dyn Runtime>,
    control: Control,
    completion: Completion,
}

impl Run {
    fn new(job: Job, runtime: Arc<dyn Runtime>, control: Control) -> Self {
        let plan = &job.plan;
        let layout = Layout::single(plan.stages.len(), 32 * 1024);
        let subtask = |(stage, spec): (usize, &dataflow::job::plan::StageSpec)| {
            let mut runner = plan.runner(StageId(stage), &layout, Marks::Ignore);
            let clock = Arc::clone(&runtime);
            let sink = spec.writes_sink.then(|| (plan.sink.open)(0));
            runner.open(sink, runtime.priced(), move || clock.now());
            Subtask { runner, inbox: Vec::new() }
        };
        Self {
            stages: plan.stages.iter().enumerate().map(subtask).collect(),
            splits: SplitReader::all(&plan.source, Arc::clone(&control.observer)),
            completion: Completion::default(),
            layout,
            job,
            runtime,
            control,
        }
    }

    async fn run(mut self) -> Result<Completion, EngineError> {
        self.control.observer.started(self.runtime.now());
        while !self.splits.has_ended() {
            if self.control.stop.is_requested() {
                self.completion.interrupted = true;
                break;
            }
            let now = self.runtime.now();
            let next_at = self.read(now)?;
            // What was read decides how far time moves once it has been processed.
            let did_nothing = self.stages[0].inbox.is_empty();
            self.step(now, self.splits.watermark()).await?;
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
        self.completion.records_in = self.splits.records();
        self.control.observer.finished(self.runtime.now());
        Ok(self.completion)
    }

    /// Reads what is there, for the first stage to take in. Says when the next event is planned.
    fn read(&mut self, now: ProcessingTime) -> Result<ProcessingTime, EngineError> {
        let mut left = self.job.settings.integer("step_records");
        while left > 0 {
            let found = self.splits.look(now)?;
            let Some(readable) = found.readable else { return Ok(found.next_at) };
            let mut batch = self.splits.batch();
            let records = self.splits.read(readable, now, &mut batch)?;
            self.stages[0].inbox.push(Input::Read { batch, cut: Some(now) });
            left = left.saturating_sub(records);
        }
        Ok(now)
    }

    /// Runs what was read through all stages. Processing time moves before the records, which
    /// operators meet at that time, and the watermark after them. A step is a unit of work.
    async fn step(&mut self, now: ProcessingTime, watermark: EventTime) -> Result<(), EngineError> {
        for stage in 0..self.stages.len() {
            let Subtask { runner, inbox } = &mut self.stages[stage];
            let before = Progress { processing_time: now, ..runner.progress() };
            let after = Progress { watermark: watermark.max(before.watermark), ..before };
            let mut inputs = vec![Input::Time(before)];
            inputs.append(inbox);
            inputs.extend([Input::EndOfUnit, Input::Time(after), Input::EndOfUnit]);
            for input in inputs {
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
            let mut work = turn.work;
            if turn.done {
                work += runner.flush();
            }
            // In virtual time work takes the time that it costs. On the wall clock it has taken it, and
            // only what a modelled implementation takes beyond that is waited for.
            if let Some(at) = self.runtime.reserve(Home(0), work) {
                let since = self.runtime.now();
                sleep_until(&*self.runtime, at).await;
                runner.paid(since..self.runtime.now());
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
