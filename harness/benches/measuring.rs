//! What measuring costs a record: latency into histograms, batch by batch.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dataflow::record::emission_times::Timed;
use dataflow::{EventTime, ProcessingTime, StampUnit, Stamps};
use streamgauge::internals::{Recorder, WindowClock};
use workloads::schedule::load_shape::LoadShape;

const RECORDS: u32 = 4_096;

fn recording(criterion: &mut Criterion) {
    let times: Vec<Timed> = (0..RECORDS)
        .map(|number| {
            let stamps = Stamps { planned: number * 20, ingested: number * 20 };
            Timed { event_time: EventTime(i64::from(number) * 10_000), stamps, records: 1 }
        })
        .collect();
    let windows =
        WindowClock { event_rate: 100_000.0, rate: 100_000.0, shape: LoadShape::CONSTANT };
    let mut group = criterion.benchmark_group("recording the latency of a record");
    group.throughput(Throughput::Elements(u64::from(RECORDS)));
    for (name, windows) in [("of any result", None), ("of a window's result", Some(windows))] {
        let mut recorder = Recorder::new(ProcessingTime::ZERO, StampUnit::MICROSECOND, windows);
        group.bench_function(name, |bencher| {
            bencher.iter(|| recorder.record(black_box(&times), ProcessingTime(100_000_000)));
        });
    }
    group.finish();
}

criterion_group!(benches, recording);
criterion_main!(benches);
