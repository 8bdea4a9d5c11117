//! Two streams brought together by key and window.

use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::{Collect, TwoInputOperator};
use crate::operators::windows::closing::{ClosingWindow, fire};
use crate::operators::windows::panes::{Panes, refuse};
use crate::record::data::{Data, Key};
use crate::record::time::EventTime;
use crate::record::{Record, Stamps};

/// What becomes of the rows that both sides have under one key in one window, as Flink's
/// `CoGroupFunction` with the rows folded as they come.
pub trait CoGroup: Clone + Send + 'static {
    /// By what rows are brought together.
    type Key: Key;
    /// Rows of the left.
    type Left: Data;
    /// Rows of the right.
    type Right: Data;
    /// What is kept of both.
    type Accumulator: Data;
    /// A row of the result.
    type Out: Clone + Send + 'static;

    /// The key of a row of the left.
    fn left_key(&self, row: &Self::Left) -> Self::Key;
    /// The key of a row of the right.
    fn right_key(&self, row: &Self::Right) -> Self::Key;
    /// What is kept of no row.
    fn fresh(&self) -> Self::Accumulator;
    /// Takes a row of the left.
    fn add_left(&self, accumulator: &mut Self::Accumulator, row: Self::Left);
    /// Takes a row of the right.
    fn add_right(&self, accumulator: &mut Self::Accumulator, row: Self::Right);
    /// The results of a key, once its window has closed.
    fn results(
        &self,
        key: &Self::Key,
        window_end: EventTime,
        accumulator: Self::Accumulator,
    ) -> impl IntoIterator<Item = Self::Out>;
}

/// Tumbling windows of event time over two streams.
///
/// Late records are counted and dropped. Results happen at the last instant of their window.
///
/// ```
/// use dataflow::operators::{CoGroupWindow, WindowJoin};
/// use dataflow::verify::{Sided::{Left, Right}, at, verify_two_inputs, watermark};
/// let key = |row: &(u64, char)| row.0;
/// let pair = |left: &(u64, char), right: &(u64, char)| (left.1, right.1);
/// verify_two_inputs(
///     CoGroupWindow::new(WindowJoin::new(key, key, pair), 10),
///     key,
///     key,
///     vec![at(1, Left((7, 'a'))), at(9, Right((7, 'x'))), at(10, Right((7, 'y'))), watermark(9)],
///     vec![('a', 'x')],
/// );
/// ```
#[derive(Clone, Debug)]
pub struct CoGroupWindow<C: CoGroup> {
    function: C,
    panes: Panes<C::Key, (C::Accumulator, Stamps)>,
    closing: ClosingWindow<Entry<C>>,
    watermark: EventTime,
}

type Entry<C> = (<C as CoGroup>::Key, (<C as CoGroup>::Accumulator, Stamps));

impl<C: CoGroup> CoGroupWindow<C> {
    /// In windows of `size_nanos` of event time.
    ///
    /// # Panics
    /// When the size is not positive.
    pub fn new(function: C, size_nanos: i64) -> Self {
        assert!(size_nanos > 0, "a window is longer than nothing");
        Self {
            function,
            panes: Panes::new(size_nanos),
            closing: ClosingWindow::new(),
            watermark: EventTime::MIN,
        }
    }

    fn add<T: Data>(
        &mut self,
        record: Record<T>,
        (input, key): (u8, C::Key),
        out: &mut impl Collect<C::Out>,
        add: impl FnOnce(&C, &mut C::Accumulator, T),
    ) {
        let pane = match self.panes.current(record.event_time.0) {
            Some(pane) => pane,
            None => {
                let end = self.panes.end_of(record.event_time.0);
                if end - 1 <= self.watermark.0 {
                    return refuse(None, record, (input, self.watermark), out);
                }
                self.panes.open(end)
            }
        };
        let function = &self.function;
        let fresh = || (function.fresh(), Stamps::default());
        let (accumulator, stamps) = pane.table.entry(&key, fresh);
        add(function, accumulator, record.value);
        *stamps = stamps.newest(record.stamps);
    }
}

impl<C: CoGroup> TwoInputOperator for CoGroupWindow<C> {
    type Left = C::Left;
    type Right = C::Right;
    type Out = C::Out;

    fn name(&self) -> &'static str {
        "co-group window"
    }

    fn process_left(&mut self, record: Record<C::Left>, out: &mut impl Collect<C::Out>) {
        let key = self.function.left_key(&record.value);
        self.add(record, (0, key), out, C::add_left);
    }

    fn process_right(&mut self, record: Record<C::Right>, out: &mut impl Collect<C::Out>) {
        let key = self.function.right_key(&record.value);
        self.add(record, (1, key), out, C::add_right);
    }

    fn advance(&mut self, progress: Progress, out: &mut impl Collect<C::Out>) -> Step {
        self.watermark = progress.watermark;
        let Self { function, panes, closing, .. } = self;
        let emit = |end, (key, (accumulator, stamps)): Entry<C>, out: &mut _| {
            for value in function.results(&key, EventTime(end), accumulator) {
                fire(progress, Record { value, event_time: EventTime(end - 1), stamps }, out);
            }
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
