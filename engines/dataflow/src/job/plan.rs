//! A job: stages, the edges between them, a source and a sink.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::exchange::Tail;
use crate::exchange::foreign::WriteRow;
use crate::exchange::outbox::Outbox;
use crate::exchange::sink::SinkSlot;
use crate::job::source::SourceSpec;
use crate::placement::{Placement, PlacementKind};
use crate::stage::{InputPort, Marks, Side, SideTail, Stage, StageRunner};

/// Number of a stage; an edge always leads to a higher number.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageId(pub usize);

/// How an edge spreads records over the subtasks of the stage it leads to.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// By key and placement, to any subtask.
    Hash,
    /// To the subtask of the same number.
    Forward,
}

/// An edge between two stages.
#[derive(Clone, Debug)]
pub struct EdgeSpec {
    /// Where it begins.
    pub from: StageId,
    /// Its place among the outgoing edges of `from`.
    pub output: usize,
    /// Where it leads.
    pub to: StageId,
    /// By which input.
    pub port: InputPort,
    /// How it spreads records.
    pub kind: EdgeKind,
}

/// How many subtasks every stage has, and what their edges need to know.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Subtasks per stage, in the order of stages.
    pub parallelism: Vec<u32>,
    /// How keys find their subtask.
    pub placement: PlacementKind,
    /// `max_parallelism` of key-group placement; `None` for the default.
    pub max_parallelism: Option<u32>,
    /// Size of a buffer in bytes.
    pub buffer_bytes: usize,
}

/// What a stage's factory needs to know of its place.
pub struct StageContext<'a> {
    edges: &'a [EdgeSpec],
    stage: StageId,
    layout: &'a Layout,
    /// An outgoing edge whose keys somebody listens to, and the placement that tells them.
    tapped: Option<(usize, Placement)>,
    sides: Mutex<Vec<Option<Box<dyn SideTail>>>>,
}

impl StageContext<'_> {
    /// Channels of an outgoing edge, and how keys are placed on them.
    pub fn output(&self, output: usize) -> (usize, Placement) {
        let edge = self
            .edges
            .iter()
            .find(|edge| edge.from == self.stage && edge.output == output)
            .expect("an outgoing edge is registered before its stage is made");
        let placement = match &self.tapped {
            Some((tapped, placement)) if *tapped == output => placement.clone(),
            _ => self.layout.placement(edge.to),
        };
        let channels = match edge.kind {
            EdgeKind::Hash => placement.partitions() as usize,
            EdgeKind::Forward => 1,
        };
        (channels, placement)
    }

    /// Size of a buffer in bytes.
    pub const fn buffer_bytes(&self) -> usize {
        self.layout.buffer_bytes
    }

    /// The tails of the stage's side outputs; theirs to take once.
    pub fn take_sides(&self) -> Vec<Option<Box<dyn SideTail>>> {
        std::mem::take(&mut self.sides.lock().expect("no thread fails while it holds this"))
    }
}

impl Layout {
    /// One subtask a stage, for engines without parallelism.
    pub fn single(stages: usize, buffer_bytes: usize) -> Self {
        Self {
            parallelism: vec![1; stages],
            placement: PlacementKind::default(),
            max_parallelism: None,
            buffer_bytes,
        }
    }

    /// The placement of keys on the subtasks of a stage.
    pub fn placement(&self, stage: StageId) -> Placement {
        self.placement.over(self.parallelism[stage.0], self.max_parallelism)
    }
}

type MakeStage = dyn Fn(&StageContext<'_>) -> Box<dyn Stage> + Send + Sync;
type MakeSide = dyn Fn(&StageContext<'_>) -> Box<dyn SideTail> + Send + Sync;

/// A stage of a plan.
#[derive(Clone)]
pub struct StageSpec {
    /// Its operators, `map -> filter`.
    pub name: String,
    /// Whether the source feeds it.
    pub reads_source: bool,
    /// Whether it writes to the sink.
    pub writes_sink: bool,
    make: Option<Arc<MakeStage>>,
    /// By the number of their port.
    sides: Vec<Option<Arc<MakeSide>>>,
}

impl fmt::Debug for StageSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A whole job, the same for every engine.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Stages; edges lead from lower to higher numbers.
    pub stages: Vec<StageSpec>,
    /// All edges.
    pub edges: Vec<EdgeSpec>,
    /// What feeds stage 0.
    pub source: SourceSpec,
    /// Where results go.
    pub sink: SinkSlot,
    /// Whether results are changes (`upsert`, `retract`) rather than records (`append`).
    pub emits_changes: bool,
    /// The hash of a row by its line of JSON, which must be that of the row that was written: an output
    /// that is read back has a digest. Of a change, the column `op` is passed over.
    pub hash_of_line: HashOfLine,
    /// Writes a row that another process has made of the result to an output.
    pub write_row: WriteRow,
}

/// See [`Plan::hash_of_line`].
pub type HashOfLine = fn(&str) -> serde_json::Result<u128>;

impl Plan {
    /// The edges that leave a stage, in the order of their numbers there.
    pub fn outputs(&self, stage: StageId) -> Vec<&EdgeSpec> {
        let mut edges: Vec<_> = self.edges.iter().filter(|edge| edge.from == stage).collect();
        edges.sort_by_key(|edge| edge.output);
        edges
    }

    /// The edges that lead to a stage, in the order of its input ports.
    pub fn inputs(&self, stage: StageId) -> Vec<&EdgeSpec> {
        let mut edges: Vec<_> = self.edges.iter().filter(|edge| edge.to == stage).collect();
        edges.sort_by_key(|edge| edge.port);
        edges
    }

    /// An edge as results name it: the stages at both ends.
    pub fn edge_name(&self, edge: &EdgeSpec) -> String {
        format!("{} -> {}", self.stages[edge.from.0].name, self.stages[edge.to.0].name)
    }

    /// Makes one subtask's instance of a stage, and the outbox it works with.
    pub fn instantiate(&self, stage: StageId, layout: &Layout) -> (Box<dyn Stage>, Outbox) {
        self.instantiate_tapped(stage, layout, None)
    }

    /// The same in the runner that an engine works with, its ends still closed.
    pub fn runner(&self, stage: StageId, layout: &Layout, marks: Marks) -> StageRunner {
        let (instance, outbox) = self.instantiate(stage, layout);
        StageRunner::new(instance, outbox, marks).keyed(self.is_keyed(stage))
    }

    /// Whether records reach a stage by their key.
    pub(crate) fn is_keyed(&self, stage: StageId) -> bool {
        self.edges.iter().any(|edge| edge.to == stage && edge.kind == EdgeKind::Hash)
    }

    /// The same with another placement for one of its outgoing edges.
    pub(crate) fn instantiate_tapped(
        &self,
        stage: StageId,
        layout: &Layout,
        tapped: Option<(usize, Placement)>,
    ) -> (Box<dyn Stage>, Outbox) {
        let spec = &self.stages[stage.0];
        let sides = Mutex::new(Vec::new());
        let context = StageContext { edges: &self.edges, stage, layout, tapped, sides };
        let sides =
            spec.sides.iter().map(|side| side.as_ref().map(|make| make(&context))).collect();
        *context.sides.lock().expect("nobody else holds it") = sides;
        let channels: Vec<usize> =
            self.outputs(stage).iter().map(|edge| context.output(edge.output).0).collect();
        let make = spec.make.as_ref().expect("a plan is complete");
        let instance = make(&context);
        let sampling = self.sink.wants.trails;
        let outbox = Outbox::new(&channels).with_sampling(sampling, instance.holds_times());
        (instance, outbox)
    }
}

/// A plan while streams are being put together.
#[derive(Clone)]
pub(crate) struct Draft(Arc<Mutex<Parts>>);

struct Parts {
    stages: Vec<StageSpec>,
    edges: Vec<EdgeSpec>,
    source: SourceSpec,
}

impl Draft {
    pub(crate) fn new(source: SourceSpec) -> Self {
        Self(Arc::new(Mutex::new(Parts { stages: Vec::new(), edges: Vec::new(), source })))
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().expect("no thread fails while it holds a draft")
    }

    pub(crate) fn open_stage(&self, reads_source: bool) -> StageId {
        let mut parts = self.parts();
        parts.stages.push(StageSpec {
            name: String::new(),
            reads_source,
            writes_sink: false,
            make: None,
            sides: Vec::new(),
        });
        StageId(parts.stages.len() - 1)
    }

    /// Reserves the next outgoing edge of a stage, to be connected by [`Draft::connect`].
    pub(crate) fn next_output(&self, from: StageId) -> usize {
        let mut parts = self.parts();
        let output = parts.edges.iter().filter(|edge| edge.from == from).count();
        let edge =
            EdgeSpec { from, output, to: from, port: InputPort::default(), kind: EdgeKind::Hash };
        parts.edges.push(edge);
        output
    }

    pub(crate) fn connect(
        &self,
        (from, output): (StageId, usize),
        to: StageId,
        port: InputPort,
        kind: EdgeKind,
    ) {
        let mut parts = self.parts();
        let edge = parts.edges.iter_mut().find(|edge| edge.from == from && edge.output == output);
        let edge = edge.expect("an edge is reserved before it is connected");
        (edge.to, edge.port, edge.kind) = (to, port, kind);
    }

    pub(crate) fn close_stage(&self, stage: StageId, name: String, make: Arc<MakeStage>) {
        let spec = &mut self.parts().stages[stage.0];
        spec.name = name;
        spec.make = Some(make);
    }

    pub(crate) fn add_side<S: 'static>(
        &self,
        stage: StageId,
        port: usize,
        make: impl Fn(&StageContext<'_>) -> Box<dyn Tail<S>> + Send + Sync + 'static,
    ) {
        let sides = &mut self.parts().stages[stage.0].sides;
        if sides.len() <= port {
            sides.resize_with(port + 1, || None);
        }
        assert!(sides[port].is_none(), "side port {port} is consumed twice");
        sides[port] = Some(Arc::new(move |context| Box::new(Side(make(context)))));
    }

    pub(crate) fn finish(
        self,
        last: StageId,
        sink: SinkSlot,
        emits_changes: bool,
        (hash_of_line, write_row): (HashOfLine, WriteRow),
    ) -> Plan {
        let mut parts = self.parts();
        parts.stages[last.0].writes_sink = true;
        let stages = std::mem::take(&mut parts.stages);
        let open = stages.iter().position(|stage| stage.make.is_none());
        assert!(open.is_none(), "stage {open:?} was begun and leads nowhere");
        let edges = std::mem::take(&mut parts.edges);
        assert!(edges.iter().all(|edge| edge.from < edge.to), "an edge was never connected");
        let source = parts.source.clone();
        Plan { stages, edges, source, sink, emits_changes, hash_of_line, write_row }
    }
}
