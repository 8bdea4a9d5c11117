//! Event-time windows that overlap: the records of one pane are aggregated once for all windows
//! that hold it.

use std::ops::Range;

use crate::operator::lateness::Fate;
use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::state::KeyedTable;
use crate::operator::{Collect, FanOut, Operator, SidePort};
use crate::operators::windows::closing::{ClosingWindow, fire};
use crate::operators::windows::hops::Hops;
use crate::operators::windows::panes::{Panes, note, refuse};
use crate::operators::{Aggregator, WindowResult};
use crate::record::data::{Data, Key};
use crate::record::time::EventTime;
use crate::record::{Record, Stamps};

/// Aggregates per key and window of `size_nanos`, of which one begins every `slide_nanos`, aligned
/// to event time 0.
///
/// Closing, lateness, times and stamps are those of [`TumblingWindow`](crate::operators::TumblingWindow); a
/// record is late once the last window that holds it has closed, and one that comes between its
/// windows' ends counts in those that are still open. A window without records emits nothing.
///
/// Panes as long as the greatest common divisor of size and slide hold every record once. When a
/// window closes its panes are merged, key by key; the panes that no later window holds are used
/// up in that. What closing takes beside the panes is at most the window's own results twice over.
/// [`SlidingWindow::unshared`] keeps a table per window instead, into each of which a record goes,
/// as in Flink's `DataStream` and Spark's `window`: the same results at `size / slide` times the
/// work per record.
///
/// ```
/// use dataflow::EventTime;
/// use dataflow::operators::{Count, SlidingWindow, WindowResult};
/// use dataflow::verify::{at, verify_keyed, watermark};
/// let window = SlidingWindow::new(|x: &u64| *x, Count::default(), 10, 5);
/// let closed = |key: u64, end: i64, result: u64| WindowResult { key, window_end: EventTime(end), result };
/// verify_keyed(
///     window,
///     |x: &u64| *x,
///     vec![at(1, 7), at(6, 7), watermark(4), at(3, 7), watermark(14), at(4, 7)],
///     vec![closed(7, 5, 1), closed(7, 10, 3), closed(7, 15, 1)],
/// );
/// ```
#[derive(Clone, Debug)]
pub struct SlidingWindow<K, F, A: Aggregator> {
    key_of: F,
    aggregator: A,
    hops: Hops,
    late: Option<SidePort<A::In>>,
    keeping: Keeping<K, (A::Accumulator, Stamps)>,
    panes: Panes<K, (A::Accumulator, Stamps)>,
    closing: ClosingWindow<(K, (A::Accumulator, Stamps))>,
    watermark: EventTime,
}

/// What `panes` are.
#[derive(Clone, Debug)]
enum Keeping<K, S> {
    /// Stretches that make up windows.
    Panes {
        /// Where the panes of the window that closes come together.
        merged: KeyedTable<K, S>,
    },
    /// The windows themselves.
    Windows {
        /// The stretch that the last record fell into: its windows are those of all in it.
        stretch: Range<i64>,
        /// Number of the first open window that holds the stretch.
        first: usize,
        /// How many there are.
        count: usize,
    },
}

impl<K: Key, F, A: Aggregator> SlidingWindow<K, F, A> {
    /// By the key that `key_of` finds, in windows of `size_nanos` of event time, a new one every
    /// `slide_nanos`.
    ///
    /// # Panics
    /// When the slide is not positive, and when it is longer than the size.
    pub fn new(key_of: F, aggregator: A, size_nanos: i64, slide_nanos: i64) -> Self {
        let hops = Hops::new(size_nanos, slide_nanos);
        Self {
            key_of,
            aggregator,
            hops,
            late: None,
            keeping: Keeping::Panes { merged: KeyedTable::default() },
            panes: Panes::new(hops.pane()),
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

    /// Adds every record to each of its windows.
    #[must_use]
    pub fn unshared(mut self) -> Self {
        self.keeping = Keeping::Windows { stretch: 0..0, first: 0, count: 0 };
        self
    }

    /// Notes a record behind the watermark of which some windows had closed.
    #[cold]
    fn note_refusal(
        &self,
        record: &Record<A::In>,
        out: &mut impl Collect<WindowResult<K, A::Result>>,
    ) where
        A: Aggregator<In: Data>,
    {
        let time = record.event_time.0;
        let first_open = self.hops.first_end(time.max(self.watermark.0.saturating_add(1)));
        if self.hops.first_end(time) < first_open {
            let fate = Fate::RefusedUpTo(EventTime(self.hops.end_before(first_open)));
            note(record, (0, self.watermark), fate, out);
        }
    }

    /// Opens the windows that hold an instant and have not closed; there is at least one. Returns
    /// the number of the first, and how many there are.
    #[cold]
    fn open_windows(&mut self, time: i64) -> (usize, usize) {
        // Windows close when the watermark reaches the instant before their end.
        let mut end = self.hops.first_end(time.max(self.watermark.0.saturating_add(1)));
        let last = self.hops.last_end(time);
        self.panes.open(end);
        let (first, mut count) = (self.panes.position(), 1);
        while end < last {
            end = self.hops.next_end(end);
            self.panes.open(end);
            count += 1;
        }
        let upto = self.panes.end_of(time);
        let stretch = self.panes.start_of(upto)..upto;
        self.keeping = Keeping::Windows { stretch, first, count };
        (first, count)
    }
}

/// Moves what the window that closes next holds into `firing`, if its last instant is `upto` or
/// before, and says where it ends. `closed` is the end of the window that closed last.
fn release_due<K: Key, A: Aggregator>(
    keeping: &mut Keeping<K, (A::Accumulator, Stamps)>,
    panes: &mut Panes<K, (A::Accumulator, Stamps)>,
    (hops, aggregator): (&Hops, &A),
    (closed, upto): (i64, i64),
    firing: &mut Vec<(K, (A::Accumulator, Stamps))>,
) -> Option<i64> {
    let Keeping::Panes { merged } = keeping else { return panes.release_due(upto, firing) };
    let end = hops.first_end(panes.first()?.start.max(closed));
    if end - 1 > upto {
        return None;
    }
    let start = hops.start_of(end);
    // Panes in no later window are used up.
    while panes.first().is_some_and(|pane| hops.last_end(pane.start) <= end) {
        let Some(mut pane) = panes.take_first() else { break };
        if pane.start >= start {
            for (key, state) in pane.table.drain() {
                merge(merged, aggregator, &key, &state);
            }
        }
        panes.give_back(pane.table);
    }
    for pane in panes.iter().take_while(|pane| pane.end <= end) {
        for (key, state) in pane.table.iter() {
            merge(merged, aggregator, key, state);
        }
    }
    firing.extend(merged.drain());
    Some(end)
}

fn merge<K: Key, A: Aggregator>(
    into: &mut KeyedTable<K, (A::Accumulator, Stamps)>,
    aggregator: &A,
    key: &K,
    state: &(A::Accumulator, Stamps),
) {
    let mut is_new = false;
    let (accumulator, stamps) = into.entry(key, || {
        is_new = true;
        state.clone()
    });
    if !is_new {
        aggregator.merge(accumulator, &state.0);
        *stamps = stamps.newest(state.1);
    }
}

impl<K, F, A> Operator for SlidingWindow<K, F, A>
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
        "sliding window"
    }

    #[inline]
    fn process(&mut self, record: Record<A::In>, out: &mut impl Collect<Self::Out>) {
        let time = record.event_time.0;
        let (first, count) = match &self.keeping {
            Keeping::Panes { .. } => {
                if self.panes.current(time).is_none() {
                    if self.hops.last_end(time) - 1 <= self.watermark.0 {
                        return refuse(self.late, record, (0, self.watermark), out);
                    }
                    self.panes.open(self.panes.end_of(time));
                }
                (self.panes.position(), 1)
            }
            Keeping::Windows { stretch, first, count } if stretch.contains(&time) => {
                (*first, *count)
            }
            Keeping::Windows { .. } => {
                if self.hops.last_end(time) - 1 <= self.watermark.0 {
                    return refuse(self.late, record, (0, self.watermark), out);
                }
                self.open_windows(time)
            }
        };
        if time <= self.watermark.0 {
            self.note_refusal(&record, out);
        }
        let key = (self.key_of)(&record.value);
        let aggregator = &self.aggregator;
        for table in self.panes.tables(first, count) {
            let fresh = || (aggregator.fresh(), Stamps::default());
            let (accumulator, stamps) = table.entry(&key, fresh);
            aggregator.add(accumulator, &record.value);
            *stamps = stamps.newest(record.stamps);
        }
    }

    fn advance(&mut self, progress: Progress, out: &mut impl Collect<Self::Out>) -> Step {
        self.watermark = progress.watermark;
        if let Keeping::Windows { stretch, .. } = &mut self.keeping {
            *stretch = 0..0;
        }
        let Self { aggregator, hops, keeping, panes, closing, .. } = self;
        let upto = progress.watermark.0;
        let emit = |end, (key, (accumulator, stamps)), out: &mut _| {
            let result = aggregator.result(&accumulator);
            let value = WindowResult { key, window_end: EventTime(end), result };
            fire(progress, Record { value, event_time: EventTime(end - 1), stamps }, out);
        };
        let step = closing.close(progress, out, emit, |closed, firing| {
            release_due(keeping, panes, (hops, aggregator), (closed, upto), firing)
        });
        if step == Step::Done {
            closing.closed_upto(upto.saturating_add(1));
        }
        step
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
