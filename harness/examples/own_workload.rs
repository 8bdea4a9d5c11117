//! A workload of your own: its events, its plan and its evaluator, and one line that adds it.
//!
//! `cargo run --example own_workload -- verify --workload hot-sensors` checks it on every engine.

use std::process::ExitCode;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::Setting;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::Input;
use dataflow::{Data, Digest, Plan, ResultKind, Stream};
use serde::{Deserialize, Serialize};
use streamgauge::Registry;
use workloads::event_time::event_clock::EventClock;
use workloads::random::{Draws, below};
use workloads::spec::{Description, Events, Knobs, TimedEvent, Workload};

#[derive(Clone, Serialize, Deserialize)]
struct Reading {
    sensor: u32,
    celsius: i64,
}
impl Data for Reading {}

/// A reading is a function of the seed and its number: every engine reads the same.
struct Readings {
    draws: Draws,
    clock: EventClock,
}

impl Events for Readings {
    type Event = Reading;

    fn event(&self, number: u64) -> TimedEvent<Reading> {
        let draw = self.draws.at(number);
        let reading = Reading { sensor: (number % 10) as u32, celsius: below(draw, 100) as i64 };
        TimedEvent { value: reading, event_time: self.clock.event_time(number) }
    }
}

struct HotSensors;

const KNOBS: &[Setting] =
    &[Setting::integer("limit", (-100, 100), 70, "hot is above this, in degrees Celsius")];

impl Workload for HotSensors {
    type Events = Readings;

    fn name(&self) -> &'static str {
        "hot-sensors"
    }
    fn description(&self) -> Description {
        Description {
            origin: "an example",
            operators: "source -> filter -> sink",
            state: "none",
            stresses: "little",
            ties: "none are possible",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }
    fn events(&self, knobs: &Knobs, seed: u64) -> Readings {
        let clock = EventClock::of(knobs, seed);
        Readings { draws: Draws::new(seed, "readings"), clock }
    }
    fn plan(&self, knobs: &Knobs, events: Stream<Input<Reading>>, sink: SinkSlot) -> Plan {
        let limit = limit(knobs);
        events.filter(move |reading| reading.celsius > limit).sink(sink)
    }
    fn expected(
        &self,
        knobs: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Reading>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut digest = Digest::default();
        for event in events {
            if event.value.celsius > limit(knobs) {
                digest.insert(&event.value);
            }
        }
        digest
    }
}

fn limit(knobs: &Knobs) -> i64 {
    knobs.get_integer("limit").expect("the knob is declared with a default")
}

fn main() -> ExitCode {
    streamgauge::main(&Registry::standard().with_workload(HotSensors))
}
