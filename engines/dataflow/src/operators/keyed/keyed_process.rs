//! A user's own keyed logic, with state and timers of both kinds.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::operator::state::KeyedTable;
use crate::operator::{Collect, Counted, Operator};
use crate::record::data::{Data, Key};
use crate::record::time::{EventTime, ProcessingTime};
use crate::record::{Record, Stamps};

/// What happens to the records of one key, as Flink's `KeyedProcessFunction`. The state comes in
/// as an argument; snapshots, deltas and rescaling are written once, in [`KeyedProcess`].
pub trait KeyedFunction: Clone + Send + 'static {
    /// By what records are brought together.
    type Key: Key;
    /// What comes in.
    type In: Clone + Send + 'static;
    /// What is kept per key.
    type State: Data;
    /// What goes out.
    type Out: Clone + Send + 'static;

    /// The state of a key that has none.
    fn fresh(&self) -> Self::State;

    /// Takes a record.
    fn process(
        &self,
        state: &mut Self::State,
        record: Record<Self::In>,
        context: &mut TimerContext<'_, Self::Key>,
        out: &mut impl Collect<Self::Out>,
    );

    /// An event-time timer fires: the watermark has reached `time`.
    fn on_event_time(
        &self,
        state: &mut Self::State,
        time: EventTime,
        context: &mut TimerContext<'_, Self::Key>,
        out: &mut impl Collect<Self::Out>,
    ) {
        let _ = (state, time, context, out);
    }

    /// A processing-time timer fires: the clock has reached `time`.
    fn on_processing_time(
        &self,
        state: &mut Self::State,
        time: ProcessingTime,
        context: &mut TimerContext<'_, Self::Key>,
        out: &mut impl Collect<Self::Out>,
    ) {
        let _ = (state, time, context, out);
    }
}

/// The key at hand, both clocks, and the timers to set.
#[derive(Debug)]
pub struct TimerContext<'a, K> {
    /// The key of the record or timer.
    pub key: &'a K,
    /// Both clocks.
    pub progress: Progress,
    /// The newest stamps of the key's records: what a result of a timer should carry. Untimed
    /// once only the end of the input makes the timers fire, and when no record has come since
    /// the key was forgotten.
    pub stamps: Stamps,
    event_timers: Vec<EventTime>,
    processing_timers: Vec<ProcessingTime>,
    forget: bool,
}

impl<K> TimerContext<'_, K> {
    /// Fires when the watermark reaches `time`; once, however often it is set.
    pub fn at_event_time(&mut self, time: EventTime) {
        self.event_timers.push(time);
    }

    /// Fires when the clock reaches `time`; once, however often it is set.
    pub fn at_processing_time(&mut self, time: ProcessingTime) {
        self.processing_timers.push(time);
    }

    /// Forgets the key's state once this call returns. Its timers still fire, on a fresh state.
    pub fn forget(&mut self) {
        self.forget = true;
    }
}

/// Runs a [`KeyedFunction`].
///
/// Timers are sets of (time, key), fired by time and then by key, so that two runs agree.
/// Processing-time timers fire before event-time timers.
///
/// State is kept for ever unless [`KeyedProcess::with_state_ttl`] says otherwise.
#[derive(Clone, Debug)]
pub struct KeyedProcess<P: KeyedFunction, F> {
    key_of: F,
    function: P,
    table: KeyedTable<P::Key, KeyState<P::State>>,
    event_timers: BTreeSet<(EventTime, P::Key)>,
    processing_timers: BTreeSet<(ProcessingTime, P::Key)>,
    progress: Progress,
    ttl_nanos: Option<u64>,
    /// With a TTL: when each key must be looked at, one entry a key. It may have been used since.
    expiries: BTreeSet<(ProcessingTime, P::Key)>,
}

/// What is kept of a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "S: Data")]
struct KeyState<S> {
    state: S,
    /// The newest stamps of the key's records.
    stamps: Option<Stamps>,
    /// When the key had its last record or timer.
    used: ProcessingTime,
}

impl<S: Data> Data for KeyState<S> {}

impl<P: KeyedFunction, F> KeyedProcess<P, F> {
    /// By the key that `key_of` finds.
    pub fn new(key_of: F, function: P) -> Self {
        Self {
            key_of,
            function,
            table: KeyedTable::default(),
            event_timers: BTreeSet::new(),
            processing_timers: BTreeSet::new(),
            progress: Progress::START,
            ttl_nanos: None,
            expiries: BTreeSet::new(),
        }
    }

    /// Forgets a key's state once so much processing time has passed since its last record or
    /// timer: Flink's `StateTtlConfig` with `OnReadAndWrite` and `NeverReturnExpired`. What has
    /// expired is never seen again; its memory is freed when the clock next moves on.
    ///
    /// # Panics
    /// When `ttl_nanos` is 0.
    #[must_use]
    pub fn with_state_ttl(mut self, ttl_nanos: u64) -> Self {
        assert!(ttl_nanos > 0, "state lives longer than nothing");
        self.ttl_nanos = Some(ttl_nanos);
        self
    }

    /// Drops the state of keys that nothing has used for long enough.
    fn expire(&mut self) {
        let Some(ttl) = self.ttl_nanos else { return };
        let now = self.progress.processing_time;
        while self.expiries.first().is_some_and(|(due, _)| *due <= now) {
            let Some((_, key)) = self.expiries.pop_first() else { return };
            match self.table.get(&key).map(|kept| kept.used.after(ttl)) {
                Some(due) if due <= now => {
                    self.table.remove(&key);
                }
                Some(due) => {
                    self.expiries.insert((due, key));
                }
                None => {}
            }
        }
    }

    /// Calls the function on a key's state, then sets the timers that it asked for.
    fn call(
        &mut self,
        key: &P::Key,
        newer: Option<Stamps>,
        body: impl FnOnce(&P, &mut P::State, &mut TimerContext<'_, P::Key>),
    ) {
        let function = &self.function;
        let now = self.progress.processing_time;
        let mut is_new = false;
        let kept = self.table.entry(key, || {
            is_new = true;
            KeyState { state: function.fresh(), stamps: None, used: now }
        });
        kept.used = now;
        kept.stamps = match (kept.stamps, newer) {
            (Some(stamps), Some(newer)) => Some(stamps.newest(newer)),
            (stamps, newer) => stamps.or(newer),
        };
        if let Some(ttl) = self.ttl_nanos.filter(|_| is_new) {
            self.expiries.insert((now.after(ttl), key.clone()));
        }
        let mut context = TimerContext {
            key,
            progress: self.progress,
            stamps: kept.stamps.unwrap_or(Stamps::UNTIMED),
            event_timers: Vec::new(),
            processing_timers: Vec::new(),
            forget: false,
        };
        body(function, &mut kept.state, &mut context);
        let TimerContext { event_timers, processing_timers, forget, .. } = context;
        self.event_timers.extend(event_timers.into_iter().map(|time| (time, key.clone())));
        self.processing_timers
            .extend(processing_timers.into_iter().map(|time| (time, key.clone())));
        if forget {
            self.table.remove(key);
        }
    }

    /// Stamps that a timer's results add to the key's own.
    fn timer_stamps(&self) -> Option<Stamps> {
        (self.progress.watermark == EventTime::MAX).then_some(Stamps::UNTIMED)
    }
}

impl<P, F> Operator for KeyedProcess<P, F>
where
    P: KeyedFunction,
    F: Fn(&P::In) -> P::Key + Clone + Send + 'static,
{
    type In = P::In;
    type Out = P::Out;

    fn name(&self) -> &'static str {
        "process"
    }

    fn process(&mut self, record: Record<P::In>, out: &mut impl Collect<P::Out>) {
        let key = (self.key_of)(&record.value);
        self.call(&key, Some(record.stamps), |function, state, context| {
            function.process(state, record, context, out);
        });
    }

    fn advance(&mut self, progress: Progress, out: &mut impl Collect<P::Out>) -> Step {
        self.progress = progress;
        self.expire();
        while let Some((time, _)) = self.processing_timers.first()
            && *time <= progress.processing_time
        {
            if out.is_full() {
                return Step::More;
            }
            if let Some((time, key)) = self.processing_timers.pop_first() {
                out.count(Counted::Fired);
                self.call(&key, None, |function, state, context| {
                    function.on_processing_time(state, time, context, out);
                });
            }
        }
        while let Some((time, _)) = self.event_timers.first()
            && *time <= progress.watermark
        {
            if out.is_full() {
                return Step::More;
            }
            if let Some((time, key)) = self.event_timers.pop_first() {
                out.count(Counted::Fired);
                let stamps = self.timer_stamps();
                self.call(&key, stamps, |function, state, context| {
                    function.on_event_time(state, time, context, out);
                });
            }
        }
        Step::Done
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        into.put(&self.progress.watermark);
        into.put(&self.progress.processing_time);
        self.table.write(since, into);
        // Timers are few beside the state; they are written whole.
        into.put(&self.event_timers);
        into.put(&self.processing_timers);
        into.put(&self.expiries);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.progress.watermark = self.progress.watermark.max(from.take()?);
        self.progress.processing_time = self.progress.processing_time.max(from.take()?);
        self.table.read(from)?;
        let event_timers: BTreeSet<(EventTime, P::Key)> = from.take()?;
        let processing_timers: BTreeSet<(ProcessingTime, P::Key)> = from.take()?;
        let expiries: BTreeSet<(ProcessingTime, P::Key)> = from.take()?;
        if from.is_delta() {
            self.event_timers.clear();
            self.processing_timers.clear();
            self.expiries.clear();
        }
        let owns = from.owns();
        self.event_timers.extend(event_timers.into_iter().filter(|(_, key)| owns.holds(key)));
        self.processing_timers
            .extend(processing_timers.into_iter().filter(|(_, key)| owns.holds(key)));
        self.expiries.extend(expiries.into_iter().filter(|(_, key)| owns.holds(key)));
        Ok(())
    }

    fn wake_at(&self) -> Option<ProcessingTime> {
        self.processing_timers.first().map(|(time, _)| *time)
    }
}
