//! Workloads by name, with their event types erased.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use dataflow::engine::StopSignal;
use dataflow::settings::{Setting, SettingError, Settings};
use dataflow::sink::SinkSlot;
use dataflow::{Digest, Plan, ProcessingTime, ResultKind};
use serde_json::Value;

use crate::arrival::Schedule;
use crate::spec::Description;

/// A workload of any event type.
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
    /// For an unknown knob or a value that is none for it.
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
    /// read on a thread into a log. Each is planned when it becomes readable, by `clock`.
    fn live(&self, knobs: &Settings, live: LiveInput) -> Box<dyn AnyEvents>;
}

/// The events of one workload under fixed knobs.
pub trait AnyEvents: Send + Sync {
    /// How many there are; `None` when only the input knows.
    fn count(&self) -> Option<u64>;
    /// The job over the first `schedule.events` of them.
    fn plan(&self, schedule: Schedule, sink: SinkSlot) -> Plan;
    /// The answer for the first `count` events (for a live input: for those that came).
    fn expected(&self, count: u64) -> Digest;
    /// The first `count` events as NDJSON.
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
