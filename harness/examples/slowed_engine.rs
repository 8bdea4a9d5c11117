//! The pipelined and the micro-batch engine, slowed by a known share: whether a comparison finds a
//! difference that is there. Each thread burns that share of the processor time that it has used, so
//! an engine that is bound by its processor takes 1.05, 1.10 or 1.20 times as long.
//!
//! `cargo run --release --example slowed_engine -- compare --duet --workload forward --engine pipelined
//! --engine pipelined-10 --duration 2s` must come to a ratio of 1.10.

use std::cell::Cell;
use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use cpu_time::ThreadTime;
use dataflow::job::engine::{BoxFuture, Control, Engine, Job};
use dataflow::job::link::{Link, LinkSpec};
use dataflow::job::runtime::{
    CostKind, CostKinds, Deadlock, Home, Role, Runtime, Task, Timer, Work,
};
use dataflow::job::settings::Setting;
use dataflow::job::storage::Storage;
use dataflow::{Completion, EngineError, ProcessingTime};
use streamgauge::Registry;

/// Steps between two looks at the clock, which costs more than a step may.
const STEPS: u32 = 256;

thread_local! {
    /// Steps since the last look, and the processor time of the thread up to which is paid for.
    static PAID: Cell<(u32, Duration)> = const { Cell::new((0, Duration::ZERO)) };
}

/// Another engine, slowed by a percentage.
struct Slowed {
    name: &'static str,
    engine: Arc<dyn Engine>,
    percent: u32,
}

impl Engine for Slowed {
    fn name(&self) -> &'static str {
        self.name
    }
    fn describe(&self) -> &'static str {
        "an engine that burns a known share of the processor time that it uses"
    }
    fn settings(&self) -> &'static [Setting] {
        self.engine.settings()
    }
    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>> {
        let share = f64::from(self.percent) / 100.0;
        self.engine.run(job, Arc::new(Burning { inner: runtime, share }), control)
    }
}

/// A runtime whose work takes longer.
struct Burning {
    inner: Arc<dyn Runtime>,
    share: f64,
}

impl Burning {
    /// Called at each step of the engine, on the thread that made it.
    fn burn(&self) {
        let (steps, paid) = PAID.get();
        if steps + 1 < STEPS {
            PAID.set((steps + 1, paid));
            return;
        }
        let used = || ThreadTime::now().as_duration();
        let until = paid + (used() - paid).mul_f64(1.0 + self.share);
        while used() < until {}
        // What was burnt beyond that is part of what is paid for next.
        PAID.set((0, until));
    }
}

impl Runtime for Burning {
    // Each turn is to be told of, whatever it costs.
    fn priced(&self) -> CostKinds {
        self.inner.priced().with(CostKind::Record)
    }
    fn reserve(&self, home: Home, work: Work) -> Option<ProcessingTime> {
        self.burn();
        self.inner.reserve(home, work)
    }
    fn clock(&self) -> &'static str {
        self.inner.clock()
    }
    fn now(&self) -> ProcessingTime {
        self.inner.now()
    }
    fn timer(&self) -> Box<dyn Timer> {
        self.inner.timer()
    }
    fn spawn_as(&self, home: Home, role: Role, task: Task) {
        self.inner.spawn_as(home, role, task);
    }
    fn deliver(&self, message: &'static str, action: Box<dyn FnOnce() + Send>) {
        self.inner.deliver(message, action);
    }
    fn link(&self, spec: LinkSpec) -> Box<dyn Link> {
        self.inner.link(spec)
    }
    fn storage(&self) -> Arc<dyn Storage> {
        self.inner.storage()
    }
    fn block_on(&self, task: Task) -> Result<(), Deadlock> {
        self.inner.block_on(task)
    }
    fn random(&self, stream: &str) -> u64 {
        self.inner.random(stream)
    }
    fn tracing(&self) -> bool {
        self.inner.tracing()
    }
    fn trace(&self, line: fmt::Arguments<'_>) {
        self.inner.trace(line);
    }
}

fn main() -> ExitCode {
    let mut registry = Registry::standard();
    for (name, of, percent) in [
        // What slowing costs by itself.
        ("pipelined-0", "pipelined", 0),
        ("microbatch-0", "microbatch", 0),
        ("pipelined-5", "pipelined", 5),
        ("pipelined-10", "pipelined", 10),
        ("pipelined-20", "pipelined", 20),
        ("microbatch-5", "microbatch", 5),
        ("microbatch-10", "microbatch", 10),
        ("microbatch-20", "microbatch", 20),
    ] {
        let engine = registry.engine(of).expect("the standard engines are there");
        registry = registry.with_engine(Slowed { name, engine, percent });
    }
    streamgauge::main(&registry)
}
