//! Partial aggregates: one per key for all that arrives in a unit of work, and how they are brought
//! together again.

use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{SnapshotWriter, Version};
use crate::operator::state::KeyedTable;
use crate::operator::{Collect, FanOut, Operator};
use crate::operators::keyed::aggregate::Aggregator;
use crate::operators::windows::closing::fire;
use crate::record::data::{Data, Key};
use crate::record::time::EventTime;
use crate::record::{Record, Stamps};

/// Aggregates by key what arrives within a unit of work, and emits an accumulator per key when the
/// unit ends. [`Merging`] brings the accumulators together.
///
/// Ahead of an exchange it is a combiner: at most one record per key, subtask and unit crosses.
/// Behind an exchange it lets a running aggregate change once per key and unit. A unit is what the
/// engine says it is ([`Operator::end_unit`]). In Spark these are the partial and the merging
/// aggregation around a shuffle, of which `outputMode("update")` emits one row per key and
/// micro-batch; in Flink SQL the local and the global aggregation of
/// `table.optimizer.agg-phase-strategy=TWO_PHASE` with `table.exec.mini-batch.enabled`.
///
/// What it emits carries the newest event time and the newest stamps of what went into it. The
/// watermark waits until the unit has ended. There is nothing to save: a unit ends before that.
///
/// ```
/// use dataflow::operators::{Combine, Count};
/// use dataflow::verify::{end_of_unit, records, verify_keyed};
/// let combine = Combine::new(|word: &String| word.clone(), Count::default());
/// let mut input = records(["to", "be", "to"].map(str::to_owned));
/// input.push(end_of_unit());
/// input.extend(records(["to".to_owned()]));
/// verify_keyed(
///     combine,
///     |word: &String| word.clone(),
///     input,
///     vec![("to".to_owned(), 2), ("be".to_owned(), 1), ("to".to_owned(), 1)],
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Combine<K, F, A: Aggregator> {
    key_of: F,
    aggregator: A,
    held: KeyedTable<K, Partial<A::Accumulator>>,
    /// What of a unit that has ended is still to be emitted, from its end on.
    leaving: Vec<(K, Partial<A::Accumulator>)>,
    /// The watermark that was in force when the first record of the unit came.
    passed: EventTime,
}

/// The aggregate of one key in one unit.
#[derive(Clone, Debug)]
struct Partial<S> {
    accumulator: S,
    event_time: EventTime,
    stamps: Stamps,
}

impl<K: Key, F, A: Aggregator> Combine<K, F, A> {
    /// By the key that `key_of` finds.
    pub fn new(key_of: F, aggregator: A) -> Self {
        let (held, leaving) = (KeyedTable::default(), Vec::new());
        Self { key_of, aggregator, held, leaving, passed: EventTime::MIN }
    }

    fn is_empty(&self) -> bool {
        self.held.is_empty() && self.leaving.is_empty()
    }
}

impl<K, F, A> Operator for Combine<K, F, A>
where
    K: Key,
    F: Fn(&A::In) -> K + Clone + Send + 'static,
    A: Aggregator,
{
    type In = A::In;
    type Out = (K, A::Accumulator);
    const FAN_OUT: FanOut = FanOut::AtMostOne;
    const HOLDS_BACK: bool = true;

    fn name(&self) -> &'static str {
        "combine"
    }

    #[inline]
    fn process(&mut self, record: Record<A::In>, _: &mut impl Collect<Self::Out>) {
        let key = (self.key_of)(&record.value);
        let aggregator = &self.aggregator;
        let partial = self.held.entry(&key, || Partial {
            accumulator: aggregator.fresh(),
            event_time: EventTime::MIN,
            stamps: Stamps::default(),
        });
        aggregator.add(&mut partial.accumulator, &record.value);
        partial.event_time = partial.event_time.max(record.event_time);
        partial.stamps = partial.stamps.newest(record.stamps);
    }

    fn advance(&mut self, progress: Progress, _: &mut impl Collect<Self::Out>) -> Step {
        if self.is_empty() {
            self.passed = progress.watermark;
        }
        Step::Done
    }

    fn end_unit(&mut self, progress: Progress, out: &mut impl Collect<Self::Out>) -> Step {
        if self.leaving.is_empty() {
            self.leaving.extend(self.held.drain());
        }
        while let Some((key, partial)) = self.leaving.pop_if(|_| !out.is_full()) {
            let Partial { accumulator, event_time, stamps } = partial;
            fire(progress, Record { value: (key, accumulator), event_time, stamps }, out);
        }
        if !self.leaving.is_empty() {
            return Step::More;
        }
        self.passed = progress.watermark;
        Step::Done
    }

    fn passes_on(&self, progress: Progress) -> Progress {
        let watermark = if self.is_empty() { progress.watermark } else { self.passed };
        Progress { watermark, ..progress }
    }

    fn snapshot(&mut self, _: Option<Version>, _: &mut SnapshotWriter) {
        assert!(self.is_empty(), "a unit of work ends before its stage is saved");
    }
}

/// Brings the accumulators of an aggregator together that [`Combine`] emits by key: the aggregate of
/// all that went into them.
///
/// ```
/// use dataflow::Change::{Insert, Update};
/// use dataflow::operators::{Count, Merging, RunningAggregate};
/// use dataflow::verify::{records, verify_operator};
/// let count = Merging::new(Count::<String>::default());
/// verify_operator(
///     RunningAggregate::new(|(key, _): &(u64, u64)| *key, count),
///     records([(7, 2), (7, 3)]),
///     vec![Insert((7, 2)), Update { before: (7, 2), after: (7, 5) }],
/// );
/// ```
#[derive(Debug)]
pub struct Merging<K, A> {
    aggregator: A,
    key: std::marker::PhantomData<fn(K)>,
}

impl<K, A> Merging<K, A> {
    /// The accumulators of this aggregator.
    pub const fn new(aggregator: A) -> Self {
        Self { aggregator, key: std::marker::PhantomData }
    }
}

impl<K, A: Clone> Clone for Merging<K, A> {
    fn clone(&self) -> Self {
        Self::new(self.aggregator.clone())
    }
}

impl<K: Data, A: Aggregator> Aggregator for Merging<K, A> {
    type In = (K, A::Accumulator);
    type Accumulator = A::Accumulator;
    type Result = A::Result;

    fn fresh(&self) -> A::Accumulator {
        self.aggregator.fresh()
    }
    #[inline(always)]
    fn add(&self, accumulator: &mut A::Accumulator, (_, partial): &(K, A::Accumulator)) {
        self.aggregator.merge(accumulator, partial);
    }
    fn merge(&self, into: &mut A::Accumulator, from: &A::Accumulator) {
        self.aggregator.merge(into, from);
    }
    #[inline(always)]
    fn result(&self, accumulator: &A::Accumulator) -> A::Result {
        self.aggregator.result(accumulator)
    }
}
