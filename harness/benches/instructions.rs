//! Instructions that a record costs on each engine, counted by callgrind: they are the same on a
//! busy machine, so they show a change of a percent where times do not.
//!
//! ```sh
//! cargo bench --bench instructions [-- WORKLOAD..]
//! ```
//!
//! A figure is the difference between a run of 2 M events and one of 1 M, over 1 M: what starting,
//! growing tables and ending cost falls out. One worker thread runs everything. Each figure is taken
//! twice in turn, so that a reader sees how far equal runs lie apart before comparing two commits.
//! Needs `valgrind`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use dataflow::job::engine::{Control, Job};
use dataflow::job::observer::Silent;
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::Settings;
use dataflow::{ProcessingTime, StampUnit, StopSignal};
use runtime::{WallClock, WallOptions};
use streamgauge::Registry;
use streamgauge::internals::measuring;
use workloads::schedule::arrival::Schedule;
use workloads::schedule::load_shape::LoadShape;

/// Events of the shorter run; the longer one has twice as many.
const EVENTS: u64 = 1_000_000;
/// What is measured unless workloads are named.
const WORKLOADS: &[&str] = &["forward", "keyed-count", "windowed-count"];
/// The first argument of the program when it is the one that is counted.
const COUNTED: &str = "--counted";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, engine, workload, events] = &arguments[..]
        && first == COUNTED
    {
        run(engine, workload, events.parse().expect("a number of events"));
        return ExitCode::SUCCESS;
    }
    let named: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|it| !it.starts_with('-')).collect();
    let workloads = if named.is_empty() { WORKLOADS } else { &named[..] };
    println!("{:<16} {:<12} {:>14} {:>14} {:>8}", "workload", "engine", "first", "again", "apart");
    for workload in workloads {
        for engine in Registry::standard().engines {
            let figures = [(); 2].map(|()| per_record(engine.name(), workload));
            let [Ok(first), Ok(again)] = figures else {
                let reason = figures.into_iter().find_map(Result::err).unwrap_or_default();
                eprintln!("error: {reason}");
                return ExitCode::FAILURE;
            };
            let apart = 100.0 * (again / first - 1.0);
            let name = engine.name();
            println!("{workload:<16} {name:<12} {first:>14.2} {again:>14.2} {apart:>7.2}%");
        }
    }
    ExitCode::SUCCESS
}

/// Instructions per record of one engine on one workload.
fn per_record(engine: &str, workload: &str) -> Result<f64, String> {
    let shorter = counted(engine, workload, EVENTS)?;
    let longer = counted(engine, workload, 2 * EVENTS)?;
    Ok((longer - shorter) / EVENTS as f64)
}

/// Instructions of a whole run, in a process of its own under callgrind.
fn counted(engine: &str, workload: &str, events: u64) -> Result<f64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([COUNTED, engine, workload, &events.to_string()])
        .output()
        .map_err(|error| format!("`valgrind` does not start ({error}); install it"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let collected = told.lines().find_map(|line| line.split("Collected :").nth(1));
    collected
        .and_then(|figure| figure.trim().parse().ok())
        .ok_or_else(|| format!("callgrind tells no count of {engine} on {workload}:\n{told}"))
}

/// Runs a workload to its end on one worker thread.
fn run(engine: &str, workload: &str, events: u64) {
    let registry = Registry::standard();
    let engine = registry.engine(engine).expect("an engine of the registry");
    let workload = registry.workload(workload).expect("a standard workload");
    let knobs = workload.resolve(&BTreeMap::new(), None).expect("defaults are sound");
    let generated = workload.generate(&knobs, 42);
    let (slot, measured) = measuring(None, None);
    let (start, unit) = (ProcessingTime::ZERO, StampUnit::MICROSECOND);
    let shape = LoadShape::CONSTANT;
    let schedule = Schedule { rate: None, events, warm_up: 0, start, unit, shape };
    let settings = Settings::resolve("engine", engine.settings(), &BTreeMap::new(), true);
    let plan = generated.plan(schedule, slot);
    let job = Job::fresh(plan, 2, settings.expect("defaults are sound"));
    let clock = WallClock::new(WallOptions { seed: 42, worker_threads: 1 }).expect("threads");
    let runtime: Arc<dyn Runtime> = clock;
    let control = Control { stop: StopSignal::default(), observer: Arc::new(Silent) };
    let running = engine.run(job, Arc::clone(&runtime), control);
    let ended = runtime.block_on(Box::pin(async move {
        running.await.expect("the engine does not fail");
    }));
    ended.expect("real time passes by itself");
    black_box(measured.lock().expect("the run is over").digest);
}
