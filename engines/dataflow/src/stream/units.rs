//! Aggregates that change once per key and unit of work, and combiners ahead of an exchange.

use super::{KeyedStream, Stream, open};
use crate::job::plan::EdgeKind;
use crate::operator::{Operator, Then};
use crate::operators::{Aggregator, Combine, Merging, RunningAggregate};
use crate::record::data::{Data, Key};
use crate::stage::Head;

/// Finds the key of a partial aggregate.
pub trait KeyOfPartial<K, S>: Fn(&(K, S)) -> K + Clone + Send + 'static {}
impl<K, S, F: Fn(&(K, S)) -> K + Clone + Send + 'static> KeyOfPartial<K, S> for F {}

impl<Op: Operator, H: Head<Op::In>> Stream<Op, H> {
    /// Aggregates by key within each unit of work of a subtask, and closes the stage with a hash
    /// exchange by that key: accumulators cross it. Aggregate them further by [`Merging`].
    pub fn combine_by<K, F, A>(
        self,
        key_of: F,
        aggregator: A,
    ) -> KeyedStream<(K, A::Accumulator), impl KeyOfPartial<K, A::Accumulator>>
    where
        K: Key,
        F: Fn(&Op::Out) -> K + Clone + Send + 'static,
        A: Aggregator<In = Op::Out>,
    {
        self.then(Combine::new(key_of, aggregator)).key_by(|(key, _)| key.clone())
    }
}

impl<T: Data, K: Key, F: Fn(&T) -> K + Clone + Send + 'static> KeyedStream<T, F> {
    /// One aggregate per key, emitted once per unit of work in which it has changed: the change is
    /// from what it was before the unit to what it is behind it.
    #[expect(clippy::type_complexity, reason = "a stream's type is its chain of operators")]
    pub fn aggregate_by_unit<A: Aggregator<In = T>>(
        self,
        aggregator: A,
    ) -> Stream<
        Then<
            Combine<K, F, A>,
            RunningAggregate<K, impl KeyOfPartial<K, A::Accumulator>, Merging<K, A>>,
        >,
    > {
        let combine = Combine::new(self.key_of, aggregator.clone());
        let key_of = |(key, _): &(K, A::Accumulator)| key.clone();
        let merge = RunningAggregate::new(key_of, Merging::new(aggregator));
        open(&self.edge, EdgeKind::Hash, combine).then(merge)
    }
}
