//! Streams of changes, and what makes them.

use super::{KeyedStream, Stream, open};
use crate::job::plan::EdgeKind;
use crate::operator::{Operator, Then};
use crate::operators::{
    ChangelogAggregate, Deduplicate, Keep, PartByKey, Ranked, RetractingAggregator, TopN, Unranked,
};
use crate::record::change::Change;
use crate::record::data::{Data, Key};
use crate::stage::Head;

/// Finds the key of a change in its row.
pub trait KeyOfChange<T, K>: Fn(&Change<T>) -> K + Clone + Send + 'static {}
impl<T, K, F: Fn(&Change<T>) -> K + Clone + Send + 'static> KeyOfChange<T, K> for F {}

/// Changes on their way to the subtask that owns the key of their row.
pub struct KeyedChanges<T, C, F> {
    keyed: KeyedStream<Change<T>, C>,
    key_of: F,
}

impl<T, Op, H> Stream<Op, H>
where
    T: Data,
    Op: Operator<Out = Change<T>>,
    H: Head<Op::In>,
{
    /// Closes the stage with a hash exchange by the key of the row that changes. An update that
    /// moves a row from one key to another is parted into a deletion and an insertion.
    pub fn key_changes_by<K, F>(self, key_of: F) -> KeyedChanges<T, impl KeyOfChange<T, K>, F>
    where
        K: Key,
        F: Fn(&T) -> K + Clone + Send + 'static,
    {
        let row_key = key_of.clone();
        let parted: Stream<Then<Op, PartByKey<T, F>>, H> =
            self.then(PartByKey::new(key_of.clone()));
        let keyed = parted.key_by(move |change: &Change<T>| match change {
            Change::Insert(row) | Change::Delete(row) | Change::Update { after: row, .. } => {
                row_key(row)
            }
        });
        KeyedChanges { keyed, key_of }
    }
}

impl<T: Data, C, F> KeyedChanges<T, C, F> {
    /// One aggregate per key over the rows that there are.
    pub fn aggregate<K, A>(self, aggregator: A) -> Stream<ChangelogAggregate<K, F, A>>
    where
        K: Key,
        F: Fn(&T) -> K + Clone + Send + 'static,
        A: RetractingAggregator<In = T>,
    {
        let operator = ChangelogAggregate::new(self.key_of, aggregator);
        open(&self.keyed.edge, EdgeKind::Hash, operator)
    }
}

impl<T: Data + Ord, K: Key, F: Fn(&T) -> K + Clone + Send + 'static> KeyedStream<T, F> {
    /// The best `n` rows per key, in the order of what `order` finds, smaller first.
    pub fn top_n<O: Ord + 'static, G: Fn(&T) -> O + Clone + Send + 'static>(
        self,
        n: usize,
        order: G,
    ) -> Stream<TopN<K, T, O, F, G, Unranked>> {
        open(&self.edge, EdgeKind::Hash, TopN::unranked(self.key_of, n, order))
    }

    /// The same with their ranks, from 1.
    pub fn top_n_ranked<O: Ord + 'static, G: Fn(&T) -> O + Clone + Send + 'static>(
        self,
        n: usize,
        order: G,
    ) -> Stream<TopN<K, T, O, F, G, Ranked>> {
        open(&self.edge, EdgeKind::Hash, TopN::ranked(self.key_of, n, order))
    }

    /// One row per key, the first or the last by event time.
    pub fn keep(self, keep: Keep) -> Stream<Deduplicate<K, T, F>> {
        open(&self.edge, EdgeKind::Hash, Deduplicate::new(self.key_of, keep))
    }
}
