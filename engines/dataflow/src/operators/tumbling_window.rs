//! Event-time windows that neither overlap nor leave gaps, kept window by window.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::data::{Data, Key};
use crate::operator::{Collect, Counted, Operator, SidePort};
use crate::operators::Aggregator;
use crate::progress::{Progress, Step};
use crate::record::{Record, Stamps};
use crate::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::state::KeyedTable;
use crate::time::EventTime;

/// The aggregate of one key in one window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowResult<K, R> {
    /// The key.
    pub key: K,
    /// End of the window, exclusive: it holds event times from `window_end - size` on.
    pub window_end: EventTime,
    /// The aggregate.
    pub result: R,
}

impl<K: Data, R: Data> Data for WindowResult<K, R> {
    fn size_bytes(&self) -> usize {
        self.key.size_bytes() + size_of::<EventTime>() + self.result.size_bytes()
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
    size_nanos: i64,
    late: Option<SidePort<A::In>>,
    /// Open windows by their end, rising.
    panes: VecDeque<Pane<K, A::Accumulator>>,
    /// Where the last record went: the next one mostly goes there too.
    current: usize,
    /// What is still to be emitted of the window that closes.
    firing: Vec<Fired<K, A::Accumulator>>,
    /// Tables of windows that have closed, emptied, for those to come.
    spare: Vec<Table<K, A::Accumulator>>,
    watermark: EventTime,
}

type Table<K, A> = KeyedTable<K, (A, Stamps)>;
type Fired<K, A> = (K, (A, Stamps));

#[derive(Clone, Debug)]
struct Pane<K, A> {
    start: EventTime,
    end: EventTime,
    table: Table<K, A>,
}

/// Emptied tables kept for reuse.
const SPARE_TABLES: usize = 2;

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
            size_nanos,
            late: None,
            panes: VecDeque::new(),
            current: 0,
            firing: Vec::new(),
            spare: Vec::new(),
            watermark: EventTime::MIN,
        }
    }

    /// Sends late records to a side output.
    #[must_use]
    pub fn with_late(mut self, port: SidePort<A::In>) -> Self {
        self.late = Some(port);
        self
    }

    fn holds(&self, pane: usize, time: EventTime) -> bool {
        self.panes.get(pane).is_some_and(|pane| pane.start <= time && time < pane.end)
    }

    /// The end of the window of an event time, held at the largest representable time.
    fn end_of(&self, time: EventTime) -> EventTime {
        let into = time.0.rem_euclid(self.size_nanos);
        EventTime(time.0.saturating_add(self.size_nanos - into))
    }

    /// Finds or opens the pane with this end.
    #[cold]
    fn open(&mut self, end: EventTime) {
        self.current = match self.panes.binary_search_by_key(&end, |pane| pane.end) {
            Ok(found) => found,
            Err(place) => {
                let keys = self.panes.iter().map(|pane| pane.table.len()).max().unwrap_or(0);
                let table = self.spare.pop().unwrap_or_else(|| KeyedTable::with_capacity(keys));
                // Not `end - size`: the end may have been held at the largest time.
                let last = end.0 - 1;
                let start = last.saturating_sub(last.rem_euclid(self.size_nanos));
                self.panes.insert(place, Pane { start: EventTime(start), end, table });
                place
            }
        };
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
    const FAN_OUT: crate::operator::FanOut = crate::operator::FanOut::AtMostOne;

    fn name(&self) -> &'static str {
        "window"
    }

    #[inline]
    fn process(&mut self, record: Record<A::In>, out: &mut impl Collect<Self::Out>) {
        if !self.holds(self.current, record.event_time) {
            let end = self.end_of(record.event_time);
            if end.0 - 1 <= self.watermark.0 {
                out.count(Counted::LateRecord);
                if let Some(port) = self.late {
                    out.side(port, record);
                }
                return;
            }
            self.open(end);
        }
        let key = (self.key_of)(&record.value);
        let aggregator = &self.aggregator;
        let fresh = || (aggregator.fresh(), Stamps::default());
        let (accumulator, stamps) = self.panes[self.current].table.entry(&key, fresh);
        aggregator.add(accumulator, &record.value);
        *stamps = stamps.newest(record.stamps);
    }

    fn advance(&mut self, progress: Progress, out: &mut impl Collect<Self::Out>) -> Step {
        self.watermark = progress.watermark;
        while let Some(pane) = self.panes.front_mut() {
            let (closes_at, window_end) = (EventTime(pane.end.0 - 1), pane.end);
            if closes_at > self.watermark {
                break;
            }
            if !pane.table.is_empty() {
                self.firing.extend(pane.table.drain());
            }
            let at_end_of_input = self.watermark == EventTime::MAX;
            while let Some((key, (accumulator, stamps))) = self.firing.pop_if(|_| !out.is_full()) {
                out.count(Counted::Fired);
                let result = self.aggregator.result(&accumulator);
                let value = WindowResult { key, window_end, result };
                let stamps = if at_end_of_input { Stamps::UNTIMED } else { stamps };
                out.push(Record { value, event_time: closes_at, stamps });
            }
            if !self.firing.is_empty() {
                return Step::More;
            }
            if !at_end_of_input {
                out.count(Counted::WindowClosed);
            }
            self.current = self.current.saturating_sub(1);
            if let Some(Pane { table, .. }) = self.panes.pop_front()
                && self.spare.len() < SPARE_TABLES
            {
                self.spare.push(table);
            }
        }
        Step::Done
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        debug_assert!(self.firing.is_empty(), "a stage finishes firing before it is snapshot");
        into.put(&self.watermark);
        let ends: Vec<EventTime> = self.panes.iter().map(|pane| pane.end).collect();
        into.put(&ends);
        for pane in &mut self.panes {
            // A window that opened after the last snapshot has no delta: it is written whole.
            let since = since.filter(|_| pane.table.is_tracking());
            pane.table.write(since, into);
        }
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.watermark = self.watermark.max(from.take()?);
        let ends: Vec<EventTime> = from.take()?;
        if from.is_delta() {
            // Windows that have closed since are not in the delta.
            self.panes.retain(|pane| ends.contains(&pane.end));
        }
        for end in ends {
            self.open(end);
            self.panes[self.current].table.read(from)?;
        }
        Ok(())
    }
}
