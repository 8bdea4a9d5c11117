//! What a record costs in each kind of window, with its share of firing: 100,000 keys without an
//! order that a cache could foresee, a record every nanosecond of event time, a watermark every
//! 4,096 records.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dataflow::operator::lateness::LateNote;
use dataflow::operator::{Counted, Failure};
use dataflow::operators::{Count, SessionWindow, SlidingWindow, TumblingWindow};
use dataflow::{
    Collect, Data, EventTime, Operator, ProcessingTime, Progress, Record, SidePort, Stamps, Step,
};

/// Records between two firings, and nanoseconds of event time.
const SLIDE: u64 = 400_000;
const KEYS: u64 = 100_000;
const WATERMARK_EVERY: u64 = 4_096;
/// Records announced together.
const AT_ONCE: u64 = 64;

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
    fn late(&mut self, _: LateNote) {}
}

/// A key from a record's number, evenly among all.
fn key_of(number: &u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((u128::from(mixed) * u128::from(KEYS)) >> 64) as u64
}

/// Feeds the records of one slide, whichever it is, as a stage does.
fn feed(operator: &mut impl Operator<In = u64>, slide: u64) -> u64 {
    let mut results = Results::default();
    let mut records = Vec::with_capacity(AT_ONCE as usize);
    for first in (slide * SLIDE..(slide + 1) * SLIDE).step_by(AT_ONCE as usize) {
        records.extend((first..first + AT_ONCE).map(|value| Record {
            value,
            event_time: EventTime(value as i64),
            stamps: Stamps { planned: 1, ingested: 1 },
        }));
        operator.expect(black_box(&records));
        records.drain(..).for_each(|record| operator.process(record, &mut results));
        let next = first + AT_ONCE;
        if next.is_multiple_of(WATERMARK_EVERY) {
            let watermark = EventTime(next as i64 - 1);
            let progress = Progress { watermark, processing_time: ProcessingTime(next) };
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
    let mut shared = SlidingWindow::new(key_of, Count::default(), 5 * size, size);
    bench("sliding, 5 panes", &mut |slide| feed(&mut shared, slide));
    let mut unshared = SlidingWindow::new(key_of, Count::default(), 5 * size, size).unshared();
    bench("sliding, 5 windows", &mut |slide| feed(&mut unshared, slide));
    // Gaps between the records of a key are 100,000 ns on average: one in 7 ends a session.
    let mut session = SessionWindow::new(key_of, Count::default(), 2 * KEYS as i64);
    bench("session", &mut |slide| feed(&mut session, slide));
    group.finish();
}

criterion_group!(benches, windows);
criterion_main!(benches);
