//! Lays a plan out over subtasks, wires their gates and starts them.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use dataflow::job::engine::Job;
use dataflow::job::observer::RescaleReport;
use dataflow::job::plan::{EdgeKind, EdgeSpec, Layout, StageId};
use dataflow::job::rescale::FormerState;
use dataflow::job::runtime::{Home, Role, Runtime, Task};
use dataflow::job::source::splits_of;
use dataflow::job::split_reader::{SplitPosition, SplitReader};
use dataflow::job::status::{Activity, Status};
use dataflow::operator::progress::WatermarkMerger;
use dataflow::placement::Amount;
use dataflow::stage::{InputPort, Marks};
use dataflow::{Control, EngineError, Guarantee, Plan};

use crate::channel::input_gate::InputGate;
use crate::channel::link_task::carry;
use crate::checkpoint::mailbox::Mailbox;
use crate::checkpoint::store::{CheckpointStore, Metadata};
use crate::settings::ResolvedSettings;
use crate::task::attempt_state::{Alive, AttemptState, until_cancelled};
use crate::task::channels::{Channels, Target};
use crate::task::checkpointing::Checkpointing;
use crate::task::flusher::Periodic;
use crate::task::mini_batch::MiniBatch;
use crate::task::source_task::SourceTask;
use crate::task::source_watermarks::SourceWatermarks;
use crate::task::subtask::Subtask;
use crate::task::time_sheet::TimeSheet;
use crate::task::{inner_task, source_task};

/// Everything that the subtasks of a job are made from.
pub(crate) struct Wiring {
    pub(crate) plan: Plan,
    parallelism: u32,
    layout: Layout,
    pub(crate) settings: ResolvedSettings,
    /// Per stage and subtask; none for the source stage.
    pub(crate) gates: Vec<Vec<Arc<InputGate>>>,
    pub(crate) state: Arc<AttemptState>,
    pub(crate) mailbox: Arc<Mailbox>,
    /// With an idle timeout: what the subtasks of the source can promise.
    promises: Option<Arc<SourceWatermarks>>,
    /// Per split: how far it has been read in this attempt.
    pub(crate) read: Arc<[AtomicU64]>,
    runtime: Arc<dyn Runtime>,
    control: Control,
    restored: Option<RestoredJob>,
    /// Checkpoints of this attempt count from here.
    first_checkpoint: u64,
}

/// What an attempt takes up from a checkpoint.
pub(crate) struct RestoredJob {
    /// Per stage.
    states: Vec<FormerState>,
    /// By their numbers.
    splits: Vec<SplitPosition>,
    /// Per stage: what its subtasks take.
    rescaled: Vec<Mutex<RescaleReport>>,
}

impl RestoredJob {
    /// From a completed checkpoint and its states, stage by stage.
    pub(crate) fn new(metadata: &Metadata, states: Vec<FormerState>, layout: &Layout) -> Self {
        let rescaled = states.iter().enumerate().map(|(stage, state)| {
            let after = layout.placement(StageId(stage));
            Mutex::new(RescaleReport::new(state.placement.clone(), after))
        });
        let rescaled = rescaled.collect();
        let mut splits: Vec<SplitPosition> = metadata.splits().copied().collect();
        splits.sort_by_key(|split| split.split);
        Self { states, splits, rescaled }
    }

    /// A subtask took so much of every former one.
    fn note(&self, stage: StageId, number: u32, taken: &[Amount]) {
        self.rescaled[stage.0].lock().expect("no holder fails").took(number, taken);
    }

    /// What all subtasks took within this number of nanoseconds, where their layout is another.
    fn rescaled(&self, nanos: u64) -> impl Iterator<Item = RescaleReport> {
        let reports = self.rescaled.iter().map(|it| it.lock().expect("no holder fails").clone());
        reports.filter(RescaleReport::is_one).map(move |it| RescaleReport { nanos, ..it })
    }
}

/// The layout of a job on this engine: every stage has as many subtasks.
pub(crate) fn layout(plan: &Plan, parallelism: u32, settings: &ResolvedSettings) -> Layout {
    Layout {
        parallelism: vec![parallelism; plan.stages.len()],
        placement: settings.placement,
        max_parallelism: settings.max_parallelism,
        buffer_bytes: settings.buffer_bytes,
    }
}

/// Channels that lead to one subtask: one per subtask at the other end, for each input edge.
pub(crate) fn channels_of(edge: &EdgeSpec, parallelism: u32) -> usize {
    match edge.kind {
        EdgeKind::Hash => parallelism as usize,
        EdgeKind::Forward => 1,
    }
}

fn gates(
    plan: &Plan,
    stage: StageId,
    job: &Job,
    settings: &ResolvedSettings,
) -> Vec<Arc<InputGate>> {
    let ports: Vec<InputPort> = plan
        .inputs(stage)
        .into_iter()
        .flat_map(|edge| std::iter::repeat_n(edge.port, channels_of(edge, job.parallelism)))
        .collect();
    if ports.is_empty() {
        return Vec::new();
    }
    let gate = |_| {
        let gate = InputGate::new(&ports, settings.limits);
        Arc::new(if settings.link.is_some() { gate.at_the_end_of_links() } else { gate })
    };
    (0..job.parallelism).map(gate).collect()
}

impl Wiring {
    pub(crate) fn new(
        job: &Job,
        settings: &ResolvedSettings,
        runtime: Arc<dyn Runtime>,
        control: Control,
        restored: Option<RestoredJob>,
        first_checkpoint: u64,
    ) -> Self {
        let stages = job.plan.stages.len();
        let gates = (0..stages).map(|stage| gates(&job.plan, StageId(stage), job, settings));
        let splits = 0..job.plan.source.splits.splits();
        let events = |split: u32| match &restored {
            Some(restored) => restored.splits[split as usize].events,
            None => 0,
        };
        Self {
            gates: gates.collect(),
            state: AttemptState::new(stages * job.parallelism as usize),
            mailbox: Arc::default(),
            promises: settings.idle_nanos.map(|_| SourceWatermarks::new(job.parallelism)),
            read: splits.map(|split| AtomicU64::new(events(split))).collect(),
            layout: layout(&job.plan, job.parallelism, settings),
            plan: job.plan.clone(),
            parallelism: job.parallelism,
            settings: settings.clone(),
            runtime,
            control,
            restored,
            first_checkpoint,
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

    /// Tells what moved, once all subtasks are made; `nanos` is how long that took.
    pub(crate) fn tell_rescaled(&self, nanos: u64) {
        let restored = self.restored.iter();
        restored
            .flat_map(|it| it.rescaled(nanos))
            .for_each(|report| self.control.observer.rescaled(&report));
    }

    /// Makes a subtask, with its part of what is restored.
    ///
    /// # Errors
    /// When the state is not one of its stage.
    pub(crate) fn subtask(&self, stage: StageId, number: u32) -> Result<Subtask, EngineError> {
        let gate = self.gates[stage.0].get(number as usize);
        let marks =
            gate.map_or(Marks::Ignore, |gate| Marks::Merge(WatermarkMerger::new(gate.channels())));
        let mut runner = match &self.restored {
            None => self.plan.runner(stage, &self.layout, marks),
            Some(restored) => {
                let former = &restored.states[stage.0];
                let (runner, taken) =
                    self.plan.runner_from(stage, number, &self.layout, former, marks)?;
                restored.note(stage, number, &taken);
                runner
            }
        };
        let spec = &self.plan.stages[stage.0];
        let sink = spec.writes_sink.then(|| (self.plan.sink.open)(number));
        let clock = Arc::clone(&self.runtime);
        runner.open(sink, self.runtime.priced(), move || clock.now());
        let edges = self.plan.outputs(stage);
        let targets = edges.iter().map(|edge| self.targets(edge, number)).collect();
        let name = format!("{}/{number}", spec.name);
        let edge_names = edges.iter().map(|edge| self.plan.edge_name(edge)).collect();
        let now = self.runtime.now();
        let random = self.runtime.random(&format!("flusher {} {number}", stage.0));
        let mini_batch = runner.has_units().then(|| {
            let random = self.runtime.random(&format!("mini-batch {} {number}", stage.0));
            let timer = Periodic::new(Some(self.settings.mini_batch_nanos), now, random);
            MiniBatch::new(timer, self.settings.mini_batch_size)
        });
        Ok(Subtask {
            runner,
            mini_batch,
            channels: Channels::new(targets),
            stage_name: spec.name.clone(),
            number,
            flusher: Periodic::new(self.settings.flush_nanos, now, random),
            timer: self.runtime.timer(),
            home: Home(number),
            priced: self.runtime.priced(),
            runtime: Arc::clone(&self.runtime),
            status: Status::new(name, edge_names, Activity::Working),
            state: Arc::clone(&self.state),
            times: TimeSheet::new(Arc::clone(&self.control.observer), now),
            checkpointing: self.checkpointing(stage, number),
        })
    }

    fn checkpointing(&self, stage: StageId, number: u32) -> Option<Checkpointing> {
        let guarantee = self.settings.guarantee;
        (guarantee != Guarantee::None).then(|| Checkpointing {
            mailbox: Arc::clone(&self.mailbox),
            store: CheckpointStore::new(self.runtime.storage()),
            stage: stage.0,
            place: stage.0 * self.parallelism as usize + number as usize,
            aligns: guarantee == Guarantee::ExactlyOnce,
            deltas: self.settings.checkpoint_deltas,
            chained: 0,
            newest: self.first_checkpoint - 1,
        })
    }

    fn source(&self, number: u32) -> SourceTask {
        let spec = &self.plan.source;
        let restored = |split| match &self.restored {
            Some(restored) => restored.splits[split as usize],
            None => SplitPosition::start(&*spec.splits, split),
        };
        let own = splits_of(number, self.parallelism, spec.splits.splits()).map(restored);
        let splits = SplitReader::new(spec, own, Arc::clone(&self.control.observer))
            .leaving_idle_out(self.settings.idle_nanos);
        let random = self.runtime.random(&format!("watermark {number}"));
        let now = self.runtime.now();
        SourceTask {
            splits,
            watermark_timer: Periodic::new(Some(self.settings.watermark_nanos), now, random),
            watermark_records: self.settings.watermark_records,
            all: self.promises.clone(),
            stop: self.control.stop.clone(),
            read: Arc::clone(&self.read),
        }
    }

    /// Starts what carries buffers over links, if they go over any.
    pub(crate) fn start_carriers(&self) {
        let Some(link) = self.settings.link else { return };
        for gates in &self.gates {
            for (number, gate) in (0..).zip(gates) {
                let carrying = carry(Arc::clone(gate), link, Arc::clone(&self.runtime));
                let task = until_cancelled(Arc::clone(&self.state), Box::pin(carrying));
                self.runtime.spawn(Home(number), Box::pin(task));
            }
        }
    }

    /// Starts a subtask of a stage.
    pub(crate) fn start(&self, mut subtask: Subtask, stage: StageId) {
        let (plan, layout) = (self.plan.clone(), self.layout.clone());
        let state = Arc::clone(&self.state);
        let home = subtask.home;
        let alive = Alive::new(&self.state, &subtask.status);
        let reads_source = self.plan.stages[stage.0].reads_source;
        let task: Task = if reads_source {
            let source = self.source(subtask.number);
            Box::pin(async move {
                let _alive = alive;
                if let Ok((records, interrupted)) = source_task::run(&mut subtask, source).await {
                    state.ended(|completion| {
                        completion.records_in += records;
                        completion.interrupted |= interrupted;
                        completion.add_subtask(&plan, &layout, stage, &subtask.runner);
                    });
                }
            })
        } else {
            let gate = Arc::clone(&self.gates[stage.0][subtask.number as usize]);
            Box::pin(async move {
                let _alive = alive;
                if inner_task::run(&mut subtask, gate).await.is_ok() {
                    state.ended(|completion| {
                        completion.add_subtask(&plan, &layout, stage, &subtask.runner);
                    });
                }
            })
        };
        let task = until_cancelled(Arc::clone(&self.state), task);
        self.runtime.spawn_as(home, Role::Subtask, Box::pin(task));
    }
}
