//! Two streams joined where their times are close.

use smallvec::SmallVec;

use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::{Collect, TwoInputOperator};
use crate::operators::windows::panes::{Panes, refuse};
use crate::record::Record;
use crate::record::data::{Data, Key};
use crate::record::time::EventTime;

/// Joins a record of the left with those of the right that have its key and happened between
/// `lower` and `upper` nanoseconds after it, both inclusive and either of them negative if need
/// be: Flink's interval join. A result happens when the later of both did, and has their newest
/// stamps.
///
/// Both sides are kept by key in stretches of event time, and a whole stretch is dropped once the
/// watermark says that nothing can come to be joined with it: no timer per record, and no scan of
/// keys. A record behind the watermark is late: it is counted and joined with nothing.
///
/// ```
/// use dataflow::operators::IntervalJoin;
/// use dataflow::verify::{Sided::{Left, Right}, at, verify_two_inputs};
/// let key = |row: &(u64, char)| row.0;
/// let pair = |left: &(u64, char), right: &(u64, char)| Some((left.1, right.1));
/// verify_two_inputs(
///     IntervalJoin::new(key, key, (-2, 5), pair),
///     key,
///     key,
///     vec![at(10, Left((7, 'a'))), at(8, Right((7, 'x'))), at(16, Right((7, 'y')))],
///     vec![('a', 'x')],
/// );
/// ```
#[derive(Clone, Debug)]
pub struct IntervalJoin<K, L, R, KL, KR, F> {
    left_key: KL,
    right_key: KR,
    function: F,
    lower: i64,
    upper: i64,
    left: Panes<K, Rows<L>>,
    right: Panes<K, Rows<R>>,
    watermark: EventTime,
}

/// The rows of a key in a stretch; one needs no memory of its own.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent, bound = "T: Data")]
struct Rows<T>(SmallVec<[Record<T>; 1]>);

impl<T: Data> Data for Rows<T> {}

impl<K: Key, L: Data, R: Data, KL, KR, F> IntervalJoin<K, L, R, KL, KR, F> {
    /// By the keys that two functions find; `function` makes a result out of two rows, or finds
    /// that they do not belong together.
    ///
    /// # Panics
    /// When `lower` lies above `upper`.
    pub fn new(left_key: KL, right_key: KR, (lower, upper): (i64, i64), function: F) -> Self {
        assert!(lower <= upper, "an interval has a beginning before its end");
        // A record looks into three stretches at most, and half of the interval is kept too long.
        let length = upper.saturating_sub(lower) / 2 + 1;
        Self {
            left_key,
            right_key,
            function,
            lower,
            upper,
            left: Panes::new(length),
            right: Panes::new(length),
            watermark: EventTime::MIN,
        }
    }
}

/// Whether a stretch that ends here can be dropped: nothing that is still to come, none of it
/// behind the watermark, is within `reach` of any of its instants.
const fn is_over(end: i64, reach: i64, watermark: EventTime) -> bool {
    (end - 1).saturating_add(reach) < watermark.0
}

/// Keeps a row with those of its key and stretch.
#[inline]
fn keep<K: Key, T: Data>(panes: &mut Panes<K, Rows<T>>, key: &K, record: Record<T>) {
    let end = panes.end_of(record.event_time.0);
    let pane = match panes.current(record.event_time.0) {
        Some(pane) => pane,
        None => panes.open(end),
    };
    pane.table.entry(key, || Rows(SmallVec::new())).0.push(record);
}

/// The rows of a key between two instants, both inclusive.
fn between<'a, K: Key, T: Data>(
    panes: &'a Panes<K, Rows<T>>,
    key: &'a K,
    (from, upto): (i64, i64),
) -> impl Iterator<Item = &'a Record<T>> {
    // The end itself belongs to the stretch that the end of time cuts short.
    let overlapping = panes.iter().filter(move |pane| pane.start <= upto && from <= pane.end);
    let rows = overlapping.filter_map(move |pane| pane.table.get(key));
    let within = move |row: &&Record<T>| (from..=upto).contains(&row.event_time.0);
    rows.flat_map(|rows| &rows.0).filter(within)
}

impl<K, L, R, O, KL, KR, F> TwoInputOperator for IntervalJoin<K, L, R, KL, KR, F>
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
        "interval join"
    }

    fn process_left(&mut self, record: Record<L>, out: &mut impl Collect<O>) {
        if record.event_time < self.watermark {
            return refuse(None, record, (0, self.watermark), out);
        }
        let time = record.event_time.0;
        let key = (self.left_key)(&record.value);
        let interval = (time.saturating_add(self.lower), time.saturating_add(self.upper));
        for other in between(&self.right, &key, interval) {
            if let Some(value) = (self.function)(&record.value, &other.value) {
                out.push(record.joined(other, value));
            }
        }
        keep(&mut self.left, &key, record);
    }

    fn process_right(&mut self, record: Record<R>, out: &mut impl Collect<O>) {
        if record.event_time < self.watermark {
            return refuse(None, record, (1, self.watermark), out);
        }
        let time = record.event_time.0;
        let key = (self.right_key)(&record.value);
        let interval = (time.saturating_sub(self.upper), time.saturating_sub(self.lower));
        for other in between(&self.left, &key, interval) {
            if let Some(value) = (self.function)(&other.value, &record.value) {
                out.push(record.joined(other, value));
            }
        }
        keep(&mut self.right, &key, record);
    }

    fn advance(&mut self, progress: Progress, _: &mut impl Collect<O>) -> Step {
        self.watermark = progress.watermark;
        let (upper, lower) = (self.upper, self.lower.saturating_neg());
        while self.left.first().is_some_and(|pane| is_over(pane.end, upper, self.watermark)) {
            self.left.drop_first();
        }
        while self.right.first().is_some_and(|pane| is_over(pane.end, lower, self.watermark)) {
            self.right.drop_first();
        }
        Step::Done
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        into.put(&self.watermark);
        self.left.write(since, into);
        self.right.write(since, into);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.watermark = self.watermark.max(from.take()?);
        self.left.read(from)?;
        self.right.read(from)
    }
}
