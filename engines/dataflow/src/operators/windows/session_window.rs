//! Event-time sessions: per key, intervals that grow with every record and end in a gap.

use serde::{Deserialize, Serialize};

use crate::operator::lateness::Fate;
use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::state::KeyedTable;
use crate::operator::{Collect, Counted, FanOut, Operator, SidePort};
use crate::operators::Aggregator;
use crate::operators::windows::due_times::DueTimes;
use crate::operators::windows::panes::{note, refuse};
use crate::operators::windows::sessions::{Session, Sessions};
use crate::record::data::{Data, Key};
use crate::record::time::EventTime;
use crate::record::{Record, Stamps};

/// The aggregate of one key's session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionResult<K, R> {
    /// The key.
    pub key: K,
    /// Event time of its first record.
    pub start: EventTime,
    /// Event time of its last record and the gap: a record at this instant would still have
    /// joined it.
    pub end: EventTime,
    /// The aggregate.
    pub result: R,
}

impl<K: Data, R: Data> Data for SessionResult<K, R> {
    fn size_bytes(&self) -> usize {
        self.key.size_bytes() + 2 * size_of::<EventTime>() + self.result.size_bytes()
    }
}

/// Aggregates per key and session: a run of records of which none is more than `gap_nanos` behind
/// the one before it.
///
/// A record at `t` is a session from `t` to `t + gap` by itself, and sessions of a key that overlap
/// or touch are one, as `TimeWindow.intersects` of Flink and Spark have it: a record may bridge two.
/// A session closes when the watermark reaches its end, as then no record can come on time that
/// would join it; its result carries the end as event time, and the newest stamps of what is in it.
/// A record whose own session would have closed already, and which joins none that is open, goes to
/// the late port, if there is one, and is counted. Sessions close by their end, those of one instant
/// by their key.
///
/// In one thing this is not Flink: there a session closes one unit of time before its end, so that
/// with records exactly one gap apart the result hangs on whether a watermark came between them.
///
/// ```
/// use dataflow::EventTime;
/// use dataflow::operators::{Count, SessionResult, SessionWindow};
/// use dataflow::verify::{at, verify_keyed, watermark};
/// let window = SessionWindow::new(|x: &u64| *x, Count::default(), 10);
/// let closed = |key: u64, start: i64, end: i64, result: u64| {
///     SessionResult { key, start: EventTime(start), end: EventTime(end), result }
/// };
/// verify_keyed(
///     window,
///     |x: &u64| *x,
///     vec![at(1, 7), at(19, 7), at(10, 7), at(29, 7), at(40, 7), watermark(50), at(40, 7)],
///     vec![closed(7, 1, 39, 4), closed(7, 40, 50, 1)],
/// );
/// ```
#[derive(Clone, Debug)]
pub struct SessionWindow<K, F, A: Aggregator> {
    key_of: F,
    aggregator: A,
    gap_nanos: i64,
    late: Option<SidePort<A::In>>,
    table: KeyedTable<K, Sessions<A::Accumulator>>,
    /// When to look at which key. Every session has an entry at its end or, if it has grown since
    /// it was last looked at, at an earlier instant within it: so a record that makes a session
    /// longer leaves this alone.
    due: DueTimes<K>,
    watermark: EventTime,
    /// Entries touched ahead: kept only so that touching is not optimised away.
    touched: usize,
}

impl<K: Key, F, A: Aggregator> SessionWindow<K, F, A> {
    /// By the key that `key_of` finds, in sessions that end `gap_nanos` of event time behind their
    /// last record.
    ///
    /// # Panics
    /// When the gap is not positive.
    pub fn new(key_of: F, aggregator: A, gap_nanos: i64) -> Self {
        assert!(gap_nanos > 0, "a session is longer than nothing");
        Self {
            key_of,
            aggregator,
            gap_nanos,
            late: None,
            table: KeyedTable::default(),
            due: DueTimes::new(gap_nanos),
            watermark: EventTime::MIN,
            touched: 0,
        }
    }

    /// Sends late records to a side output.
    #[must_use]
    pub fn with_late(mut self, port: SidePort<A::In>) -> Self {
        self.late = Some(port);
        self
    }

    /// Takes the session that ends first out of a key's.
    fn take_first(&mut self, key: &K) -> Option<Session<A::Accumulator>> {
        let (first, others) = self.table.remove(key)?.split_first();
        if let Some(others) = others {
            self.table.entry(key, || others);
        }
        Some(first)
    }
}

impl<K, F, A> Operator for SessionWindow<K, F, A>
where
    K: Key,
    F: Fn(&A::In) -> K + Clone + Send + 'static,
    A: Aggregator<In: Data>,
{
    type In = A::In;
    type Out = SessionResult<K, A::Result>;
    // A late record goes to the side at most once, and nothing comes out before a watermark.
    const FAN_OUT: FanOut = FanOut::AtMostOne;
    const LOOKS_AHEAD: bool = true;

    fn name(&self) -> &'static str {
        "session window"
    }

    #[inline]
    fn expect(&mut self, records: &[Record<A::In>]) {
        let keys = records.iter().map(|record| (self.key_of)(&record.value));
        self.touched = self.touched.wrapping_add(self.table.touch(keys));
    }

    #[inline]
    fn process(&mut self, record: Record<A::In>, out: &mut impl Collect<Self::Out>) {
        let start = record.event_time;
        let end = EventTime(start.0.saturating_add(self.gap_nanos));
        let key = (self.key_of)(&record.value);
        if start <= self.watermark {
            let at = (0, self.watermark);
            let open = self.table.get(&key);
            if end <= self.watermark && !open.is_some_and(|sessions| sessions.meet(start, end)) {
                return refuse(self.late, record, at, out);
            }
            note(&record, at, Fate::Accepted, out);
        }
        let aggregator = &self.aggregator;
        let mut is_new = false;
        let sessions = self.table.entry(&key, || {
            is_new = true;
            Sessions::of(Session::new(start, end, aggregator.fresh()))
        });
        let session = if let Some(session) = sessions.only(start, end) {
            session
        } else {
            is_new = true;
            sessions.make_room(start, end, aggregator)
        };
        aggregator.add(&mut session.accumulator, &record.value);
        session.stamps = session.stamps.newest(record.stamps);
        if is_new {
            self.due.insert(end, key);
        }
    }

    fn advance(&mut self, progress: Progress, out: &mut impl Collect<Self::Out>) -> Step {
        self.watermark = progress.watermark;
        let at_end_of_input = self.watermark == EventTime::MAX;
        let upto = self.watermark;
        while self.due.has(upto) {
            if out.is_full() {
                return Step::More;
            }
            let Some((due, key)) = self.due.pop(upto) else { break };
            let Some(end) = self.table.get(&key).map(Sessions::first_end) else { continue };
            if end > due {
                self.due.insert(end, key);
                continue;
            }
            let Some(Session { start, end, accumulator, stamps }) = self.take_first(&key) else {
                continue;
            };
            out.count(Counted::Fired);
            if !at_end_of_input {
                out.count(Counted::WindowClosed);
            }
            let result = self.aggregator.result(&accumulator);
            let stamps = if at_end_of_input { Stamps::UNTIMED } else { stamps };
            let value = SessionResult { key, start, end, result };
            out.push(Record { value, event_time: end, stamps });
        }
        Step::Done
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        into.put(&self.watermark);
        // Instants at which to look at keys follow from the sessions.
        self.table.write(since, into);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.watermark = self.watermark.max(from.take()?);
        self.table.read(from)?;
        self.due.clear();
        for (key, sessions) in self.table.iter() {
            sessions.ends().for_each(|end| self.due.insert(end, key.clone()));
        }
        Ok(())
    }
}
