//! Lays a plan out over subtasks, wires their gates and starts them.

use std::future::poll_fn;
use std::sync::Arc;

use dataflow::engine::{BoxFuture, Job};
use dataflow::placement::check_max_parallelism;
use dataflow::plan::{EdgeKind, EdgeSpec, Layout, StageId};
use dataflow::progress::BoundedOutOfOrderness;
use dataflow::runtime::{Home, Role, Runtime};
use dataflow::settings::{Setting, Settings};
use dataflow::source::splits_of;
use dataflow::stage::InputPort;
use dataflow::{Completion, Control, Engine, EngineError, Plan, Progress};

use crate::flusher::Periodic;
use crate::input_gate::InputGate;
use crate::output::{Target, TaskOutput};
use crate::settings::{Resolved, SETTINGS};
use crate::source_task::{OwnSplit, SourceTask};
use crate::status::{JobState, Status, watch};
use crate::subtask::{Subtask, TimeSheet};
use crate::{inner_task, source_task};

/// The pipelined model.
#[derive(Copy, Clone, Debug, Default)]
pub struct Pipelined;

impl Engine for Pipelined {
    fn name(&self) -> &'static str {
        "pipelined"
    }

    fn describe(&self) -> &'static str {
        "long-lived subtasks, buffers and credits, watermarks in the stream (as Apache Flink)"
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn check(&self, settings: &Settings, parallelism: u32) -> Result<(), String> {
        let credits = ["exclusive_buffers_per_channel", "floating_buffers_per_gate"];
        if credits.iter().all(|name| settings.integer(name) == 0) {
            return Err(format!(
                "{} and {} are both 0: nothing could ever be sent",
                credits[0], credits[1]
            ));
        }
        check_max_parallelism(settings.get_integer("max_parallelism"), parallelism)
    }

    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>> {
        Box::pin(run(job, runtime, control))
    }
}

/// Everything that the subtasks of a job are made from.
struct Wiring {
    plan: Plan,
    parallelism: u32,
    layout: Layout,
    settings: Resolved,
    /// Per stage and subtask; none for the source stage.
    gates: Vec<Vec<Arc<InputGate>>>,
    state: Arc<JobState>,
    runtime: Arc<dyn Runtime>,
    control: Control,
}

async fn run(
    job: Job,
    runtime: Arc<dyn Runtime>,
    control: Control,
) -> Result<Completion, EngineError> {
    let observer = Arc::clone(&control.observer);
    let wiring = Wiring::new(job, Arc::clone(&runtime), control);
    let stages = (0..wiring.plan.stages.len()).map(StageId);
    let subtasks: Vec<(StageId, Subtask)> = stages
        .flat_map(|stage| (0..wiring.parallelism).map(move |number| (stage, number)))
        .map(|(stage, number)| (stage, wiring.subtask(stage, number)))
        .collect();
    let statuses = subtasks.iter().map(|(_, subtask)| Arc::clone(&subtask.status)).collect();
    observer.started(runtime.now());
    for (stage, subtask) in subtasks {
        wiring.start(subtask, stage);
    }
    let state = Arc::clone(&wiring.state);
    let stall_nanos = wiring.settings.stall_nanos;
    let watchdog = watch(statuses, Arc::clone(&state), Arc::clone(&runtime), stall_nanos);
    runtime.spawn(Home(0), Box::pin(watchdog));
    let completion = poll_fn(|context| state.poll_end(context)).await?;
    observer.finished(runtime.now());
    Ok(completion)
}

/// Channels that lead to one subtask: one per subtask at the other end, for each input edge.
fn channels_of(edge: &EdgeSpec, parallelism: u32) -> usize {
    match edge.kind {
        EdgeKind::Hash => parallelism as usize,
        EdgeKind::Forward => 1,
    }
}

fn gates(plan: &Plan, stage: StageId, job: &Job, settings: &Resolved) -> Vec<Arc<InputGate>> {
    let ports: Vec<InputPort> = plan
        .inputs(stage)
        .into_iter()
        .flat_map(|edge| std::iter::repeat_n(edge.port, channels_of(edge, job.parallelism)))
        .collect();
    if ports.is_empty() {
        return Vec::new();
    }
    (0..job.parallelism).map(|_| Arc::new(InputGate::new(&ports, settings.limits))).collect()
}

impl Wiring {
    fn new(job: Job, runtime: Arc<dyn Runtime>, control: Control) -> Self {
        let settings = Resolved::new(&job.settings);
        let stages = job.plan.stages.len();
        let layout = Layout {
            parallelism: vec![job.parallelism; stages],
            placement: settings.placement,
            max_parallelism: settings.max_parallelism,
            buffer_bytes: settings.buffer_bytes,
        };
        let gates = (0..stages).map(|stage| gates(&job.plan, StageId(stage), &job, &settings));
        Self {
            gates: gates.collect(),
            state: JobState::new(stages * job.parallelism as usize),
            plan: job.plan,
            parallelism: job.parallelism,
            layout,
            settings,
            runtime,
            control,
        }
    }

    /// The number, at the gate of a stage, of the channel by which a subtask reaches it.
    fn channel_at_gate(&self, edge: &EdgeSpec, sender: u32) -> usize {
        let before: usize = self
            .plan
            .inputs(edge.to)
            .into_iter()
            .take_while(|input| input.port < edge.port)
            .map(|input| channels_of(input, self.parallelism))
            .sum();
        match edge.kind {
            EdgeKind::Hash => before + sender as usize,
            EdgeKind::Forward => before,
        }
    }

    fn targets(&self, edge: &EdgeSpec, sender: u32) -> Vec<Target> {
        let channel = self.channel_at_gate(edge, sender);
        let gates = &self.gates[edge.to.0];
        let target = |gate: &Arc<InputGate>| Target { gate: Arc::clone(gate), channel };
        match edge.kind {
            EdgeKind::Hash => gates.iter().map(target).collect(),
            EdgeKind::Forward => vec![target(&gates[sender as usize])],
        }
    }

    fn subtask(&self, stage: StageId, number: u32) -> Subtask {
        let (instance, outbox) = self.plan.instantiate(stage, &self.layout);
        let edges = self.plan.outputs(stage);
        let targets = edges.iter().map(|edge| self.targets(edge, number)).collect();
        let spec = &self.plan.stages[stage.0];
        let sink = spec.writes_sink.then(|| (self.plan.sink.open)(number));
        let name = format!("{}/{number}", spec.name);
        let edge_names = edges.iter().map(|edge| self.plan.edge_name(edge)).collect();
        let now = self.runtime.now();
        let random = self.runtime.random(&format!("flusher {} {number}", stage.0));
        Subtask {
            stage: instance,
            stage_name: spec.name.clone(),
            number,
            output: TaskOutput::new(outbox, targets, sink, Arc::clone(&self.runtime)),
            progress: Progress::START,
            flusher: Periodic::new(self.settings.flush_nanos, now, random),
            timer: self.runtime.timer(),
            home: Home(number),
            runtime: Arc::clone(&self.runtime),
            status: Status::new(name, edge_names),
            state: Arc::clone(&self.state),
            times: TimeSheet::new(Arc::clone(&self.control.observer), now),
        }
    }

    fn source(&self, number: u32) -> SourceTask {
        let spec = &self.plan.source;
        let own = splits_of(number, self.parallelism, spec.splits.splits()).map(|split| OwnSplit {
            number: split,
            offset: 0,
            watermarks: BoundedOutOfOrderness::new(spec.bound_nanos),
            ended: false,
        });
        let random = self.runtime.random(&format!("watermark {number}"));
        let now = self.runtime.now();
        SourceTask {
            splits: Arc::clone(&spec.splits),
            reader: spec.reader(),
            own: own.collect(),
            watermark_timer: Periodic::new(Some(self.settings.watermark_nanos), now, random),
            watermark_records: self.settings.watermark_records,
            stop: self.control.stop.clone(),
            observer: Arc::clone(&self.control.observer),
        }
    }

    fn start(&self, mut subtask: Subtask, stage: StageId) {
        let (plan, layout) = (self.plan.clone(), self.layout.clone());
        let state = Arc::clone(&self.state);
        let home = subtask.home;
        let reads_source = self.plan.stages[stage.0].reads_source;
        let task: dataflow::runtime::Task = if reads_source {
            let source = self.source(subtask.number);
            Box::pin(async move {
                if let Ok((records, interrupted)) = source_task::run(&mut subtask, source).await {
                    state.ended(|completion| {
                        completion.records_in += records;
                        completion.interrupted |= interrupted;
                        add(completion, &plan, &layout, stage, &subtask);
                    });
                }
            })
        } else {
            let gate = Arc::clone(&self.gates[stage.0][subtask.number as usize]);
            Box::pin(async move {
                if inner_task::run(&mut subtask, gate).await.is_ok() {
                    state.ended(|completion| add(completion, &plan, &layout, stage, &subtask));
                }
            })
        };
        self.runtime.spawn_as(home, Role::Subtask, task);
    }
}

fn add(
    completion: &mut Completion,
    plan: &Plan,
    layout: &Layout,
    stage: StageId,
    subtask: &Subtask,
) {
    completion.records_out += subtask.output.records_out;
    completion.add_outbox(plan, layout, stage, &subtask.output.outbox);
}

#[cfg(test)]
#[path = "lost_credit_tests.rs"]
mod lost_credit_tests;
