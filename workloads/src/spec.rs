//! What a workload is: a stream of events, a plan over it, and an answer computed another way.

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::{Setting, SettingError, Settings};
use dataflow::operator::lateness::LateRows;
use dataflow::operators::Input;
use dataflow::{Data, Digest, EventTime, Plan, ResultKind, Stream};
use serde::de::DeserializeOwned;

/// The latest event time, 146 years after 0, which is 1970: half of what 64 bits of nanoseconds
/// hold, so that delays and windows can be added to any without overflow.
pub const LATEST: EventTime = EventTime(i64::MAX / 2);
/// The earliest event time, 146 years before 0.
pub const EARLIEST: EventTime = EventTime(-LATEST.0);

/// An event with the time at which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedEvent<E> {
    /// The event.
    pub value: E,
    /// Its event time.
    pub event_time: EventTime,
}

/// A stream of events in which every event is a function of its number: it can be read again, in
/// any order, by any number of readers, with equal content.
pub trait Events: Send + Sync + 'static {
    /// The type of an event.
    type Event: Data + Sync;
    /// The event with this number, from 0.
    fn event(&self, number: u64) -> TimedEvent<Self::Event>;
    /// A time before which no event with this number or a later one has happened. Never falls
    /// from one number to the next. It lets events be put in event-time order without holding
    /// them all; by default nothing is known, and the numbers of all are held.
    fn none_before(&self, number: u64) -> EventTime {
        let _ = number;
        EventTime::MIN
    }
}

/// Says what a workload is about, for `list workloads`.
#[derive(Copy, Clone, Debug)]
pub struct Description {
    /// Where it comes from.
    pub origin: &'static str,
    /// What its plan does, `source -> map -> sink`.
    pub operators: &'static str,
    /// What it remembers.
    pub state: &'static str,
    /// What it stresses.
    pub stresses: &'static str,
    /// How ties that its definition leaves open are broken.
    pub ties: &'static str,
}

/// Values of knobs.
pub type Knobs = Settings;

/// A knob in milliseconds, as nanoseconds.
///
/// # Panics
/// When the knob is not declared with a default.
pub fn nanos(knobs: &Knobs, name: &str) -> i64 {
    knobs.integer(name) as i64 * 1_000_000
}

/// How often a window closes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct WindowPace {
    /// The knob that says so.
    pub knob: &'static str,
    /// Event time between the ends of two windows, in nanoseconds.
    pub nanos: i64,
}

impl WindowPace {
    /// By a knob in milliseconds.
    pub(crate) fn by(knob: &'static str, knobs: &Knobs) -> Option<Self> {
        Some(Self { knob, nanos: nanos(knobs, knob) })
    }
}

/// The last instant of the tumbling window that holds an instant, of windows this long: a watermark
/// that has reached it closes the window.
pub(crate) const fn last_instant_of_window(time: EventTime, size_nanos: i64) -> EventTime {
    EventTime(time.0 + (size_nanos - 1 - time.0.rem_euclid(size_nanos)))
}

/// An event from its JSON.
///
/// # Errors
/// Column (from 1) and cause.
pub(crate) fn parse_json<E: DeserializeOwned>(line: &str) -> Result<E, (u64, String)> {
    serde_json::from_str(line).map_err(|error| wrong_json(&error))
}

/// Column (from 1) and cause of an error in a line of JSON.
pub(crate) fn wrong_json(error: &serde_json::Error) -> (u64, String) {
    // The line is one of many; whoever reads them knows which.
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let cause = message.strip_suffix(&place).unwrap_or(&message);
    (error.column() as u64, cause.to_owned())
}

/// A workload. Engines and the harness hold it erased; see [`crate::registry`].
pub trait Workload: Send + Sync + 'static {
    /// Its events when nothing is read from outside.
    type Events: Events;

    /// Its name, as it stands in results.
    fn name(&self) -> &'static str;
    /// What it is about.
    fn description(&self) -> Description;
    /// Its own knobs, beside [`crate::knobs::COMMON`]. A knob of the same name replaces the common
    /// one.
    fn knobs(&self) -> &[Setting] {
        &[]
    }
    /// What its result means.
    fn result(&self) -> ResultKind;
    /// Whether it has event-time windows, so that a run must close some before its end.
    fn has_windows(&self) -> bool {
        false
    }
    /// How far in event time the ends of two windows lie apart, where that does not hang on the
    /// events; `None` without windows, and for sessions.
    fn window_pace(&self, knobs: &Knobs) -> Option<WindowPace> {
        let _ = knobs;
        None
    }
    /// Whether results wait until a watermark has passed, as those of windows and of timers do, so
    /// that meanwhile the result is not the answer to what was read.
    fn waits_for_watermarks(&self) -> bool {
        self.has_windows()
    }
    /// Checks what must hold between its knobs, beside what holds for all workloads. Whatever a
    /// plan, a generator or an evaluator relies on is refused here, so that none of them panics.
    ///
    /// # Errors
    /// Names the knobs, their values, and what to do.
    fn check(&self, knobs: &Knobs) -> Result<(), SettingError> {
        let _ = knobs;
        Ok(())
    }
    /// Engine settings that it suggests, for engines that have them. The user's own come first.
    fn suggests(&self) -> &'static [(&'static str, i64)] {
        &[]
    }

    /// Its events under these knobs.
    fn events(&self, knobs: &Knobs, seed: u64) -> Self::Events;

    /// How much earlier than an event before it an event may have happened, in nanoseconds: what
    /// watermarks allow for. Events that are later are late.
    fn bound_nanos(&self, knobs: &Knobs) -> i64 {
        nanos(knobs, "disorder_ms")
    }

    /// When an event from an input has happened, if the event says so itself. Otherwise its event
    /// time follows from its number. A time that is not from [`EARLIEST`] to [`LATEST`] is refused.
    fn event_time(&self, event: &<Self::Events as Events>::Event) -> Option<EventTime> {
        let _ = event;
        None
    }

    /// Whether every event says so itself, and the plan relies on it: no input may say otherwise.
    fn tells_time(&self) -> bool {
        false
    }

    /// Whether [`Workload::parse`] reads a text rather than JSON, so that a blank line is an event,
    /// too.
    fn reads_text(&self) -> bool {
        false
    }

    /// Whether a line of an input is no event and skipped. By default blank ones are, unless a line is
    /// a text; they count as lines in messages.
    fn skips(&self, line: &str) -> bool {
        !self.reads_text() && line.trim_ascii().is_empty()
    }

    /// Parses an event from a line of an input. The default reads JSON. Numbers that something is
    /// computed from must be refused here where that could overflow.
    ///
    /// # Errors
    /// Column (from 1) and cause.
    fn parse(&self, line: &str) -> Result<<Self::Events as Events>::Event, (u64, String)> {
        parse_json(line)
    }

    /// The job.
    fn plan(
        &self,
        knobs: &Knobs,
        events: Stream<Input<<Self::Events as Events>::Event>>,
        sink: SinkSlot,
    ) -> Plan;

    /// The answer: by plain collections over the events in event-time order, with none of the
    /// operators. Every event counts, but for those that `late` has a note of: an operator that meets
    /// event time has noted there what it did with records behind its watermark, by the number of its
    /// stage in the plan and its input. An evaluator looks up each row that such an operator gets, and
    /// treats it as the note says.
    fn expected(
        &self,
        knobs: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<<Self::Events as Events>::Event>>,
        late: &mut LateRows,
    ) -> Digest;
}
