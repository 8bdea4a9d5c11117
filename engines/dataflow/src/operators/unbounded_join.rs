//! An inner join of two streams that remembers both for ever.

use serde::{Deserialize, Serialize};

use crate::data::{Data, Key};
use crate::operator::{Collect, TwoInputOperator};
use crate::record::Record;
use crate::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::state::KeyedTable;

/// Joins every record with all that came on the other side under the same key, as Flink SQL's
/// regular join of two streams that only grow. A result happens when the later of both did, and
/// has their newest stamps.
#[derive(Clone, Debug)]
pub struct UnboundedJoin<K, L, R, KL, KR, F> {
    left_key: KL,
    right_key: KR,
    function: F,
    table: KeyedTable<K, Sides<L, R>>,
}

/// The rows of a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "L: Data, R: Data")]
struct Sides<L, R> {
    left: Vec<Record<L>>,
    right: Vec<Record<R>>,
}

impl<L: Data, R: Data> Data for Sides<L, R> {}

impl<K: Key, L: Data, R: Data, KL, KR, F> UnboundedJoin<K, L, R, KL, KR, F> {
    /// By the keys that two functions find; `function` makes a result out of two rows, or finds
    /// that they do not belong together.
    pub fn new(left_key: KL, right_key: KR, function: F) -> Self {
        Self { left_key, right_key, function, table: KeyedTable::default() }
    }

    fn sides(&mut self, key: &K) -> &mut Sides<L, R> {
        self.table.entry(key, || Sides { left: Vec::new(), right: Vec::new() })
    }
}

/// A result of two records, when there is one.
fn joined<A, B, O>(a: &Record<A>, b: &Record<B>, value: Option<O>) -> Option<Record<O>> {
    let event_time = a.event_time.max(b.event_time);
    value.map(|value| Record { value, event_time, stamps: a.stamps.newest(b.stamps) })
}

impl<K, L, R, O, KL, KR, F> TwoInputOperator for UnboundedJoin<K, L, R, KL, KR, F>
where
    K: Key,
    L: Data,
    R: Data,
    O: Clone + Send + 'static,
    KL: Fn(&L) -> K + Clone + Send + 'static,
    KR: Fn(&R) -> K + Clone + Send + 'static,
    F: Fn(&L, &R) -> Option<O> + Clone + Send + 'static,
{
    type Left = L;
    type Right = R;
    type Out = O;

    fn name(&self) -> &'static str {
        "join"
    }

    fn process_left(&mut self, record: Record<L>, out: &mut impl Collect<O>) {
        let key = (self.left_key)(&record.value);
        let function = self.function.clone();
        let sides = self.sides(&key);
        for other in &sides.right {
            let value = function(&record.value, &other.value);
            joined(&record, other, value).into_iter().for_each(|result| out.push(result));
        }
        sides.left.push(record);
    }

    fn process_right(&mut self, record: Record<R>, out: &mut impl Collect<O>) {
        let key = (self.right_key)(&record.value);
        let function = self.function.clone();
        let sides = self.sides(&key);
        for other in &sides.left {
            let value = function(&other.value, &record.value);
            joined(&record, other, value).into_iter().for_each(|result| out.push(result));
        }
        sides.right.push(record);
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        self.table.write(since, into);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.table.read(from)
    }
}
