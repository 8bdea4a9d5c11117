//! Turns any workload into an [`AnyWorkload`].

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::message_log::{MessageForm, MessageLog};
use dataflow::job::settings::{Setting, SettingError, Settings};
use dataflow::job::source::SourceError;
use dataflow::operator::lateness::LateNotes;
use dataflow::{Plan, ResultKind, Stream};
use serde_json::Value;

use crate::erased::{AnyEvents, AnyWorkload, EachLine, Expected, LiveInput, Replay, expected};
use crate::event_time::event_order::in_event_time;
use crate::inputs::lines::read_lines;
use crate::inputs::live::{LiveEvents, json_line};
use crate::inputs::messages::MessageEvents;
use crate::knobs;
use crate::schedule::arrival::{PacedSource, Schedule};
use crate::spec::{Description, Events, Knobs, WindowPace, Workload, nanos};
use crate::text::InputError;

/// The one implementation of [`AnyWorkload`]. A wrapper rather than an implementation for every
/// `Workload`, so that what it makes can own a share of the workload.
pub(crate) struct ErasedWorkload<W>(pub Arc<W>);

impl<W: Workload> AnyWorkload for ErasedWorkload<W> {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn description(&self) -> Description {
        self.0.description()
    }
    fn knobs(&self) -> Vec<Setting> {
        knobs::with_common(self.0.knobs())
    }
    fn result(&self) -> ResultKind {
        self.0.result()
    }
    fn has_windows(&self) -> bool {
        self.0.has_windows()
    }
    fn window_pace(&self, knobs: &Settings) -> Option<WindowPace> {
        self.0.window_pace(knobs)
    }
    fn bound_nanos(&self, knobs: &Settings) -> i64 {
        self.0.bound_nanos(knobs)
    }
    fn waits_for_watermarks(&self) -> bool {
        self.0.waits_for_watermarks()
    }
    fn suggests(&self) -> &'static [(&'static str, i64)] {
        self.0.suggests()
    }

    fn resolve(
        &self,
        given: &BTreeMap<String, Value>,
        rate: Option<f64>,
    ) -> Result<Settings, SettingError> {
        let owner = format!("workload {}", self.name());
        let knobs = knobs::resolve(&owner, &self.knobs(), given, rate)?;
        self.0.check(&knobs)?;
        Ok(knobs)
    }

    fn generate(&self, knobs: &Settings, seed: u64) -> Box<dyn AnyEvents> {
        Box::new(NumberedEvents {
            workload: Arc::clone(&self.0),
            knobs: knobs.clone(),
            events: Arc::new(self.0.events(knobs, seed)),
            count: u64::MAX,
            name: format!("generated {}", self.name()),
        })
    }

    fn lines(
        &self,
        knobs: &Settings,
        name: &str,
        input: &mut dyn BufRead,
    ) -> Result<Box<dyn AnyEvents>, InputError> {
        let events = read_lines(Arc::clone(&self.0), knobs, name, input)?;
        Ok(Box::new(NumberedEvents {
            workload: Arc::clone(&self.0),
            knobs: knobs.clone(),
            count: events.len(),
            events: Arc::new(events),
            name: name.to_owned(),
        }))
    }

    fn live(&self, knobs: &Settings, live: LiveInput) -> Result<Box<dyn AnyEvents>, InputError> {
        Ok(Box::new(LiveEvents::new(Arc::clone(&self.0), knobs, live)?))
    }

    fn messages(
        &self,
        knobs: &Settings,
        log: Arc<dyn MessageLog>,
        form: &MessageForm,
    ) -> Result<Box<dyn AnyEvents>, InputError> {
        Ok(Box::new(MessageEvents::new(Arc::clone(&self.0), knobs, log, form)?))
    }
}

/// Events that are functions of their numbers: generated, or the lines of a finite input.
struct NumberedEvents<W, G> {
    workload: Arc<W>,
    knobs: Knobs,
    events: Arc<G>,
    count: u64,
    /// The input as the user knows it.
    name: String,
}

impl<W, G> AnyEvents for NumberedEvents<W, G>
where
    W: Workload,
    G: Events<Event = <W::Events as Events>::Event>,
{
    fn replay(&self) -> Replay {
        Replay::Counted(self.count)
    }

    fn plan(&self, schedule: Schedule, sink: SinkSlot) -> Plan {
        let schedule = Schedule { events: schedule.events.min(self.count), ..schedule };
        let splits = self.knobs.integer("splits") as u32;
        let idle = self.knobs.integer("idle_splits") as u32;
        let straggling = nanos(&self.knobs, "straggler_delay_ms") as u64;
        let lag_nanos = schedule.event_lag(straggling, self.knobs.number("event_rate"));
        let source =
            PacedSource::new(Arc::clone(&self.events), schedule, splits, self.name.clone())
                .with_idle_splits(idle)
                .with_straggler(straggling);
        let bound_nanos = self.workload.bound_nanos(&self.knobs).saturating_add(lag_nanos);
        let stream = Stream::from_source(Arc::new(source), bound_nanos);
        self.workload.plan(&self.knobs, stream, sink)
    }

    fn expected_with(&self, count: u64, late: &LateNotes) -> Result<Expected, SourceError> {
        let count = count.min(self.count);
        let events = in_event_time(&*self.events, count);
        let times = (0..count).map(|number| self.events.event(number).event_time);
        Ok(expected(&*self.workload, &self.knobs, events, times, late))
    }

    fn each_line(&self, count: u64, each: &mut EachLine<'_>) {
        for number in 0..count.min(self.count) {
            let event = self.events.event(number);
            if !each(event.event_time, &json_line(&event.value)) {
                break;
            }
        }
    }
}

/// A workload with its types erased.
pub fn register<W: Workload>(workload: W) -> Arc<dyn AnyWorkload> {
    Arc::new(ErasedWorkload(Arc::new(workload)))
}
