//! One row of a key: the first or the last.

use std::marker::PhantomData;

use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::state::KeyedTable;
use crate::operator::{Collect, FanOut, Operator};
use crate::record::Record;
use crate::record::change::Change;
use crate::record::data::{Data, Key};
use crate::record::time::EventTime;

/// Which row is kept.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The earliest; of equal times the smallest.
    First,
    /// The latest; of equal times the largest.
    Last,
}

/// Keeps one row per key by event time, whatever the order in which rows come: Flink's
/// deduplication by a row time.
///
/// ```
/// use dataflow::Change::{Insert, Update};
/// use dataflow::operators::{Deduplicate, Keep};
/// use dataflow::verify::{at, verify_keyed};
/// let key_of = |row: &(u64, u64)| row.0;
/// verify_keyed(
///     Deduplicate::new(key_of, Keep::Last),
///     key_of,
///     vec![at(5, (7, 1)), at(4, (7, 2)), at(6, (7, 3))],
///     vec![Insert((7, 1)), Update { before: (7, 1), after: (7, 3) }],
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Deduplicate<K, T, F> {
    key_of: F,
    keep: Keep,
    table: KeyedTable<K, (EventTime, T)>,
    types: PhantomData<fn(T)>,
}

impl<K: Key, T: Data, F> Deduplicate<K, T, F> {
    /// By the key that `key_of` finds.
    pub fn new(key_of: F, keep: Keep) -> Self {
        Self { key_of, keep, table: KeyedTable::default(), types: PhantomData }
    }
}

impl<K, T, F> Operator for Deduplicate<K, T, F>
where
    K: Key,
    T: Data + Ord,
    F: Fn(&T) -> K + Clone + Send + 'static,
{
    type In = T;
    type Out = Change<T>;
    const FAN_OUT: FanOut = FanOut::AtMostOne;

    fn name(&self) -> &'static str {
        "deduplicate"
    }

    fn process(&mut self, record: Record<T>, out: &mut impl Collect<Change<T>>) {
        let key = (self.key_of)(&record.value);
        let Record { value, event_time, stamps } = record;
        let Some((time, kept)) = self.table.get(&key) else {
            self.table.entry(&key, || (event_time, value.clone()));
            return out.push(Record { value: Change::Insert(value), event_time, stamps });
        };
        let order = event_time.cmp(time).then_with(|| value.cmp(kept));
        let replaces = match self.keep {
            Keep::First => order.is_lt(),
            Keep::Last => order.is_gt(),
        };
        if replaces {
            let place = self.table.entry(&key, || (event_time, value.clone()));
            let (_, before) = std::mem::replace(place, (event_time, value.clone()));
            let value = Change::Update { before, after: value };
            out.push(Record { value, event_time, stamps });
        }
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        self.table.write(since, into);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.table.read(from)
    }
}
