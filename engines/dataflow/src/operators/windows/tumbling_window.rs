//! Event-time windows that neither overlap nor leave gaps, kept window by window.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::{Collect, FanOut, Operator, SidePort};
use crate::operators::Aggregator;
use crate::operators::windows::closing::{ClosingWindow, fire};
use crate::operators::windows::panes::{Panes, refuse};
use crate::record::data::{Data, Key};
use crate::record::time::EventTime;
use crate::record::{Record, Stamps};

/// The aggregate of one key in one window, of event time unless `T` says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowResult<K, R, T = EventTime> {
    /// The key.
    pub key: K,
    /// End of the window, exclusive: it holds times from `window_end - size` on.
    pub window_end: T,
    /// The aggregate.
    pub result: R,
}

impl<K: Data, R: Data, T> Data for WindowResult<K, R, T>
where
    T: Clone + Send + Serialize + DeserializeOwned + 'static,
{
    fn size_bytes(&self) -> usize {
        self.key.size_bytes() + size_of::<T>() + self.result.size_bytes()
    }
}

/// Aggregates per key and window of `size_nanos`, aligned to event time 0.
///
/// A window `[start, end)` closes when the watermark reaches `end - 1`, as in Flink and Spark; its
/// results carry that event time and the newest stamps of what is in them. State is kept window
/// by window (window end, key, accumulator): a window closes by a walk over its own table, with
/// no timer per key and no scan of other keys. A record whose window has closed goes to the late
/// port, if there is one, and is counted.
///
/// ```
/// use dataflow::EventTime;
/// use dataflow::operators::{Count, TumblingWindow, WindowResult};
/// use dataflow::verify::{at, verify_keyed, watermark};
/// let window = TumblingWindow::new(|x: &u64| *x, Count::default(), 10);
/// let closed = |key: u64, end: i64, result: u64| WindowResult { key, window_end: EventTime(end), result };
/// verify_keyed(
///     window,
///     |x: &u64| *x,
///     vec![at(1, 7), at(9, 7), at(10, 7), watermark(9), at(3, 7), watermark(i64::MAX)],
///     vec![closed(7, 10, 2), closed(7, 20, 1)],
/// );
/// ```
#[derive(Clone, Debug)]
pub struct TumblingWindow<K, F, A: Aggregator> {
    key_of: F,
    aggregator: A,
    late: Option<SidePort<A::In>>,
    panes: Panes<K, (A::Accumulator, Stamps)>,
    closing: ClosingWindow<(K, (A::Accumulator, Stamps))>,
    watermark: EventTime,
}

impl<K: Key, F, A: Aggregator> TumblingWindow<K, F, A> {
    /// By the key that `key_of` finds, in windows of `size_nanos` of event time.
    ///
    /// # Panics
    /// When the size is not positive.
    pub fn new(key_of: F, aggregator: A, size_nanos: i64) -> Self {
        assert!(size_nanos > 0, "a window is longer than nothing");
        Self {
            key_of,
            aggregator,
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
}

impl<K, F, A> Operator for TumblingWindow<K, F, A>
where
    K: Key,
    F: Fn(&A::In) -> K + Clone + Send + 'static,
    A: Aggregator<In: Data>,
{
    type In = A::In;
    type Out = WindowResult<K, A::Result>;
    // A late record goes to the side at most once, and nothing comes out before a watermark.
    const FAN_OUT: FanOut = FanOut::AtMostOne;

    fn name(&self) -> &'static str {
        "window"
    }

    #[inline]
    fn process(&mut self, record: Record<A::In>, out: &mut impl Collect<Self::Out>) {
        let pane = match self.panes.current(record.event_time.0) {
            Some(pane) => pane,
            None => {
                let end = self.panes.end_of(record.event_time.0);
                if end - 1 <= self.watermark.0 {
                    return refuse(self.late, record, (0, self.watermark), out);
                }
                self.panes.open(end)
            }
        };
        let key = (self.key_of)(&record.value);
        let aggregator = &self.aggregator;
        let fresh = || (aggregator.fresh(), Stamps::default());
        let (accumulator, stamps) = pane.table.entry(&key, fresh);
        aggregator.add(accumulator, &record.value);
        *stamps = stamps.newest(record.stamps);
    }

    fn advance(&mut self, progress: Progress, out: &mut impl Collect<Self::Out>) -> Step {
        self.watermark = progress.watermark;
        let Self { aggregator, panes, closing, .. } = self;
        let emit = |end, (key, (accumulator, stamps)), out: &mut _| {
            let result = aggregator.result(&accumulator);
            let value = WindowResult { key, window_end: EventTime(end), result };
            fire(progress, Record { value, event_time: EventTime(end - 1), stamps }, out);
        };
        closing
            .close(progress, out, emit, |_, firing| panes.release_due(progress.watermark.0, firing))
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        debug_assert!(self.closing.is_done(), "a stage finishes firing before it is snapshot");
        into.put(&self.watermark);
        self.panes.write(since, into);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.watermark = self.watermark.max(from.take()?);
        self.panes.read(from)
    }
}
