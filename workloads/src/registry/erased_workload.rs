//! Turns any workload into an [`AnyWorkload`].

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::{Setting, SettingError, Settings};
use dataflow::{Digest, Plan, ResultKind, Stream};
use serde_json::Value;

use crate::erased::{AnyEvents, AnyWorkload, LiveInput};
use crate::event_time::event_clock::EventClock;
use crate::event_time::event_order::in_event_time;
use crate::inputs::lines::{LineEvents, read_lines};
use crate::inputs::live::{LiveEvents, json_line};
use crate::knobs;
use crate::schedule::arrival::{PacedSource, Schedule};
use crate::schedule::load_shape::LoadShape;
use crate::spec::{Description, Events, Knobs, Workload, nanos};
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
    fn suggests(&self) -> &'static [(&'static str, i64)] {
        self.0.suggests()
    }

    fn resolve(
        &self,
        given: &BTreeMap<String, Value>,
        rate: Option<f64>,
    ) -> Result<Settings, SettingError> {
        let owner = format!("workload {}", self.name());
        knobs::resolve(&owner, &self.knobs(), given, rate)
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
        let events = read_lines(name, input, |line| self.0.parse(line))?;
        let count = events.len() as u64;
        if knobs.integer("straggler_delay_ms") > 0 && LoadShape::is_random(knobs) {
            let cause = "straggler_delay_ms needs a load_shape that is not random when events are \
                         read from a file, whose event times do not follow one";
            let input = name.to_owned();
            return Err(InputError { input, line: 0, column: 0, cause: cause.to_owned() });
        }
        let shape = LoadShape::without_seed(knobs);
        let clock = EventClock::shaped(knobs.number("event_rate"), shape);
        Ok(Box::new(NumberedEvents {
            workload: Arc::clone(&self.0),
            knobs: knobs.clone(),
            events: Arc::new(LineEvents::new(events, clock, |event| self.0.event_time(event))),
            count,
            name: name.to_owned(),
        }))
    }

    fn live(&self, knobs: &Settings, live: LiveInput) -> Box<dyn AnyEvents> {
        Box::new(LiveEvents::new(Arc::clone(&self.0), knobs, live))
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
    fn count(&self) -> Option<u64> {
        Some(self.count)
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

    fn expected(&self, count: u64) -> Digest {
        let mut events = in_event_time(&*self.events, count.min(self.count));
        self.workload.expected(&self.knobs, &mut events)
    }

    fn sample(&self, count: u64) -> String {
        let numbers = 0..count.min(self.count);
        numbers.map(|number| json_line(&self.events.event(number).value)).collect()
    }
}

/// A workload with its types erased.
pub fn register<W: Workload>(workload: W) -> Arc<dyn AnyWorkload> {
    Arc::new(ErasedWorkload(Arc::new(workload)))
}
