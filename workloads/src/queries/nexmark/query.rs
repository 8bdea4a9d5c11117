//! What a query is, and the workload that it makes with Nexmark's events.

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::{Setting, SettingError};
use dataflow::operator::lateness::LateRows;
use dataflow::operators::Input;
use dataflow::{Digest, EventTime, Plan, ResultKind, Stream};

use crate::nexmark::{self, Event, KNOBS, NexmarkEvents, bound_nanos};
use crate::spec::{Description, Knobs, TimedEvent, WindowPace, Workload};

/// The events on their way into a query.
pub(super) type Events = Stream<Input<Event>>;

/// A query over persons, auctions and bids.
pub(crate) trait Query: Send + Sync + 'static {
    /// Its name, as it stands in results: `nexmark-q0`.
    fn name(&self) -> &'static str;
    /// What it is about.
    fn description(&self) -> Description;
    /// Its own knobs.
    fn knobs(&self) -> &'static [Setting] {
        &[]
    }
    /// What its result means.
    fn result(&self) -> ResultKind;
    /// Whether it has event-time windows.
    fn has_windows(&self) -> bool {
        false
    }
    /// How far in event time the ends of two windows lie apart.
    fn window_pace(&self, knobs: &Knobs) -> Option<WindowPace> {
        let _ = knobs;
        None
    }
    /// Whether results wait until a watermark has passed.
    fn waits_for_watermarks(&self) -> bool {
        self.has_windows()
    }
    /// Checks what must hold between its knobs, beside what holds for all queries.
    fn check(&self, knobs: &Knobs) -> Result<(), SettingError> {
        let _ = knobs;
        Ok(())
    }
    /// The job.
    fn plan(&self, knobs: &Knobs, events: Events, sink: SinkSlot) -> Plan;
    /// The answer, by plain collections over the events in event-time order; see
    /// [`Workload::expected`].
    fn expected(
        &self,
        knobs: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        late: &mut LateRows,
    ) -> Digest;
}

/// A query with its knobs and those of the generator.
pub(crate) struct Nexmark<Q> {
    query: Q,
    knobs: Vec<Setting>,
}

impl<Q: Query> Nexmark<Q> {
    /// Of this query.
    pub(crate) fn new(query: Q) -> Self {
        let knobs = [KNOBS, query.knobs()].concat();
        Self { query, knobs }
    }
}

impl<Q: Query> Workload for Nexmark<Q> {
    type Events = NexmarkEvents;

    fn name(&self) -> &'static str {
        self.query.name()
    }
    fn description(&self) -> Description {
        self.query.description()
    }
    fn knobs(&self) -> &[Setting] {
        &self.knobs
    }
    fn result(&self) -> ResultKind {
        self.query.result()
    }
    fn has_windows(&self) -> bool {
        self.query.has_windows()
    }
    fn window_pace(&self, knobs: &Knobs) -> Option<WindowPace> {
        self.query.window_pace(knobs)
    }
    fn waits_for_watermarks(&self) -> bool {
        self.query.waits_for_watermarks()
    }
    fn check(&self, knobs: &Knobs) -> Result<(), SettingError> {
        nexmark::check(knobs)?;
        self.query.check(knobs)
    }
    fn bound_nanos(&self, knobs: &Knobs) -> i64 {
        bound_nanos(knobs)
    }
    fn event_time(&self, event: &Event) -> Option<EventTime> {
        Some(event_time(event.date_time()))
    }
    fn tells_time(&self) -> bool {
        true
    }

    fn events(&self, knobs: &Knobs, seed: u64) -> NexmarkEvents {
        NexmarkEvents::new(knobs, seed)
    }

    fn plan(&self, knobs: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        self.query.plan(knobs, events, sink)
    }

    fn expected(
        &self,
        knobs: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        late: &mut LateRows,
    ) -> Digest {
        self.query.expected(knobs, events, late)
    }
}

/// The digest of rows.
pub(crate) fn digest_of<T: serde::Serialize>(rows: impl IntoIterator<Item = T>) -> Digest {
    let mut digest = Digest::default();
    rows.into_iter().for_each(|row| digest.insert(&row));
    digest
}

/// The event time of what happened at so many milliseconds.
pub(crate) fn event_time(millis: i64) -> EventTime {
    EventTime(millis.saturating_mul(1_000_000))
}

/// The bids among events.
pub(crate) fn bids(
    events: &mut dyn Iterator<Item = TimedEvent<Event>>,
) -> impl Iterator<Item = crate::nexmark::Bid> {
    events.filter_map(|event| event.value.bid())
}
