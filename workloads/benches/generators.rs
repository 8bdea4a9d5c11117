//! Events per second that each generator makes on one core: a source cannot be faster.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dataflow::job::source::{READ_CHUNK, Source};
use dataflow::{ProcessingTime, StampUnit};
use workloads::events::keyed_event::KeyedEvents;
use workloads::events::word_lines::WordLines;
use workloads::queries::{KeyedCount, WordCount};
use workloads::random::{Draws, below};
use workloads::registry::register;
use workloads::schedule::arrival::{PacedSource, Schedule};
use workloads::schedule::load_shape::LoadShape;
use workloads::spec::{Events, Knobs, Workload};

const EVENTS: u64 = 100_000;

fn knobs(workload: impl Workload, given: &[(&str, &str)]) -> Knobs {
    let given: BTreeMap<_, _> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    register(workload).resolve(&given, None).expect("the knobs exist")
}

/// One event after the other; `look` reads every part of one.
fn generate<G: Events>(
    criterion: &mut Criterion,
    name: &str,
    events: &G,
    look: impl Fn(&G::Event) -> u64,
) {
    let mut group = criterion.benchmark_group("generate");
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let mut sum = 0_u64;
            for number in 0..black_box(EVENTS) {
                let event = events.event(number);
                sum = sum.wrapping_add(look(&event.value) ^ event.event_time.0 as u64);
            }
            black_box(sum)
        });
    });
    group.finish();
}

/// As a source reads them: by chunks, into records with stamps.
fn read(criterion: &mut Criterion, name: &str, given: &[(&str, &str)], rate: Option<f64>) {
    let knobs = knobs(KeyedCount, given);
    let events = KeyedEvents::new(&knobs, 42);
    let schedule = Schedule {
        rate,
        events: EVENTS,
        warm_up: 0,
        start: ProcessingTime::ZERO,
        unit: StampUnit::MICROSECOND,
        shape: LoadShape::of(&knobs, 42),
    };
    let paced = PacedSource::new(Arc::new(events), schedule, 8, "generated".to_owned());
    let mut reader = paced.reader();
    let mut records = Vec::with_capacity(READ_CHUNK as usize);
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(READ_CHUNK));
    group.bench_function(name, |bencher| {
        let mut offset = 0;
        bencher.iter(|| {
            records.clear();
            let offsets = offset..offset + READ_CHUNK;
            offset = (offset + READ_CHUNK) % (EVENTS / 16);
            reader.read(3, offsets, &mut records).expect("a generator does not fail")
        });
    });
    group.finish();
}

/// What no generator can be faster than.
fn draw(criterion: &mut Criterion) {
    let draws = Draws::new(42, "bench");
    let mut group = criterion.benchmark_group("draw");
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function("one a number", |bencher| {
        bencher.iter(|| {
            let mut sum = 0_u64;
            for number in 0..black_box(EVENTS) {
                sum = sum.wrapping_add(below(draws.at(number), 100_000));
            }
            black_box(sum)
        });
    });
    group.finish();
}

fn generators(criterion: &mut Criterion) {
    draw(criterion);
    let keyed = |given: &[(&str, &str)]| KeyedEvents::new(&knobs(KeyedCount, given), 42);
    for (name, given) in [
        ("uniform", &[][..]),
        ("zipf 1.0", &[("zipf_exponent", "1")]),
        ("zipf 1.0 of 5,000,000 keys", &[("zipf_exponent", "1"), ("keys", "5000000")]),
        ("uniform, disorder 1 s", &[("disorder_ms", "1000")]),
        ("uniform, disorder 1 s, late 1 %", &[("disorder_ms", "1000"), ("late_fraction", "0.01")]),
        (
            "uniform, exponential disorder 1 s",
            &[("disorder", "exponential"), ("disorder_ms", "1000")],
        ),
        ("uniform, payload 100 bytes", &[("payload_bytes", "100")]),
        ("hot set", &[("key_distribution", "hot-set"), ("hot_drift_events", "1000")]),
        ("sequential", &[("key_distribution", "sequential")]),
    ] {
        generate(criterion, name, &keyed(given), |event| event.key ^ event.payload.len() as u64);
    }
    let lines = WordLines::new(&knobs(WordCount, &[]), 42);
    generate(criterion, "lines of words", &lines, |line| line.len() as u64);
    read(criterion, "uniform, at max", &[], None);
    read(criterion, "uniform, at a rate", &[], Some(1e6));
    read(criterion, "zipf 1.0, at max", &[("zipf_exponent", "1")], None);
    for shape in ["sine", "on-off", "poisson", "pareto"] {
        read(criterion, &format!("uniform, {shape}"), &[("load_shape", shape)], Some(1e6));
    }
}

criterion_group!(benches, generators);
criterion_main!(benches);
