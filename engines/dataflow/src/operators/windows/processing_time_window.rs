//! Windows of processing time: a record counts when it is processed, whenever it happened.

use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::{Collect, FanOut, Operator};
use crate::operators::windows::closing::{ClosingWindow, fire};
use crate::operators::windows::panes::Panes;
use crate::operators::{Aggregator, WindowResult};
use crate::record::data::Key;
use crate::record::time::{EventTime, ProcessingTime};
use crate::record::{Record, Stamps};

/// Aggregates per key and window of `size_nanos` of processing time, aligned to the clock's 0.
///
/// A record counts in the window `[start, end)` that holds the processing time of its step. A
/// window closes when the clock reaches its `end`, and at the end of the input. Its results carry
/// the newest event time and the newest stamps of what is in them, so their event time may lie
/// behind the watermark. No record is late. After a restore windows keep their ends.
///
/// ```
/// use dataflow::ProcessingTime;
/// use dataflow::operators::{Count, ProcessingTimeWindow, WindowResult};
/// use dataflow::verify::{at, clock, verify_keyed, watermark};
/// let window = ProcessingTimeWindow::new(|x: &u64| *x, Count::default(), 10);
/// let closed = |key: u64, end: u64, result: u64| {
///     WindowResult { key, window_end: ProcessingTime(end), result }
/// };
/// verify_keyed(
///     window,
///     |x: &u64| *x,
///     vec![clock(3), at(70, 7), clock(9), at(0, 7), clock(10), at(50, 7), watermark(i64::MAX)],
///     vec![closed(7, 10, 2), closed(7, 20, 1)],
/// );
/// ```
#[derive(Clone, Debug)]
pub struct ProcessingTimeWindow<K, F, A: Aggregator> {
    key_of: F,
    aggregator: A,
    /// Mostly one; several after a restore.
    panes: Panes<K, InWindow<A::Accumulator>>,
    closing: ClosingWindow<(K, InWindow<A::Accumulator>)>,
    /// Processing time of the step.
    now: i64,
}

/// What a key has in a window, with the newest event time, in nanoseconds, and the newest stamps.
type InWindow<A> = (A, i64, Stamps);

/// Nanoseconds on the axis of panes, held at its largest time, of 292 years.
fn nanos(time: ProcessingTime) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

impl<K: Key, F, A: Aggregator> ProcessingTimeWindow<K, F, A> {
    /// By the key that `key_of` finds, in windows of `size_nanos` of processing time.
    ///
    /// # Panics
    /// When the size is not positive.
    pub fn new(key_of: F, aggregator: A, size_nanos: i64) -> Self {
        assert!(size_nanos > 0, "a window is longer than nothing");
        Self {
            key_of,
            aggregator,
            panes: Panes::new(size_nanos),
            closing: ClosingWindow::new(),
            now: 0,
        }
    }
}

impl<K, F, A> Operator for ProcessingTimeWindow<K, F, A>
where
    K: Key,
    F: Fn(&A::In) -> K + Clone + Send + 'static,
    A: Aggregator,
{
    type In = A::In;
    type Out = WindowResult<K, A::Result, ProcessingTime>;
    // Nothing comes out before the clock moves.
    const FAN_OUT: FanOut = FanOut::AtMostOne;

    fn name(&self) -> &'static str {
        "processing-time window"
    }

    #[inline]
    fn process(&mut self, record: Record<A::In>, _: &mut impl Collect<Self::Out>) {
        let pane = match self.panes.current(self.now) {
            Some(pane) => pane,
            None => self.panes.open(self.panes.end_of(self.now)),
        };
        let key = (self.key_of)(&record.value);
        let aggregator = &self.aggregator;
        let fresh = || (aggregator.fresh(), i64::MIN, Stamps::default());
        let (accumulator, event_time, stamps) = pane.table.entry(&key, fresh);
        aggregator.add(accumulator, &record.value);
        *event_time = record.event_time.0.max(*event_time);
        *stamps = stamps.newest(record.stamps);
    }

    fn advance(&mut self, progress: Progress, out: &mut impl Collect<Self::Out>) -> Step {
        self.now = nanos(progress.processing_time);
        let at_end_of_input = progress.watermark == EventTime::MAX;
        let upto = if at_end_of_input { i64::MAX } else { self.now - 1 };
        let Self { aggregator, panes, closing, .. } = self;
        let emit = |end: i64, (key, (accumulator, event_time, stamps)), out: &mut _| {
            let window_end = ProcessingTime(end.unsigned_abs());
            let value = WindowResult { key, window_end, result: aggregator.result(&accumulator) };
            fire(progress, Record { value, event_time: EventTime(event_time), stamps }, out);
        };
        closing.close(progress, out, emit, |_, firing| panes.release_due(upto, firing))
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        debug_assert!(self.closing.is_done(), "a stage finishes firing before it is snapshot");
        into.put(&self.now);
        self.panes.write(since, into);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.now = self.now.max(from.take()?);
        self.panes.read(from)
    }

    fn wake_at(&self) -> Option<ProcessingTime> {
        self.panes.first().map(|pane| ProcessingTime(pane.end.unsigned_abs()))
    }
}
