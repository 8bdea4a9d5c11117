//! The best rows of a key.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::state::KeyedTable;
use crate::operator::{Collect, Operator};
use crate::record::Record;
use crate::record::change::Change;
use crate::record::data::{Data, Key};

/// What [`TopN`] says of a row that comes among the best: the row alone, or with its rank.
pub trait Ranking: Clone + Send + 'static {
    /// A row of the result.
    type Row<T: Data>: Data;
    /// What changes when `rows[place]` has come in and `left` has gone out.
    fn changes<T: Data>(
        rows: &[T],
        place: usize,
        left: Option<&T>,
        emit: impl FnMut(Change<Self::Row<T>>),
    );
}

/// Rows without their ranks: one change for a row that comes in.
#[derive(Copy, Clone, Debug)]
pub struct Unranked;

/// Rows with their ranks, from 1: a change for every rank that another row takes.
#[derive(Copy, Clone, Debug)]
pub struct Ranked;

impl Ranking for Unranked {
    type Row<T: Data> = T;

    fn changes<T: Data>(
        rows: &[T],
        place: usize,
        left: Option<&T>,
        mut emit: impl FnMut(Change<T>),
    ) {
        let after = rows[place].clone();
        emit(match left {
            Some(before) => Change::Update { before: before.clone(), after },
            None => Change::Insert(after),
        });
    }
}

impl Ranking for Ranked {
    type Row<T: Data> = (u32, T);

    fn changes<T: Data>(
        rows: &[T],
        place: usize,
        left: Option<&T>,
        mut emit: impl FnMut(Change<(u32, T)>),
    ) {
        let last = rows.len() - 1;
        for (rank, own) in (1..).zip(rows).skip(place) {
            // The row that stood here stands one behind, or has gone out.
            let before = rows.get(rank as usize).or(left);
            let after = (rank, own.clone());
            emit(match before {
                Some(before) => Change::Update { before: (rank, before.clone()), after },
                None => {
                    debug_assert_eq!(rank as usize, last + 1, "only the last rank can be new");
                    Change::Insert(after)
                }
            });
        }
    }
}

/// Keeps the best `n` rows of a key, as Flink's `ROW_NUMBER() OVER (PARTITION BY key ORDER BY ..)
/// <= n`. Rows are ordered by what a function makes of them, smaller first, equal ones by
/// themselves.
///
/// ```
/// use dataflow::Change::{Insert, Update};
/// use dataflow::operators::TopN;
/// use dataflow::verify::{records, verify_keyed};
/// let cheapest = TopN::unranked(|row: &(u64, u64)| row.0, 1, |row| row.1);
/// verify_keyed(
///     cheapest,
///     |row: &(u64, u64)| row.0,
///     records([(7, 30), (7, 20), (7, 25)]),
///     vec![Insert((7, 30)), Update { before: (7, 30), after: (7, 20) }],
/// );
/// ```
#[derive(Debug)]
pub struct TopN<K, T, O, F, G, R> {
    key_of: F,
    order: G,
    n: usize,
    table: KeyedTable<K, Best<T>>,
    types: PhantomData<fn(R) -> O>,
}

/// The best rows of a key, the best first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent, bound = "T: Data")]
struct Best<T>(Vec<T>);

impl<T: Data> Data for Best<T> {}

impl<K: Key, T: Data, O, F: Clone, G: Clone, R> Clone for TopN<K, T, O, F, G, R> {
    fn clone(&self) -> Self {
        Self {
            key_of: self.key_of.clone(),
            order: self.order.clone(),
            n: self.n,
            table: self.table.clone(),
            types: PhantomData,
        }
    }
}

impl<K: Key, T: Data, O, F, G, R> TopN<K, T, O, F, G, R> {
    /// By the key that `key_of` finds, in the order of what `order` finds.
    ///
    /// # Panics
    /// When `n` is 0.
    pub fn new(key_of: F, n: usize, order: G) -> Self {
        assert!(n > 0, "the best rows are some");
        Self { key_of, order, n, table: KeyedTable::default(), types: PhantomData }
    }
}

impl<K: Key, T: Data, O: Ord, F: Fn(&T) -> K, G: Fn(&T) -> O> TopN<K, T, O, F, G, Unranked> {
    /// See [`Unranked`].
    pub fn unranked(key_of: F, n: usize, order: G) -> Self {
        Self::new(key_of, n, order)
    }
}

impl<K: Key, T: Data, O: Ord, F: Fn(&T) -> K, G: Fn(&T) -> O> TopN<K, T, O, F, G, Ranked> {
    /// See [`Ranked`].
    pub fn ranked(key_of: F, n: usize, order: G) -> Self {
        Self::new(key_of, n, order)
    }
}

impl<K, T, O, F, G, R> Operator for TopN<K, T, O, F, G, R>
where
    K: Key,
    T: Data + Ord,
    O: Ord + 'static,
    F: Fn(&T) -> K + Clone + Send + 'static,
    G: Fn(&T) -> O + Clone + Send + 'static,
    R: Ranking,
{
    type In = T;
    type Out = Change<R::Row<T>>;

    fn name(&self) -> &'static str {
        "top_n"
    }

    fn process(&mut self, record: Record<T>, out: &mut impl Collect<Self::Out>) {
        let (event_time, stamps) = (record.event_time, record.stamps);
        let key = (self.key_of)(&record.value);
        let order = &self.order;
        let place_of = |rows: &[T]| {
            let own = order(&record.value);
            rows.partition_point(|row| {
                order(row).cmp(&own).then_with(|| row.cmp(&record.value)).is_le()
            })
        };
        // A row that is not among the best changes nothing, and is most of them.
        if let Some(best) = self.table.get(&key)
            && best.0.len() == self.n
            && place_of(&best.0) == self.n
        {
            return;
        }
        let rows = &mut self.table.entry(&key, || Best(Vec::new())).0;
        let place = place_of(rows);
        rows.insert(place, record.value);
        let left = if rows.len() > self.n { rows.pop() } else { None };
        R::changes(rows, place, left.as_ref(), |value| {
            out.push(Record { value, event_time, stamps });
        });
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        self.table.write(since, into);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.table.read(from)
    }
}
