//! Workloads by name, with their event types erased.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::engine::StopSignal;
use dataflow::job::settings::{Setting, SettingError, Settings};
use dataflow::{Digest, Plan, ProcessingTime, ResultKind};
use serde_json::Value;

use crate::queries::{Forward, KeyedCount, Uppercase, WindowedCount, WordCount, nexmark};
use crate::registered::Registered;
use crate::schedule::arrival::Schedule;
use crate::spec::{Description, Workload};

/// The workloads that come with Streamgauge, the simplest first. A program of one's own appends
/// to them what [`register`] makes of its workloads.
pub fn standard() -> Vec<Arc<dyn AnyWorkload>> {
    let mut all = vec![
        register(Forward),
        register(KeyedCount),
        register(WindowedCount),
        register(WordCount),
        register(Uppercase),
    ];
    all.extend(nexmark::all());
    all
}

/// A workload with its types erased.
pub fn register<W: Workload>(workload: W) -> Arc<dyn AnyWorkload> {
    Arc::new(Registered(Arc::new(workload)))
}

/// A workload of any event type; [`register`] makes one.
pub trait AnyWorkload: Send + Sync {
    /// As results name it.
    fn name(&self) -> &'static str;
    /// What it is about.
    fn description(&self) -> Description;
    /// Every knob it understands, common ones included.
    fn knobs(&self) -> Vec<Setting>;
    /// What its result means.
    fn result(&self) -> ResultKind;
    /// Whether it has event-time windows.
    fn has_windows(&self) -> bool;
    /// Engine settings that it would have.
    fn suggests(&self) -> &'static [(&'static str, i64)];
    /// Its knobs with what was given; `event_rate` becomes `rate`, or 1,000,000 at max, unless
    /// given.
    ///
    /// # Errors
    /// For an unknown knob, a value that is none for it, values that do not go together, and a key
    /// file that cannot be used.
    fn resolve(
        &self,
        given: &BTreeMap<String, Value>,
        rate: Option<f64>,
    ) -> Result<Settings, SettingError>;
    /// Its generated events.
    fn generate(&self, knobs: &Settings, seed: u64) -> Box<dyn AnyEvents>;
    /// Events out of the lines of a finite input; `name` is the input as the user knows it.
    ///
    /// # Errors
    /// When a line cannot be read.
    fn lines(
        &self,
        knobs: &Settings,
        name: &str,
        input: &mut dyn BufRead,
    ) -> Result<Box<dyn AnyEvents>, InputError>;
    /// Events out of the lines of an input without an end of its own, such as a pipe or a socket,
    /// read on a thread into a log. Each is planned when it becomes readable, by `clock`, and has
    /// its event time from its number, by `event_rate`. The log is kept in memory, so that events
    /// can be read again and the answer computed from them; it fails beyond 1 GiB of text.
    fn live(&self, knobs: &Settings, live: LiveInput) -> Box<dyn AnyEvents>;
}

/// The events of one workload under fixed knobs.
pub trait AnyEvents: Send + Sync {
    /// How many there are: `u64::MAX` when they are generated, for then there are as many as are
    /// asked for; `None` when only the input knows.
    fn count(&self) -> Option<u64>;
    /// The job over the first `schedule.events` of them, or over all if there are fewer.
    fn plan(&self, schedule: Schedule, sink: SinkSlot) -> Plan;
    /// The answer for the first `count` events, or for all if there are fewer (of a live input:
    /// if fewer have come). It counts every event, those included that an engine finds late.
    fn expected(&self, count: u64) -> Digest;
    /// The first `count` events, or all if there are fewer, as NDJSON.
    fn sample(&self, count: u64) -> String;
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

/// An input that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{input}{}: {cause}", place(*.line, *.column))]
pub struct InputError {
    /// The input, as the user named it.
    pub input: String,
    /// Line, from 1; 0 when the input as a whole is meant.
    pub line: u64,
    /// Column, from 1; 0 when the line as a whole is meant.
    pub column: u64,
    /// What is wrong.
    pub cause: String,
}

fn place(line: u64, column: u64) -> String {
    match (line, column) {
        (0, _) => String::new(),
        (line, 0) => format!(":{line}"),
        (line, column) => format!(":{line}:{column}"),
    }
}
