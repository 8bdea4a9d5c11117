//! Aggregates over rows that change: what was added can be taken back.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::state::KeyedTable;
use crate::operator::{Collect, Failure, FanOut, Operator};
use crate::record::Record;
use crate::record::change::Change;
use crate::record::data::{Data, Key};

/// A function from the rows of a group to one, which can take rows back.
pub trait RetractingAggregator: Clone + Send + 'static {
    /// A row.
    type In: Clone + Send + 'static;
    /// What is kept on the way.
    type Accumulator: Data;
    /// What comes out.
    type Result: Data + PartialEq;

    /// The accumulator of no row.
    fn fresh(&self) -> Self::Accumulator;
    /// Adds a row.
    fn add(&self, accumulator: &mut Self::Accumulator, row: &Self::In);
    /// Takes back a row that was added.
    fn retract(&self, accumulator: &mut Self::Accumulator, row: &Self::In);
    /// The result of one row or more.
    fn result(&self, accumulator: &Self::Accumulator) -> Self::Result;
}

/// The average of whole numbers, cut to a whole number, as SQL's `AVG` of integers.
#[derive(Debug)]
pub struct IntegerAverage<T, F> {
    number_of: F,
    types: PhantomData<fn(T)>,
}

impl<T, F> IntegerAverage<T, F> {
    /// Of the numbers that a function finds in rows.
    pub const fn new(number_of: F) -> Self {
        Self { number_of, types: PhantomData }
    }
}

impl<T, F: Clone> Clone for IntegerAverage<T, F> {
    fn clone(&self) -> Self {
        Self::new(self.number_of.clone())
    }
}

impl<T, F> RetractingAggregator for IntegerAverage<T, F>
where
    T: Clone + Send + 'static,
    F: Fn(&T) -> i64 + Clone + Send + 'static,
{
    type In = T;
    /// Sum and count.
    type Accumulator = (i128, i64);
    type Result = i64;

    fn fresh(&self) -> (i128, i64) {
        (0, 0)
    }
    fn add(&self, (sum, count): &mut (i128, i64), row: &T) {
        *sum += i128::from((self.number_of)(row));
        *count += 1;
    }
    fn retract(&self, (sum, count): &mut (i128, i64), row: &T) {
        *sum -= i128::from((self.number_of)(row));
        *count -= 1;
    }
    fn result(&self, (sum, count): &(i128, i64)) -> i64 {
        // An average lies between the numbers that it is of.
        (sum / i128::from((*count).max(1))) as i64
    }
}

/// The largest of numbers, when the largest may be taken back: all are kept, with their frequency.
#[derive(Debug)]
pub struct RetractableMaximum<T, F> {
    number_of: F,
    types: PhantomData<fn(T)>,
}

impl<T, F> RetractableMaximum<T, F> {
    /// Of the numbers that a function finds in rows.
    pub const fn new(number_of: F) -> Self {
        Self { number_of, types: PhantomData }
    }
}

impl<T, F: Clone> Clone for RetractableMaximum<T, F> {
    fn clone(&self) -> Self {
        Self::new(self.number_of.clone())
    }
}

/// Numbers with how often each is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Numbers(BTreeMap<i64, u64>);

impl Data for Numbers {}

impl<T, F> RetractingAggregator for RetractableMaximum<T, F>
where
    T: Clone + Send + 'static,
    F: Fn(&T) -> i64 + Clone + Send + 'static,
{
    type In = T;
    type Accumulator = Numbers;
    type Result = i64;

    fn fresh(&self) -> Numbers {
        Numbers::default()
    }
    fn add(&self, numbers: &mut Numbers, row: &T) {
        *numbers.0.entry((self.number_of)(row)).or_default() += 1;
    }
    fn retract(&self, numbers: &mut Numbers, row: &T) {
        let number = (self.number_of)(row);
        if let Some(count) = numbers.0.get_mut(&number) {
            *count -= 1;
            if *count == 0 {
                numbers.0.remove(&number);
            }
        }
    }
    fn result(&self, numbers: &Numbers) -> i64 {
        numbers.0.last_key_value().map_or(i64::MIN, |(number, _)| *number)
    }
}

/// Groups rows that change by a key of theirs, and emits what the aggregate of a group changes to:
/// an insertion with the first row, nothing while the result stays, a deletion with the last row.
///
/// ```
/// use dataflow::Change::{Delete, Insert, Update};
/// use dataflow::operators::{ChangelogAggregate, IntegerAverage};
/// use dataflow::verify::{records, verify_operator};
/// let average = IntegerAverage::new(|row: &(u64, i64)| row.1);
/// verify_operator(
///     ChangelogAggregate::new(|row: &(u64, i64)| row.0, average),
///     records([Insert((7, 2)), Insert((7, 5)), Update { before: (7, 2), after: (7, 9) }]),
///     vec![
///         Insert((7, 2)),
///         Update { before: (7, 2), after: (7, 3) },
///         Update { before: (7, 3), after: (7, 7) },
///     ],
/// );
/// ```
#[derive(Clone, Debug)]
pub struct ChangelogAggregate<K, F, A: RetractingAggregator> {
    key_of: F,
    aggregator: A,
    /// With the number of rows.
    table: KeyedTable<K, (u64, A::Accumulator)>,
}

impl<K: Key, F, A: RetractingAggregator> ChangelogAggregate<K, F, A> {
    /// By the key that `key_of` finds in a row. Both rows of an update must have the same.
    pub fn new(key_of: F, aggregator: A) -> Self {
        Self { key_of, aggregator, table: KeyedTable::default() }
    }
}

impl<K, F, A> Operator for ChangelogAggregate<K, F, A>
where
    K: Key,
    F: Fn(&A::In) -> K + Clone + Send + 'static,
    A: RetractingAggregator,
{
    type In = Change<A::In>;
    type Out = Change<(K, A::Result)>;
    const FAN_OUT: FanOut = FanOut::AtMostOne;

    fn name(&self) -> &'static str {
        "aggregate changes"
    }

    fn process(&mut self, record: Record<Self::In>, out: &mut impl Collect<Self::Out>) {
        let Record { value: change, event_time, stamps } = record;
        let (gone, new) = match &change {
            Change::Insert(new) => (None, Some(new)),
            Change::Update { before, after } => (Some(before), Some(after)),
            Change::Delete(gone) => (Some(gone), None),
        };
        let Some(key) = gone.or(new).map(|row| (self.key_of)(row)) else { return };
        let Self { aggregator, table, .. } = self;
        let (rows, accumulator) = table.entry(&key, || (0, aggregator.fresh()));
        if gone.is_some() && *rows == 0 {
            let failure = Failure::at(event_time, "a row is taken back that was never there");
            return out.fail(failure.of_key(&key));
        }
        let before = (*rows > 0).then(|| aggregator.result(accumulator));
        if let Some(gone) = gone {
            aggregator.retract(accumulator, gone);
            *rows -= 1;
        }
        if let Some(new) = new {
            aggregator.add(accumulator, new);
            *rows += 1;
        }
        let after = (*rows > 0).then(|| aggregator.result(accumulator));
        let value = match (before, after) {
            (Some(before), Some(after)) if before == after => return,
            (Some(before), Some(after)) => {
                Change::Update { before: (key.clone(), before), after: (key, after) }
            }
            (None, Some(after)) => Change::Insert((key, after)),
            (Some(before), None) => {
                table.remove(&key);
                Change::Delete((key, before))
            }
            (None, None) => return,
        };
        out.push(Record { value, event_time, stamps });
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        self.table.write(since, into);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.table.read(from)
    }
}

/// Parts an update whose rows have different keys into a deletion and an insertion, so that each
/// goes to the owner of its key.
#[derive(Debug)]
pub struct PartByKey<T, F> {
    key_of: F,
    types: PhantomData<fn(T)>,
}

impl<T, F> PartByKey<T, F> {
    /// By the key that a function finds in a row.
    pub const fn new(key_of: F) -> Self {
        Self { key_of, types: PhantomData }
    }
}

impl<T, F: Clone> Clone for PartByKey<T, F> {
    fn clone(&self) -> Self {
        Self::new(self.key_of.clone())
    }
}

impl<K, T, F> Operator for PartByKey<T, F>
where
    K: Key,
    T: Clone + Send + 'static,
    F: Fn(&T) -> K + Clone + Send + 'static,
{
    type In = Change<T>;
    type Out = Change<T>;

    fn name(&self) -> &'static str {
        "part by key"
    }

    #[inline]
    fn process(&mut self, record: Record<Change<T>>, out: &mut impl Collect<Change<T>>) {
        match &record.value {
            Change::Update { before, after } if (self.key_of)(before) != (self.key_of)(after) => {
                out.push(record.with(Change::Delete(before.clone())));
                out.push(record.with(Change::Insert(after.clone())));
            }
            _ => out.push(record),
        }
    }
}
