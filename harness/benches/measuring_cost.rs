//! What measuring costs a whole run: the same events with latencies, histograms and trails, and
//! without, in alternation. `cargo bench --bench measuring_cost -- [EVENTS] [PAIRS] [NAME..]`, where
//! a name is one of an engine or a workload: engines and workloads that are not named are left out.
//!
//! These are the workloads on which measuring weighs most: there is little else to do for a record.
//! All events are planned within the first moments of a run, so that engines are at their limit
//! either way. Prints the factor of the throughput and of the processor time per record with
//! measuring over that without, with 95 % intervals over pairs of runs, and of the throughput also
//! that of the fastest runs: noise only ever makes a run slower.

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::StopSignal;
use reports::result::{Measures, RunResult};
use streamgauge::execute::{Recovery, RunSpec, Surroundings, execute};
use streamgauge::out;
use streamgauge::progress::Progress;
use streamgauge::registry::{Registry, resolve_settings};
use streamgauge::run_clock::{Clock, clock};
use streamgauge::statistics::Ratio;

/// Enough for half a second: what a run pays once, some milliseconds, is then little.
const EVENTS: u64 = 20_000_000;
const PAIRS: usize = 10;
/// Far above what any engine takes, in events per second.
const RATE: f64 = 1e8;
const PARALLELISM: u32 = 2;
const ENGINES: [&str; 3] = ["sequential", "pipelined", "microbatch"];
const WORKLOADS: [&str; 2] = ["keyed-count", "windowed-count"];

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let (numbers, names): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.parse::<u64>().is_ok());
    let mut numbers = numbers.into_iter().filter_map(|number| number.parse::<u64>().ok());
    let asked = |name: &str, of: &[&str]| {
        let mut named = names.iter().filter(|asked| of.contains(&asked.as_str())).peekable();
        named.peek().is_none() || named.any(|asked| asked.as_str() == name)
    };
    let events = numbers.next().unwrap_or(EVENTS);
    let pairs = numbers.next().map_or(PAIRS, |pairs| pairs as usize);
    out::line(&format!("with measuring over without; {events} events, {pairs} pairs of runs"));
    for workload in WORKLOADS.into_iter().filter(|workload| asked(workload, &WORKLOADS)) {
        for engine in ENGINES.into_iter().filter(|engine| asked(engine, &ENGINES)) {
            run(engine, workload, events, Measures::Latency);
            let (mut speeds, mut costs) = (Vec::new(), Vec::new());
            for pair in 0..pairs {
                let of = |measures| run(engine, workload, events, measures);
                // Every other pair in reverse order.
                let (with, without) = if pair % 2 == 0 {
                    let with = of(Measures::Latency);
                    (with, of(Measures::Throughput))
                } else {
                    let without = of(Measures::Throughput);
                    (of(Measures::Latency), without)
                };
                speeds.push((with.throughput_per_s, without.throughput_per_s));
                let cost = |run: &RunResult| run.cpu_ns_per_record.unwrap_or(f64::NAN);
                costs.push((cost(&with), cost(&without)));
            }
            let shown = |pairs: &[(f64, f64)]| match Ratio::of(pairs) {
                Some(Ratio { mean, interval: (low, high), .. }) => {
                    format!("{mean:.3} [{low:.3}, {high:.3}]")
                }
                None => "-".to_owned(),
            };
            let fastest = |of: fn(&(f64, f64)) -> f64| speeds.iter().map(of).fold(0.0, f64::max);
            let best = fastest(|pair| pair.0) / fastest(|pair| pair.1);
            out::line(&format!(
                "{workload:<15} {engine:<11} throughput {}, fastest {best:.3}  processor time {}",
                shown(&speeds),
                shown(&costs)
            ));
        }
    }
}

fn run(engine: &str, workload: &str, events: u64, measures: Measures) -> RunResult {
    let registry = Registry::standard();
    let workload = registry.workload(workload).expect("a known workload");
    let engine = registry.engine(engine).expect("a known engine");
    let none = BTreeMap::new();
    let settings = resolve_settings(&*engine, &none, &none, &*workload, PARALLELISM, false)
        .expect("the defaults");
    let set = BTreeMap::from([("event_rate".to_owned(), 1_000_000.0.into())]);
    let knobs = workload.resolve(&set, Some(RATE)).expect("sound knobs");
    let generated = workload.generate(&knobs, 1);
    let run_clock = clock(Clock::Wall, 1, PARALLELISM, false).expect("a clock");
    let spec = RunSpec {
        experiment: "measuring".to_owned(),
        variant: engine.name().to_owned(),
        workload,
        engine: Arc::clone(&engine),
        settings,
        knobs,
        seed: 1,
        rate: Some(RATE),
        events,
        warm_up: 0,
        parallelism: PARALLELISM,
        clock: Clock::Wall,
        repeat: 0,
        measures,
        recovery: Recovery::default(),
        generator_per_s: None,
    };
    let (stop, progress) = (StopSignal::default(), Progress::new(0, true));
    let around = Surroundings::of(&*generated, &stop, &progress, &run_clock);
    // The answer does not matter here, and would take as long as the run.
    execute(&spec, around, &mut dataflow::Digest::default).expect("the run comes to its end").result
}
