//! Aggregates per key: the function, and the running aggregate that emits every change.

use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::state::KeyedTable;
use crate::operator::{Collect, FanOut, Operator};
use crate::record::Record;
use crate::record::change::Change;
use crate::record::data::{Data, Key};

/// A function from many values to one, computed step by step.
pub trait Aggregator: Clone + Send + 'static {
    /// What is aggregated.
    type In: Clone + Send + 'static;
    /// What is kept on the way.
    type Accumulator: Data;
    /// What comes out.
    type Result: Data;

    /// The accumulator of no value.
    fn fresh(&self) -> Self::Accumulator;
    /// Adds a value.
    fn add(&self, accumulator: &mut Self::Accumulator, value: &Self::In);
    /// Adds what another accumulator holds.
    fn merge(&self, into: &mut Self::Accumulator, from: &Self::Accumulator);
    /// The result so far.
    fn result(&self, accumulator: &Self::Accumulator) -> Self::Result;
}

/// Counts values.
#[derive(Debug)]
pub struct Count<T>(std::marker::PhantomData<fn(T)>);

impl<T> Default for Count<T> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}
impl<T> Clone for Count<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T: Clone + Send + 'static> Aggregator for Count<T> {
    type In = T;
    type Accumulator = u64;
    type Result = u64;

    fn fresh(&self) -> u64 {
        0
    }
    #[inline(always)]
    fn add(&self, accumulator: &mut u64, _: &T) {
        *accumulator += 1;
    }
    fn merge(&self, into: &mut u64, from: &u64) {
        *into += from;
    }
    #[inline(always)]
    fn result(&self, accumulator: &u64) -> u64 {
        *accumulator
    }
}

/// Keeps one aggregate per key and emits it whenever it changes.
///
/// ```
/// use dataflow::Change::{Insert, Update};
/// use dataflow::operators::{Count, RunningAggregate};
/// use dataflow::verify::{records, verify_keyed};
/// let count = RunningAggregate::new(|word: &String| word.clone(), Count::default());
/// let row = |word: &str, n: u64| (word.to_owned(), n);
/// verify_keyed(
///     count,
///     |word: &String| word.clone(),
///     records(["to", "be", "to"].map(str::to_owned)),
///     vec![
///         Insert(row("to", 1)),
///         Insert(row("be", 1)),
///         Update { before: row("to", 1), after: row("to", 2) },
///     ],
/// );
/// ```
#[derive(Clone, Debug)]
pub struct RunningAggregate<K, F, A: Aggregator> {
    key_of: F,
    aggregator: A,
    table: KeyedTable<K, A::Accumulator>,
    /// Entries touched ahead: kept only so that touching is not optimised away.
    touched: usize,
}

impl<K: Key, F, A: Aggregator> RunningAggregate<K, F, A> {
    /// By the key that `key_of` finds.
    pub fn new(key_of: F, aggregator: A) -> Self {
        Self { key_of, aggregator, table: KeyedTable::default(), touched: 0 }
    }
}

impl<K, F, A> Operator for RunningAggregate<K, F, A>
where
    K: Key,
    F: Fn(&A::In) -> K + Clone + Send + 'static,
    A: Aggregator,
{
    type In = A::In;
    type Out = Change<(K, A::Result)>;
    const FAN_OUT: FanOut = FanOut::One;
    const LOOKS_AHEAD: bool = true;

    fn name(&self) -> &'static str {
        "aggregate"
    }

    #[inline]
    fn expect(&mut self, records: &[Record<A::In>]) {
        let keys = records.iter().map(|record| (self.key_of)(&record.value));
        self.touched = self.touched.wrapping_add(self.table.touch(keys));
    }

    #[inline]
    fn process(&mut self, record: Record<A::In>, out: &mut impl Collect<Self::Out>) {
        let key = (self.key_of)(&record.value);
        let mut is_new = false;
        let aggregator = &self.aggregator;
        let accumulator = self.table.entry(&key, || {
            is_new = true;
            aggregator.fresh()
        });
        if is_new {
            aggregator.add(accumulator, &record.value);
            let row = (key, aggregator.result(accumulator));
            out.push(record.with(Change::Insert(row)));
        } else {
            let before = (key.clone(), aggregator.result(accumulator));
            aggregator.add(accumulator, &record.value);
            let after = (key, aggregator.result(accumulator));
            out.push(record.with(Change::Update { before, after }));
        }
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        self.table.write(since, into);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.table.read(from)
    }
}
