//! Tumbling windows that are kept for a while after they have fired, and fire again for every
//! record that comes meanwhile.

use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::{Collect, FanOut, Operator, SidePort};
use crate::operators::windows::closing::{ClosingWindow, fire};
use crate::operators::windows::panes::{Panes, refuse};
use crate::operators::{Aggregator, WindowResult};
use crate::record::change::Change;
use crate::record::data::{Data, Key};
use crate::record::time::EventTime;
use crate::record::{Record, Stamps};

/// Aggregates per key and window of `size_nanos` as [`TumblingWindow`](crate::operators::TumblingWindow)
/// does, with an allowed lateness of `lateness_nanos`.
///
/// A window `[start, end)` fires when the watermark reaches `end - 1`: a row per key is put in.
/// It is kept until the watermark reaches `end - 1 + lateness`; until then every record of it
/// replaces its key's row at once, or puts it in if the key is new, as Flink's event-time trigger
/// does. A record that comes later is late: it goes to the late port, if there is one, and is
/// counted. All results of a window carry the event time `end - 1`, also those that come when the
/// watermark is past it.
///
/// ```
/// use dataflow::Change::{Insert, Update};
/// use dataflow::EventTime;
/// use dataflow::operators::{Count, LateFiringWindow, WindowResult};
/// use dataflow::verify::{at, verify_keyed, watermark};
/// let window = LateFiringWindow::new(|x: &u64| *x, Count::default(), 10, 5);
/// let row = |key: u64, result: u64| WindowResult { key, window_end: EventTime(10), result };
/// verify_keyed(
///     window,
///     |x: &u64| *x,
///     vec![at(1, 7), watermark(13), at(2, 7), at(3, 8), watermark(14), at(4, 7)],
///     vec![Insert(row(7, 1)), Update { before: row(7, 1), after: row(7, 2) }, Insert(row(8, 1))],
/// );
/// ```
#[derive(Clone, Debug)]
pub struct LateFiringWindow<K, F, A: Aggregator> {
    key_of: F,
    aggregator: A,
    lateness_nanos: i64,
    late: Option<SidePort<A::In>>,
    panes: Panes<K, (A::Accumulator, Stamps)>,
    closing: ClosingWindow<(K, A::Result, Stamps)>,
    watermark: EventTime,
}

impl<K: Key, F, A: Aggregator> LateFiringWindow<K, F, A> {
    /// By the key that `key_of` finds, in windows of `size_nanos` of event time that are kept for
    /// `lateness_nanos` more.
    ///
    /// # Panics
    /// When the size is not positive, and when the lateness is negative.
    pub fn new(key_of: F, aggregator: A, size_nanos: i64, lateness_nanos: i64) -> Self {
        assert!(size_nanos > 0, "a window is longer than nothing");
        assert!(lateness_nanos >= 0, "a window is not forgotten before it fires");
        Self {
            key_of,
            aggregator,
            lateness_nanos,
            late: None,
            panes: Panes::new(size_nanos),
            closing: ClosingWindow::new(),
            watermark: EventTime::MIN,
        }
    }

    /// Sends late records to a side output.
    #[must_use]
    pub fn with_late(mut self, port: SidePort<A::In>) -> Self {
        self.late = Some(port);
        self
    }

    /// Whether the window with this end is gone.
    const fn is_over(&self, end: i64) -> bool {
        (end - 1).saturating_add(self.lateness_nanos) <= self.watermark.0
    }
}

impl<K, F, A> Operator for LateFiringWindow<K, F, A>
where
    K: Key,
    F: Fn(&A::In) -> K + Clone + Send + 'static,
    A: Aggregator<In: Data>,
{
    type In = A::In;
    type Out = Change<WindowResult<K, A::Result>>;
    const FAN_OUT: FanOut = FanOut::AtMostOne;

    fn name(&self) -> &'static str {
        "window with allowed lateness"
    }

    #[inline]
    fn process(&mut self, record: Record<A::In>, out: &mut impl Collect<Self::Out>) {
        let pane = match self.panes.current(record.event_time.0) {
            Some(pane) => pane,
            None => {
                let end = self.panes.end_of(record.event_time.0);
                if self.is_over(end) {
                    return refuse(self.late, record, (0, self.watermark), out);
                }
                self.panes.open(end)
            }
        };
        let key = (self.key_of)(&record.value);
        let aggregator = &self.aggregator;
        let mut is_new = false;
        let (accumulator, stamps) = pane.table.entry(&key, || {
            is_new = true;
            (aggregator.fresh(), Stamps::default())
        });
        *stamps = stamps.newest(record.stamps);
        if pane.end > self.closing.end() {
            return aggregator.add(accumulator, &record.value);
        }
        let window_end = EventTime(pane.end);
        let before = (!is_new).then(|| aggregator.result(accumulator));
        aggregator.add(accumulator, &record.value);
        let after = WindowResult { key, window_end, result: aggregator.result(accumulator) };
        let value = match before {
            None => Change::Insert(after),
            Some(result) => {
                let before = WindowResult { key: after.key.clone(), window_end, result };
                Change::Update { before, after }
            }
        };
        out.push(Record { value, event_time: EventTime(pane.end - 1), stamps: *stamps });
    }

    fn advance(&mut self, progress: Progress, out: &mut impl Collect<Self::Out>) -> Step {
        self.watermark = progress.watermark;
        let Self { aggregator, panes, closing, .. } = self;
        let emit = |end, (key, result, stamps), out: &mut _| {
            let value = Change::Insert(WindowResult { key, window_end: EventTime(end), result });
            fire(progress, Record { value, event_time: EventTime(end - 1), stamps }, out);
        };
        // The panes stay: they fire again for records that are late.
        let step = closing.close(progress, out, emit, |closed, firing| {
            let pane = panes.first_behind(closed)?;
            if pane.end - 1 > progress.watermark.0 {
                return None;
            }
            firing.extend(pane.table.iter().map(|(key, (accumulator, stamps))| {
                (key.clone(), aggregator.result(accumulator), *stamps)
            }));
            Some(pane.end)
        });
        if step == Step::More {
            return Step::More;
        }
        closing.closed_upto(progress.watermark.0.saturating_add(1));
        while self.panes.first().is_some_and(|pane| self.is_over(pane.end)) {
            self.panes.drop_first();
        }
        Step::Done
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        debug_assert!(self.closing.is_done(), "a stage finishes firing before it is snapshot");
        into.put(&self.watermark);
        self.panes.write(since, into);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.watermark = self.watermark.max(from.take()?);
        self.closing.closed_upto(self.watermark.0.saturating_add(1));
        self.panes.read(from)
    }
}
