//! Engines on the work that most of streaming is made of: a running count by key, and how much
//! of it is the digest. Read the ratios, not the times; `harness/peers` runs the same work on
//! other systems.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dataflow::StopSignal;
use dataflow::job::engine::{Control, Engine, Job};
use dataflow::job::observer::Silent;
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::Settings;
use runtime::{WallClock, WallOptions};
use streamgauge::Registry;
use streamgauge::internals::measuring;
use workloads::schedule::arrival::Schedule;

const EVENTS: u64 = 4_000_000;

/// Runs a workload to its end and returns the digest.
fn run(engine: &dyn Engine, workload: &str, events: u64, set: &[(&str, i64)]) -> i64 {
    let registry = Registry::standard();
    let workload = registry.workload(workload).expect("a standard workload");
    let is_knob = |name: &str| workload.knobs().iter().any(|knob| knob.name == name);
    let (knobs, set): (Vec<_>, Vec<_>) = set.iter().partition(|(name, _)| is_knob(name));
    let given = |set: Vec<(&str, i64)>| {
        set.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    };
    let knobs: BTreeMap<_, _> = given(knobs);
    let knobs = workload.resolve(&knobs, None).expect("defaults are sound");
    let generated = workload.generate(&knobs, 42);
    let (slot, measured) = measuring(None, None);
    let plan = generated.plan(Schedule::at_once(events), slot);
    let settings = Settings::resolve("engine", engine.settings(), &given(set), true);
    let job = Job::fresh(plan, 2, settings.expect("defaults are sound"));
    let clock = WallClock::new(WallOptions { seed: 42, worker_threads: 2 }).expect("threads");
    let runtime: Arc<dyn Runtime> = clock;
    let control = Control { stop: StopSignal::default(), observer: Arc::new(Silent) };
    let running = engine.run(job, Arc::clone(&runtime), control);
    let ended = runtime.block_on(Box::pin(async move {
        running.await.expect("the engine does not fail");
    }));
    ended.expect("real time passes by itself");
    let measured = measured.lock().expect("the run is over");
    measured.digest.records
}

fn keyed_count(criterion: &mut Criterion) {
    for workload in ["forward", "keyed-count", "windowed-count"] {
        let mut group = criterion.benchmark_group(format!("{workload}, 4 M events"));
        group.throughput(Throughput::Elements(EVENTS)).sample_size(10);
        for engine in Registry::standard().engines {
            group.bench_function(engine.name(), |bencher| {
                bencher.iter(|| black_box(run(&*engine, workload, EVENTS, &[])));
            });
        }
        group.finish();
    }
}

/// Micro-batches of two records, two tasks in each of two stages: what a batch costs by itself.
fn nearly_empty_batch(criterion: &mut Criterion) {
    let events = 20_000;
    let mut group = criterion.benchmark_group("micro-batches of 2 records, 2 + 2 tasks");
    group.throughput(Throughput::Elements(events / 2)).sample_size(10);
    group.bench_function("one batch", |bencher| {
        let set = [("max_offsets_per_trigger", 2)];
        bencher.iter(|| black_box(run(&microbatch::MicroBatch, "keyed-count", events, &set)));
    });
    group.finish();
}

/// Every Nexmark query on every engine, 25 seconds of event time; what generating the events costs
/// stands at the top.
fn nexmark(criterion: &mut Criterion) {
    let events = 500_000;
    let set = [("event_rate", 20_000)];
    let registry = Registry::standard();
    let queries = registry.workloads.iter().filter(|it| it.name().starts_with("nexmark-"));
    let mut group = criterion.benchmark_group("nexmark, 500 k events");
    group.throughput(Throughput::Elements(events)).sample_size(10);
    group.bench_function("events alone", |bencher| {
        let knobs = workloads::knobs::with_common(workloads::nexmark::KNOBS);
        let mut knobs = Settings::resolve("bench", &knobs, &BTreeMap::new(), true).expect("sound");
        knobs.set("event_rate", 20_000.0);
        let generated = workloads::nexmark::NexmarkEvents::new(&knobs, 42);
        bencher.iter(|| {
            for number in 0..black_box(events) {
                black_box(workloads::spec::Events::event(&generated, number));
            }
        });
    });
    for query in queries {
        for engine in &registry.engines {
            group.bench_function(format!("{}/{}", query.name(), engine.name()), |bencher| {
                bencher.iter(|| black_box(run(&**engine, query.name(), events, &set)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, keyed_count, nearly_empty_batch, nexmark);
criterion_main!(benches);
