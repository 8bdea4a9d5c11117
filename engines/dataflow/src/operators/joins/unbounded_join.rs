//! An inner join of two streams that remembers both for ever.

use serde::{Deserialize, Serialize};

use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::state::KeyedTable;
use crate::operator::{Collect, TwoInputOperator};
use crate::record::Record;
use crate::record::data::{Data, Key};

/// Joins every record with all that came on the other side under the same key, as Flink SQL's
/// regular join of two streams that only grow. A result happens when the later of both did, and
/// has their newest stamps.
///
/// ```
/// use dataflow::operators::UnboundedJoin;
/// use dataflow::verify::{Sided::{Left, Right}, records, verify_two_inputs};
/// let key = |row: &(u64, char)| row.0;
/// let pair = |left: &(u64, char), right: &(u64, char)| Some((left.1, right.1));
/// verify_two_inputs(
///     UnboundedJoin::new(key, key, pair),
///     key,
///     key,
///     records([Left((7, 'a')), Right((7, 'x')), Right((8, 'y')), Left((7, 'b'))]),
///     vec![('a', 'x'), ('b', 'x')],
/// );
/// ```
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
            if let Some(value) = function(&record.value, &other.value) {
                out.push(record.joined(other, value));
            }
        }
        sides.left.push(record);
    }

    fn process_right(&mut self, record: Record<R>, out: &mut impl Collect<O>) {
        let key = (self.right_key)(&record.value);
        let function = self.function.clone();
        let sides = self.sides(&key);
        for other in &sides.left {
            if let Some(value) = function(&other.value, &record.value) {
                out.push(record.joined(other, value));
            }
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
