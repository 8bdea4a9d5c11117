//! A system of somebody else as an engine: timely dataflow, with its own exchange, its own state and
//! its own progress tracking. It cannot run plans, so it knows workloads by name; it is given events
//! as bytes and gives rows back as bytes, and everything else is as with our engines: planned times,
//! sink, evaluator, validity and report.
//!
//! `cargo run --release --example timely_engine -- verify --engine timely` checks its answers;
//! `.. -- compare --workload keyed-count --rate 50k --engine timely --engine pipelined` compares.
//!
//! The epochs of its dataflow are watermarks, in nanoseconds of event time: a window is complete when
//! the frontier has passed its last instant. It shows the seam and is not tuned: events are decoded
//! one by one, and every chunk that is read is an epoch of its own. How fast timely can be is measured
//! by `src/on_timely.rs`.

mod operators;
mod rows;
mod workers;

use std::future::poll_fn;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;

use dataflow::job::engine::{BoxFuture, Control, Engine, Job, WorkloadIdentity};
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::Setting;
use dataflow::{Completion, EngineError, StopSignal};
use streamgauge::Registry;

use crate::workers::run_workers;

const NAME: &str = "timely";
const SYSTEM: &str = "timely dataflow";
const SETTINGS: &[Setting] =
    &[Setting::choice("guarantee", &["none"], "delivery guarantee; `none`: there is no recovery")];
const WORKLOADS: [&str; 2] = ["keyed-count", "windowed-count"];

struct Timely;

impl Engine for Timely {
    fn name(&self) -> &'static str {
        NAME
    }
    fn describe(&self) -> &'static str {
        "timely dataflow 0.32 in this process, a worker for each subtask; epochs are watermarks"
    }
    fn system(&self) -> Option<&'static str> {
        Some(SYSTEM)
    }
    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }
    fn clocks(&self) -> &'static [&'static str] {
        &["wall"]
    }
    fn knows(&self, workload: &WorkloadIdentity) -> Result<(), String> {
        let (name, knobs) = (&workload.name, &workload.knobs);
        if !WORKLOADS.contains(&name.as_str()) {
            return Err(format!(
                "engine {NAME} cannot run `{name}`; it runs: {}",
                WORKLOADS.join(", ")
            ));
        }
        let differs = |(knob, usual): &(&str, &str)| {
            let value = knobs.values().get(*knob);
            value.is_some_and(|it| {
                it.as_str().map_or_else(|| it.to_string(), str::to_owned) != *usual
            })
        };
        let own = [
            ("changes", "each"),
            ("combiner", "off"),
            ("split_keys", "1"),
            ("late_fraction", "0.0"),
        ];
        match own.iter().find(|it| differs(it)) {
            Some((knob, usual)) => Err(format!(
                "`{knob}` has no effect on engine {NAME}, whose operators are its own; leave it at {usual}"
            )),
            None => Ok(()),
        }
    }
    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>> {
        // Workers are threads of timely's; the task waits for them without holding one of ours.
        let (ended, outcome) = (StopSignal::default(), Arc::new(Mutex::new(None)));
        let (ends, place) = (Ends(ended.clone()), Arc::clone(&outcome));
        let started = thread::Builder::new().name("timely".to_owned()).spawn(move || {
            let ends = ends;
            let made = run_workers(job, runtime, control);
            *place.lock().expect("no holder fails") = Some(made);
            drop(ends);
        });
        Box::pin(async move {
            started.map_err(|error| failed(&error))?;
            poll_fn(|context| ended.poll_requested(context)).await;
            let outcome = outcome.lock().expect("no holder fails").take();
            outcome.unwrap_or_else(|| Err(failed(&"it has panicked")))
        })
    }
}

/// Says that it has ended when it is dropped, by a panic too.
struct Ends(StopSignal);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.request();
    }
}

fn failed(cause: &dyn ToString) -> EngineError {
    EngineError::System { system: SYSTEM.to_owned(), cause: cause.to_string() }
}

fn main() -> ExitCode {
    streamgauge::main(&Registry::standard().with_engine(Timely))
}
