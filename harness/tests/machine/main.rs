//! What else goes on on the machine: a program of its own, as nothing may run beside it but what it
//! starts itself.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "these tests load the machine by themselves")]

use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dataflow::job::engine::{BoxFuture, Control, Engine, Job};
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::Setting;
use dataflow::{Completion, EngineError, StopSignal};
use reports::schema::{MachineLoad, RunResult};
use streamgauge::Registry;
use streamgauge::internals::{Answer, Rate, Real, RunSpec, Runner, Silent};

/// The sequential engine, with a thread for every core that does nothing but to fill it.
struct Filling(Arc<dyn Engine>);

impl Engine for Filling {
    fn name(&self) -> &'static str {
        "filling"
    }
    fn describe(&self) -> &'static str {
        "fills all cores by itself"
    }
    fn settings(&self) -> &'static [Setting] {
        self.0.settings()
    }
    fn run(
        &self,
        job: Job,
        runtime: Arc<dyn Runtime>,
        control: Control,
    ) -> BoxFuture<Result<Completion, EngineError>> {
        let running = self.0.run(job, runtime, control);
        Box::pin(async move {
            let stop = Arc::new(AtomicBool::new(false));
            let fill = |stop: Arc<AtomicBool>| while !stop.load(Ordering::Relaxed) {};
            let threads: Vec<_> = (0..cores())
                .map(|_| {
                    let stop = Arc::clone(&stop);
                    std::thread::spawn(move || fill(stop))
                })
                .collect();
            let ended = running.await;
            stop.store(true, Ordering::Relaxed);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            ended
        })
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A second of latency on an engine, and what went on beside it.
fn measured(engine: &str) -> (RunResult, MachineLoad) {
    let standard = Registry::standard();
    let sequential = standard.engine("sequential").unwrap();
    let registry = standard.with_engine(Filling(sequential));
    let spec = RunSpec::new(&registry, engine, "keyed-count")
        .unwrap()
        .rate(Rate::PerSecond(5_000.0))
        .events(5_000)
        .resolve()
        .unwrap();
    let (stop, mut real) = (StopSignal::default(), Real);
    let result = Runner::new(&mut real, &stop, &Silent).run(&spec, Answer::Evaluated);
    let result = result.unwrap().result;
    let load = result.machine.clone().expect("Linux tells");
    (result, load)
}

/// Programs that fill every core, until they are dropped.
struct Hogs(Vec<Child>);

impl Hogs {
    fn new() -> Self {
        let hog = || Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        Self((0..cores()).map(|_| hog()).collect())
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        for hog in &mut self.0 {
            hog.kill().and_then(|()| hog.wait()).map(drop).unwrap_or_default();
        }
    }
}

/// One after the other: whatever runs beside a run belongs to the test.
#[test]
fn others_disturb_a_run_and_its_own_load_does_not() {
    let (run, load) = measured("filling");
    let because = load.disturbed_because.clone().unwrap_or_default();
    assert!(!because.contains("stood still"), "its own load was held against it: {load:?}");
    let used = run.cpu_ns_per_record.unwrap() * run.records_in as f64;
    assert!(used > 0.3 * cores() as f64 * 1e9, "the cores were full: {used} of {load:?}");

    for engine in ["filling", "sequential", "pipelined", "microbatch"] {
        let hogs = Hogs::new();
        let (run, load) = measured(engine);
        drop(hogs);
        let because = load.disturbed_because.clone().unwrap_or_default();
        assert!(because.starts_with("other programs took"), "{engine}: {load:?}");
        assert!(!run.valid && run.invalid_because.iter().any(|it| it.contains(&because)));
    }
}
