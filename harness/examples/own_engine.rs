//! An engine of your own beside the others: here the pipelined one with other defaults, so that it
//! has a name and a column of its own. An engine from scratch implements the same four methods;
//! the crate `sequential` is the shortest.
//!
//! `cargo run --example own_engine -- verify --engine eager` checks it on every workload.

use std::process::ExitCode;
use std::sync::Arc;

use dataflow::job::engine::BoxFuture;
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::{Default, Setting};
use dataflow::{Completion, Control, Engine, EngineError, Job};
use pipelined::Pipelined;
use streamgauge::Registry;

/// Sends every record by itself unless told otherwise.
struct Eager {
    settings: &'static [Setting],
}

impl Eager {
    fn new() -> Self {
        let changed = |setting: &Setting| match setting.name {
            "buffer_timeout_ms" => {
                Setting { default: Default::Number(0.0), default_at_max: None, ..*setting }
            }
            _ => *setting,
        };
        let settings: Vec<Setting> = Pipelined.settings().iter().map(changed).collect();
        Self { settings: settings.leak() }
    }
}

impl Engine for Eager {
    fn name(&self) -> &'static str {
        "eager"
    }

    fn describe(&self) -> &'static str {
        "the pipelined engine, with buffers of a single record"
    }

    fn settings(&self) -> &'static [Setting] {
        self.settings
    }

    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>> {
        Pipelined.run(job, runtime, control)
    }
}

fn main() -> ExitCode {
    streamgauge::main(&Registry::standard().with_engine(Eager::new()))
}
