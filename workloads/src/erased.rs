//! Workloads and their events with their types erased: what engines and the harness hold.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::engine::StopSignal;
use dataflow::job::message_log::{MessageForm, MessageLog};
use dataflow::job::settings::{Setting, SettingError, Settings};
use dataflow::job::source::SourceError;
use dataflow::operator::lateness::LateNotes;
use dataflow::{Digest, EventTime, Plan, ProcessingTime, ResultKind};
use serde_json::Value;

use crate::schedule::arrival::Schedule;
use crate::spec::{Description, Events, Knobs, TimedEvent, WindowPace, Workload};
use crate::text::InputError;

/// A workload of any event type; [`register`](crate::registry::register) makes one.
pub trait AnyWorkload: Send + Sync {
    /// Its name, as it stands in results.
    fn name(&self) -> &'static str;
    /// What it is about.
    fn description(&self) -> Description;
    /// Every knob it understands, common ones included.
    fn knobs(&self) -> Vec<Setting>;
    /// What its result means.
    fn result(&self) -> ResultKind;
    /// Whether it has event-time windows.
    fn has_windows(&self) -> bool;
    /// How far in event time the ends of two windows lie apart, where that does not hang on the
    /// events.
    fn window_pace(&self, knobs: &Settings) -> Option<WindowPace>;
    /// Longest delay among its generated events, in nanoseconds of event time.
    fn bound_nanos(&self, knobs: &Settings) -> i64;
    /// Whether results wait until a watermark has passed.
    fn waits_for_watermarks(&self) -> bool;
    /// Engine settings that it suggests.
    fn suggests(&self) -> &'static [(&'static str, i64)];
    /// The values of its knobs, with those that were given. `event_rate` becomes `rate`, or
    /// 1,000,000 at max, unless it is given.
    ///
    /// # Errors
    /// For an unknown knob, an invalid value, values that do not go together, and a key file that
    /// cannot be used.
    fn resolve(
        &self,
        given: &BTreeMap<String, Value>,
        rate: Option<f64>,
    ) -> Result<Settings, SettingError>;
    /// Generates its events from a seed.
    fn generate(&self, knobs: &Settings, seed: u64) -> Box<dyn AnyEvents>;
    /// Reads events from the lines of a finite input; `name` is the input as the user knows it. An
    /// event has the event time that it says, else that of the generated event of its number. Blank
    /// lines of NDJSON are skipped. Lines and input may have as many bytes as the knobs
    /// `max_line_bytes` and `max_input_bytes` allow.
    ///
    /// # Errors
    /// When a line cannot be read.
    fn lines(
        &self,
        knobs: &Settings,
        name: &str,
        input: &mut dyn BufRead,
    ) -> Result<Box<dyn AnyEvents>, InputError>;
    /// Reads events from the lines of an input without an end of its own, such as a pipe or a
    /// socket, on a thread into a log. Each is planned when it becomes readable, by `clock`; all else
    /// is as with [`AnyWorkload::lines`]. The log is kept in memory, so that events can be read again
    /// and the answer computed from them.
    ///
    /// # Errors
    /// When knobs ask for what such an input cannot have.
    fn live(&self, knobs: &Settings, live: LiveInput) -> Result<Box<dyn AnyEvents>, InputError>;
    /// Reads events from the messages of a log: a message is an event as a line is, unless `form` says
    /// otherwise. It has the event time of what `form` names, or else that which it says, else that of
    /// its field `event_time_ms`, else that of the message's time stamp. It is planned when it has come to this process.
    ///
    /// # Errors
    /// When knobs ask for what such an input cannot have, or the workload cannot have messages of
    /// this form.
    fn messages(
        &self,
        knobs: &Settings,
        log: Arc<dyn MessageLog>,
        form: &MessageForm,
    ) -> Result<Box<dyn AnyEvents>, InputError>;
}

/// Takes an event's time and its line of JSON; whether it wants more.
pub type EachLine<'a> = dyn FnMut(EventTime, &str) -> bool + 'a;

/// Whether events can be read again, and how many there are.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// They can, and there are so many: `u64::MAX` of generated events, which never end.
    Counted(u64),
    /// They can, and no more come: so many at most, as not every offset holds one.
    Bounded(u64),
    /// They can, and more come.
    Growing,
    /// They cannot: nobody keeps them.
    Once,
}

impl Replay {
    /// How many there are at most, where that is known before they are read.
    pub const fn most(self) -> Option<u64> {
        match self {
            Self::Counted(events) | Self::Bounded(events) => Some(events),
            Self::Growing | Self::Once => None,
        }
    }

    /// Whether only their end tells how many there are.
    pub const fn is_counted_by_its_end(self) -> bool {
        !matches!(self, Self::Counted(_))
    }
}

/// The events of one workload under fixed knobs.
pub trait AnyEvents: Send + Sync {
    /// Whether they can be read again, and how many there are.
    fn replay(&self) -> Replay;
    /// Waits until the first of them are there, where they come from elsewhere and have come before: so
    /// that beginning to fetch is part of no latency. Ends early when the run is to stop.
    ///
    /// # Errors
    /// When they cannot be read.
    fn prepare(&self, stop: &StopSignal) -> Result<(), SourceError> {
        let _ = stop;
        Ok(())
    }
    /// The job over the first `schedule.events` of them, or over all if there are fewer.
    fn plan(&self, schedule: Schedule, sink: SinkSlot) -> Plan;
    /// The answer for the first `count` events, or for all if there are fewer (of a live input:
    /// if fewer have come), when these records were late.
    ///
    /// # Errors
    /// When events that come from elsewhere cannot be read again.
    fn expected_with(&self, count: u64, late: &LateNotes) -> Result<Expected, SourceError>;
    /// The same of events that are at hand, when none was late.
    ///
    /// # Panics
    /// When they come from elsewhere, and cannot be read again.
    fn expected(&self, count: u64) -> Digest {
        let expected = self.expected_with(count, &LateNotes::default());
        expected.expect("what is at hand can be read again").digest
    }
    /// Hands over the first `count` events, or all if there are fewer: when each happened, and its
    /// line of JSON. Ends early once `each` wants no more.
    fn each_line(&self, count: u64, each: &mut EachLine<'_>);
    /// The same as NDJSON.
    fn sample(&self, count: u64) -> String {
        let mut lines = String::new();
        self.each_line(count, &mut |_, line| {
            lines.push_str(line);
            true
        });
        lines
    }
}

/// The answer of an evaluator.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Of the right rows.
    pub digest: Digest,
    /// Notes of late records without a ground: no such row comes to the operator, where it counts had
    /// not closed at that watermark, or no event was behind the bound at all, so that none could be
    /// late.
    pub unfounded: u64,
}

/// A pipe or a socket.
pub struct LiveInput {
    /// As the user knows it.
    pub name: String,
    /// What to read.
    pub input: Box<dyn BufRead + Send>,
    /// Tells the processing time.
    pub clock: Arc<dyn Fn() -> ProcessingTime + Send + Sync>,
    /// When asked for, the input ends.
    pub stop: StopSignal,
    /// Start of the run: stamps count from here.
    pub start: ProcessingTime,
}

/// The answer of a workload's evaluator to `events`, which come in event-time order; `times` are
/// theirs in the order in which they can be read.
pub(crate) fn expected<W: Workload>(
    workload: &W,
    knobs: &Knobs,
    mut events: impl Iterator<Item = TimedEvent<<W::Events as Events>::Event>>,
    times: impl Iterator<Item = EventTime>,
    late: &LateNotes,
) -> Expected {
    let mut rows = late.rows();
    let digest = workload.expected(knobs, &mut events, &mut rows);
    let bound_nanos = workload.bound_nanos(knobs);
    let (mut newest, mut any_behind) = (EventTime::MIN, false);
    for time in times.filter(|_| !late.is_empty()) {
        newest = newest.max(time);
        any_behind |= time.0 < newest.0.saturating_sub(bound_nanos);
    }
    let highest = EventTime(newest.0.saturating_sub(bound_nanos));
    let unfounded =
        if any_behind { rows.unfounded() + late.contradictory(highest) } else { late.notes() };
    Expected { digest, unfounded }
}
