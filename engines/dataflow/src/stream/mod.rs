//! How a workload puts a job together. A program that makes no sense does not compile: there is
//! no window without a key, and no plan without a sink.

use std::sync::{Arc, Mutex};

use crate::exchange::foreign::{WriteRow, append_row, change_row};
use crate::exchange::sink::SinkSlot;
use crate::exchange::{Appending, ByKey, Changing, Exchange, Forward, Tail};
use crate::job::plan::{Draft, EdgeKind, HashOfLine, Plan, StageContext, StageId};
use crate::job::source::{Source, SourceSpec};
use crate::operator::{Operator, SidePort, Then, TwoInputOperator};
use crate::operators::{
    Aggregator, Divide, Divided, Filter, FilterMap, FlatMap, Input, KeyedFunction, KeyedProcess,
    Map, RunningAggregate, TumblingWindow,
};
use crate::record::change::Change;
use crate::record::data::{Data, Key};
use crate::record::digest::hash_of_line;
use crate::stage::{FusedStage, Head, InputPort, OneInput, TwoInputs};

mod changes;
mod joins;
mod units;
mod windows;

pub use changes::{KeyOfChange, KeyedChanges};
pub use units::KeyOfPartial;
pub use windows::{LateFiring, ProcessingTimeStream, SessionGap, Sliding, WindowedBy};

/// A chain of operators that has not met an exchange yet. Types nest only inside a stage: every
/// exchange closes one and opens the next.
///
/// ```compile_fail
/// # fn wrong(events: dataflow::Stream<dataflow::operators::Input<u64>>) {
/// events.window(1_000); // windows need a key
/// # }
/// ```
/// ```compile_fail
/// # fn wrong(events: dataflow::Stream<dataflow::operators::Input<u64>>) -> dataflow::Plan {
/// events.map(|x| x + 1) // only a sink makes a plan
/// # }
/// ```
pub struct Stream<Op, H = OneInput> {
    draft: Draft,
    stage: StageId,
    head: H,
    chain: Op,
    name: String,
}

impl<E: Data> Stream<Input<E>> {
    /// The events of a source that are at most `bound_nanos` of event time late.
    pub fn from_source(source: Arc<dyn Source<E>>, bound_nanos: i64) -> Self {
        let draft = Draft::new(SourceSpec::new(source, bound_nanos));
        let stage = draft.open_stage(true);
        Self { draft, stage, head: OneInput, chain: Input::default(), name: "source".to_owned() }
    }
}

impl<Op: Operator, H: Head<Op::In>> Stream<Op, H> {
    /// Appends any operator.
    pub fn then<B: Operator<In = Op::Out>>(self, operator: B) -> Stream<Then<Op, B>, H> {
        let name = format!("{} -> {}", self.name, operator.name());
        Stream {
            draft: self.draft,
            stage: self.stage,
            head: self.head,
            chain: Then::new(self.chain, operator),
            name,
        }
    }

    /// Applies a function to every value.
    #[expect(clippy::type_complexity, reason = "a stream's type is its chain of operators")]
    pub fn map<O, F>(self, function: F) -> Stream<Then<Op, Map<F, Op::Out, O>>, H>
    where
        F: Fn(Op::Out) -> O + Clone + Send + 'static,
        O: Clone + Send + 'static,
    {
        self.then(Map::new(function))
    }

    /// Keeps the records for which a predicate holds.
    pub fn filter<F>(self, predicate: F) -> Stream<Then<Op, Filter<F, Op::Out>>, H>
    where
        F: Fn(&Op::Out) -> bool + Clone + Send + 'static,
    {
        self.then(Filter::new(predicate))
    }

    /// Turns every value into another or into nothing.
    #[expect(clippy::type_complexity, reason = "a stream's type is its chain of operators")]
    pub fn filter_map<O, F>(self, function: F) -> Stream<Then<Op, FilterMap<F, Op::Out, O>>, H>
    where
        F: Fn(Op::Out) -> Option<O> + Clone + Send + 'static,
        O: Clone + Send + 'static,
    {
        self.then(FilterMap::new(function))
    }

    /// Sends every value on, to a side output, or nowhere.
    #[expect(clippy::type_complexity, reason = "a stream's type is its chain of operators")]
    pub fn divide<M, S, F>(
        self,
        port: SidePort<S>,
        function: F,
    ) -> Stream<Then<Op, Divide<F, Op::Out, M, S>>, H>
    where
        F: Fn(Op::Out) -> Divided<M, S> + Clone + Send + 'static,
        M: Clone + Send + 'static,
        S: Data,
    {
        self.then(Divide::new(port, function))
    }

    /// Turns every value into any number of values.
    #[expect(clippy::type_complexity, reason = "a stream's type is its chain of operators")]
    pub fn flat_map<F, It>(self, function: F) -> Stream<Then<Op, FlatMap<F, Op::Out, It>>, H>
    where
        F: Fn(Op::Out) -> It + Clone + Send + 'static,
        It: IntoIterator + 'static,
        It::Item: Clone + Send + 'static,
    {
        self.then(FlatMap::new(function))
    }

    /// Closes the stage with a hash exchange by key.
    pub fn key_by<K, F>(self, key_of: F) -> KeyedStream<Op::Out, F>
    where
        Op::Out: Data,
        K: Key,
        F: Fn(&Op::Out) -> K + Clone + Send + 'static,
    {
        let output = self.draft.next_output(self.stage);
        let edge = (self.draft.clone(), self.stage, output);
        let route = key_of.clone();
        self.close(move |context| {
            let (channels, placement) = context.output(output);
            let route = ByKey { key_of: route.clone(), placement };
            Exchange::new(route, output, channels, context.buffer_bytes())
        });
        KeyedStream { edge, key_of, records: std::marker::PhantomData }
    }

    /// The records that an operator of this stage puts out by a side port.
    pub fn side_output<S: Data>(&self, port: SidePort<S>) -> SideStream<S> {
        SideStream { draft: self.draft.clone(), stage: self.stage, port }
    }

    /// Ends the job; every record is part of the result.
    pub fn sink(self, slot: SinkSlot) -> Plan
    where
        Op::Out: Data,
    {
        let wants = slot.wants;
        let rows = (hash_of_line::<Op::Out> as HashOfLine, append_row::<Op::Out> as WriteRow);
        self.end(slot, false, rows, move |_| Appending { wants })
    }

    fn end<T: Tail<Op::Out> + 'static>(
        self,
        slot: SinkSlot,
        emits_changes: bool,
        rows: (HashOfLine, WriteRow),
        tail: impl Fn(&StageContext<'_>) -> T + Send + 'static,
    ) -> Plan {
        let (draft, stage) = (self.draft.clone(), self.stage);
        self.close(tail);
        draft.finish(stage, slot, emits_changes, rows)
    }

    fn close<T: Tail<Op::Out> + 'static>(
        self,
        tail: impl Fn(&StageContext<'_>) -> T + Send + 'static,
    ) {
        let Self { draft, stage, head, chain, name } = self;
        // Behind a lock, so that a user's closures need not be `Sync`.
        let prototype = Mutex::new((head, chain, tail));
        let make = Arc::new(move |context: &StageContext<'_>| {
            let prototype = prototype.lock().expect("cloning an operator does not fail");
            let (head, chain, tail) = &*prototype;
            let (head, chain) = (head.clone(), chain.clone());
            let fused = FusedStage::new(head, chain, tail(context), context.take_sides());
            Box::new(fused) as Box<dyn crate::stage::Stage>
        });
        draft.close_stage(stage, name, make);
    }
}

impl<T: Data, Op: Operator<Out = Change<T>>, H: Head<Op::In>> Stream<Op, H> {
    /// Ends the job; the result is the table that the changes leave.
    pub fn sink_changes(self, slot: SinkSlot) -> Plan {
        let wants = slot.wants;
        let rows = (hash_of_line::<T> as HashOfLine, change_row::<T> as WriteRow);
        self.end(slot, true, rows, move |_| Changing { wants })
    }
}

/// A side output, to be consumed by a stage of its own.
pub struct SideStream<S> {
    draft: Draft,
    stage: StageId,
    port: SidePort<S>,
}

impl<S: Data> SideStream<S> {
    /// By key, to another stage.
    pub fn key_by<K, F>(self, key_of: F) -> KeyedStream<S, F>
    where
        K: Key,
        F: Fn(&S) -> K + Clone + Send + 'static,
    {
        let output = self.draft.next_output(self.stage);
        let route = Mutex::new(key_of.clone());
        self.draft.add_side(self.stage, self.port.index, move |context| {
            let (channels, placement) = context.output(output);
            let key_of = route.lock().expect("cloning a closure does not fail").clone();
            let route = ByKey { key_of, placement };
            Box::new(Exchange::<S, _>::new(route, output, channels, context.buffer_bytes()))
        });
        let edge = (self.draft, self.stage, output);
        KeyedStream { edge, key_of, records: std::marker::PhantomData }
    }

    /// To the subtask of the same number in a stage of its own.
    pub fn forward(self) -> Stream<Input<S>> {
        let output = self.draft.next_output(self.stage);
        self.draft.add_side(self.stage, self.port.index, move |context| {
            let (channels, _) = context.output(output);
            Box::new(Exchange::<S, _>::new(Forward, output, channels, context.buffer_bytes()))
        });
        let edge = (self.draft, self.stage, output);
        open(&edge, EdgeKind::Forward, Input::default())
    }
}

/// Records on their way to the subtask that owns their key.
pub struct KeyedStream<T, F> {
    edge: (Draft, StageId, usize),
    key_of: F,
    records: std::marker::PhantomData<fn(T)>,
}

fn open<Op: Operator>(edge: &(Draft, StageId, usize), kind: EdgeKind, operator: Op) -> Stream<Op> {
    let (draft, from, output) = edge;
    let stage = draft.open_stage(false);
    draft.connect((*from, *output), stage, InputPort(0), kind);
    let name = operator.name().to_owned();
    Stream { draft: draft.clone(), stage, head: OneInput, chain: operator, name }
}

impl<T: Data, K: Key, F: Fn(&T) -> K + Clone + Send + 'static> KeyedStream<T, F> {
    /// One aggregate per key, every change of it emitted.
    pub fn aggregate<A: Aggregator<In = T>>(
        self,
        aggregator: A,
    ) -> Stream<RunningAggregate<K, F, A>> {
        open(&self.edge, EdgeKind::Hash, RunningAggregate::new(self.key_of, aggregator))
    }

    /// Tumbling windows of `size_nanos` of event time.
    pub fn window(self, size_nanos: i64) -> WindowedStream<T, F> {
        WindowedStream { keyed: self, size_nanos, late: None }
    }

    /// A user's own keyed logic with state and timers.
    pub fn process<P: KeyedFunction<In = T, Key = K>>(
        self,
        function: P,
    ) -> Stream<KeyedProcess<P, F>> {
        open(&self.edge, EdgeKind::Hash, KeyedProcess::new(self.key_of, function))
    }

    /// The same, and a key is forgotten once nothing has used it for so long: see
    /// [`KeyedProcess::with_state_ttl`].
    pub fn process_with_ttl<P: KeyedFunction<In = T, Key = K>>(
        self,
        ttl_nanos: u64,
        function: P,
    ) -> Stream<KeyedProcess<P, F>> {
        let operator = KeyedProcess::new(self.key_of, function).with_state_ttl(ttl_nanos);
        open(&self.edge, EdgeKind::Hash, operator)
    }

    /// Brings two keyed streams together by an operator of two inputs.
    pub fn join<R, G, J>(
        self,
        right: KeyedStream<R, G>,
        operator: J,
    ) -> Stream<Input<J::Out>, TwoInputs<J>>
    where
        R: Data,
        G: Fn(&R) -> K + Clone + Send + 'static,
        J: TwoInputOperator<Left = T, Right = R>,
    {
        let (draft, from, output) = self.edge;
        let stage = draft.open_stage(false);
        draft.connect((from, output), stage, InputPort(0), EdgeKind::Hash);
        draft.connect((right.edge.1, right.edge.2), stage, InputPort(1), EdgeKind::Hash);
        let name = operator.name().to_owned();
        Stream { draft, stage, head: TwoInputs(operator), chain: Input::default(), name }
    }
}

/// A keyed stream cut into windows.
pub struct WindowedStream<T, F> {
    keyed: KeyedStream<T, F>,
    size_nanos: i64,
    late: Option<SidePort<T>>,
}

impl<T: Data, K: Key, F: Fn(&T) -> K + Clone + Send + 'static> WindowedStream<T, F> {
    /// Sends late records to a side output.
    #[must_use]
    pub fn late_to(mut self, port: SidePort<T>) -> Self {
        self.late = Some(port);
        self
    }

    /// One aggregate per key and window, emitted when the window closes.
    pub fn aggregate<A: Aggregator<In = T>>(
        self,
        aggregator: A,
    ) -> Stream<TumblingWindow<K, F, A>> {
        let mut window = TumblingWindow::new(self.keyed.key_of, aggregator, self.size_nanos);
        if let Some(port) = self.late {
            window = window.with_late(port);
        }
        open(&self.keyed.edge, EdgeKind::Hash, window)
    }
}
