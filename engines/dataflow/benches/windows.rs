//! What a record costs in each kind of window, with its share of firing: 100,000 keys without an
//! order that a cache could foresee, a record every nanosecond of event time, a watermark every
//! 4,096 records.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dataflow::operator::{Counted, Failure};
use dataflow::operators::{Count, TumblingWindow};
use dataflow::{
    Collect, Data, EventTime, Operator, ProcessingTime, Progress, Record, SidePort, Stamps, Step,
};

/// Records between two firings, and nanoseconds of event time.
const SLIDE: u64 = 400_000;
const KEYS: u64 = 100_000;
const WATERMARK_EVERY: u64 = 4_096;

/// Counts what comes out.
#[derive(Default)]
struct Results(u64);

impl<T> Collect<T> for Results {
    #[inline(always)]
    fn push(&mut self, record: Record<T>) {
        black_box(&record);
        self.0 += 1;
    }
    fn side<S: Data>(&mut self, _: SidePort<S>, _: Record<S>) {}
    fn is_full(&self) -> bool {
        false
    }
    fn fail(&mut self, failure: Failure) {
        panic!("{failure}");
    }
    fn count(&mut self, _: Counted) {}
}

/// A key from a record's number, evenly among all.
fn key_of(number: &u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((u128::from(mixed) * u128::from(KEYS)) >> 64) as u64
}

/// Feeds the records of one slide, whichever it is.
fn feed(operator: &mut impl Operator<In = u64>, slide: u64) -> u64 {
    let mut results = Results::default();
    let stamps = Stamps { planned: 1, ingested: 1 };
    for number in slide * SLIDE..(slide + 1) * SLIDE {
        let event_time = EventTime(number as i64);
        operator.process(Record { value: number, event_time, stamps }, &mut results);
        if number % WATERMARK_EVERY == WATERMARK_EVERY - 1 {
            let progress =
                Progress { watermark: event_time, processing_time: ProcessingTime(number) };
            assert_eq!(operator.advance(progress, &mut results), Step::Done);
        }
    }
    results.0
}

fn windows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("windows");
    group.throughput(Throughput::Elements(SLIDE)).sample_size(20);
    let mut bench = |name: &str, operator: &mut dyn FnMut(u64) -> u64| {
        let mut slide = 0;
        // Until every window is as full as it gets, and its tables as large.
        while slide < 12 {
            operator(slide);
            slide += 1;
        }
        group.bench_function(BenchmarkId::new(name, KEYS), |bencher| {
            bencher.iter(|| {
                slide += 1;
                black_box(operator(slide - 1))
            });
        });
    };
    let size = SLIDE as i64;
    let mut tumbling = TumblingWindow::new(key_of, Count::default(), size);
    bench("tumbling", &mut |slide| feed(&mut tumbling, slide));
    group.finish();
}

criterion_group!(benches, windows);
criterion_main!(benches);
