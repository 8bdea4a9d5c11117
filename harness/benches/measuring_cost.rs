//! What measuring costs a whole run: the same events with latencies, histograms and trails, and
//! without, in alternation. `cargo bench --bench measuring_cost -- [PAIRS] [NAME..]`, where a name
//! is that of an engine or a workload: engines and workloads that are not named are left out.
//!
//! The workloads are those whose throughput the suite `standard` measures. Measuring weighs most on
//! `forward` and `keyed-count`: each record is a result, and there is little else to do for it.
//! All events are planned within the first moments of a run, so that engines are at their limit
//! either way. Prints the factor of the throughput and of the processor time per record with
//! measuring over that without, with 95 % intervals over pairs of runs, and of the throughput also
//! that of the fastest runs: noise only ever makes a run slower.

use std::collections::BTreeMap;

use dataflow::StopSignal;
use reports::schema::{Measures, RunResult};
use streamgauge::Registry;
use streamgauge::internals::{Answer, Rate, Ratio, Real, RunSpec, Runner, Silent, line};

const PAIRS: usize = 10;
const PARALLELISM: u32 = 2;
const ENGINES: [&str; 3] = ["sequential", "pipelined", "microbatch"];

/// A workload with as many events as engines take in about half a second: what a run pays once,
/// some milliseconds, is then little. The rate is one and a half to three times what the fastest of
/// them takes: at a higher one more neighbours would have the same times, and be counted together.
struct Load {
    workload: &'static str,
    events: u64,
    /// Events per second.
    rate: f64,
}

const LOADS: [Load; 5] = [
    Load { workload: "forward", events: 50_000_000, rate: 3e8 },
    Load { workload: "keyed-count", events: 20_000_000, rate: 1e8 },
    Load { workload: "windowed-count", events: 20_000_000, rate: 1.5e8 },
    Load { workload: "nexmark-q1", events: 5_000_000, rate: 3e7 },
    Load { workload: "nexmark-q3", events: 15_000_000, rate: 1e8 },
];

fn main() {
    let arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let (numbers, names): (Vec<String>, Vec<String>) =
        arguments.partition(|argument| argument.parse::<usize>().is_ok());
    let pairs = numbers.first().and_then(|number| number.parse().ok()).unwrap_or(PAIRS);
    let workloads = LOADS.map(|load| load.workload);
    let unknown =
        |name: &&String| !ENGINES.contains(&name.as_str()) && !workloads.contains(&name.as_str());
    if let Some(name) = names.iter().find(unknown) {
        line(&format!("no `{name}`; there are {ENGINES:?} and {workloads:?}"));
        std::process::exit(2);
    }
    let asked = |name: &str, of: &[&str]| {
        let mut named = names.iter().filter(|asked| of.contains(&asked.as_str())).peekable();
        named.peek().is_none() || named.any(|asked| asked == name)
    };
    line(&format!("with measuring over without; {pairs} pairs of runs"));
    let mut all = vec![Product::default(); pairs];
    for load in LOADS.iter().filter(|load| asked(load.workload, &workloads)) {
        let workload = load.workload;
        for engine in ENGINES.into_iter().filter(|engine| asked(engine, &ENGINES)) {
            run(engine, load, Measures::Latency);
            let (mut speeds, mut costs) = (Vec::new(), Vec::new());
            for pair in 0..pairs {
                let of = |measures| run(engine, load, measures);
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
            for (product, &pair) in all.iter_mut().zip(&speeds) {
                product.factors += 1;
                product.logarithms.0 += pair.0.ln();
                product.logarithms.1 += pair.1.ln();
            }
            let fastest = |of: fn(&(f64, f64)) -> f64| speeds.iter().map(of).fold(0.0, f64::max);
            let (with, without) = (fastest(|pair| pair.0), fastest(|pair| pair.1));
            line(&format!(
                "{workload:<15} {engine:<11} throughput {}, fastest {:.3} of {:.1} M/s  processor \
                 time {}",
                shown(&speeds),
                with / without,
                without / 1e6,
                shown(&costs)
            ));
        }
    }
    let means: Vec<_> = all.iter().map(Product::mean).collect();
    line(&format!("geometric mean of all of these: throughput {}", shown(&means)));
}

/// The speeds of one pair of runs of every workload and engine, multiplied.
#[derive(Copy, Clone, Default)]
struct Product {
    factors: u32,
    logarithms: (f64, f64),
}

impl Product {
    fn mean(&self) -> (f64, f64) {
        let mean = |logarithms: f64| (logarithms / f64::from(self.factors)).exp();
        (mean(self.logarithms.0), mean(self.logarithms.1))
    }
}

fn shown(pairs: &[(f64, f64)]) -> String {
    match Ratio::of(pairs) {
        Some(Ratio { mean, interval: (low, high), .. }) => {
            format!("{mean:.3} [{low:.3}, {high:.3}]")
        }
        None => "-".to_owned(),
    }
}

fn run(engine: &str, load: &Load, measures: Measures) -> RunResult {
    let set = BTreeMap::from([("event_rate".to_owned(), 1_000_000.0.into())]);
    let spec = RunSpec::new(&Registry::standard(), engine, load.workload)
        .expect("a known engine and workload")
        .experiment("measuring")
        .knobs(set)
        .seed(1)
        .rate(Rate::PerSecond(load.rate))
        .measures(measures)
        .events(load.events)
        .parallelism(PARALLELISM)
        .resolve()
        .expect("defaults are sound");
    let (stop, mut real) = (StopSignal::default(), Real);
    // The answer does not matter here, and would take as long as the run.
    let executed = Runner::new(&mut real, &stop, &Silent).run(&spec, Answer::Unchecked);
    executed.expect("the run comes to its end").result
}
