//! What a record costs on its way through four operators: written by hand, fused by types, and
//! behind the erased types and the virtual call with which an engine runs them.
//!
//! Every way first fills its records, because an engine empties what it is given; the cost of
//! filling stands beside them.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dataflow::exchange::Tail;
use dataflow::operator::lateness::LateNote;
use dataflow::operator::{Counted, Failure, Then};
use dataflow::operators::{Filter, Map};
use dataflow::stage::{FusedStage, InputPort, OneInput, Stage};
use dataflow::{Batch, Collect, Data, EventTime, Operator, Outbox, Record, SidePort, Stamps, Step};

const RECORDS: u64 = 1_024;
const SMALL_BATCH: u64 = 64;

fn scramble(value: u64) -> u64 {
    value.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
fn is_kept(value: u64) -> bool {
    value >> 60 != 0
}
fn fold(value: u64) -> u64 {
    value ^ (value >> 31)
}
fn amount(value: u64) -> u64 {
    value & 0xffff
}

/// Fills the values `from..to`.
fn fill(records: &mut Vec<Record<u64>>, from: u64, to: u64) {
    records.extend((from..to).map(|value| Record {
        value,
        event_time: EventTime(value as i64),
        stamps: Stamps { planned: 1, ingested: 1 },
    }));
}

/// Three maps and a filter.
fn chain() -> impl Operator<In = u64, Out = u64> {
    let two = Then::new(Map::new(scramble), Filter::new(|value: &u64| is_kept(*value)));
    Then::new(Then::new(two, Map::new(fold)), Map::new(amount))
}

/// Adds values and event times, so that neither is computed in vain.
#[derive(Default)]
struct Sum(u64);

impl Collect<u64> for Sum {
    #[inline(always)]
    fn push(&mut self, record: Record<u64>) {
        self.0 = self.0.wrapping_add(record.value ^ record.event_time.0 as u64);
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

/// The end of a stage that adds, and tells the sum when it is flushed.
struct SumTail {
    sum: Sum,
    told: Arc<AtomicU64>,
}

impl Tail<u64> for SumTail {
    #[inline]
    fn push(&mut self, record: Record<u64>, _: &mut Outbox) {
        Collect::push(&mut self.sum, record);
    }
    fn mark(&mut self, _: EventTime, _: &mut Outbox) {}
    fn flush(&mut self, _: &mut Outbox) {
        self.told.store(self.sum.0, Ordering::Relaxed);
    }
}

fn by_hand(records: &[Record<u64>]) -> u64 {
    let mut sum = 0_u64;
    for record in records {
        let value = scramble(record.value);
        if is_kept(value) {
            sum = sum.wrapping_add(amount(fold(value)) ^ record.event_time.0 as u64);
        }
    }
    sum
}

fn fused(chain: &mut impl Operator<In = u64, Out = u64>, records: &mut Vec<Record<u64>>) -> u64 {
    let mut sum = Sum::default();
    for record in records.drain(..) {
        chain.process(record, &mut sum);
    }
    sum.0
}

fn chains(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("four operators");
    group.throughput(Throughput::Elements(RECORDS));
    let mut records = Vec::new();
    group.bench_function("filling alone", |bencher| {
        bencher.iter(|| {
            records.clear();
            fill(&mut records, 0, black_box(RECORDS));
            black_box(&mut records);
        });
    });
    group.bench_function("by hand", |bencher| {
        bencher.iter(|| {
            records.clear();
            fill(&mut records, 0, black_box(RECORDS));
            by_hand(black_box(&records))
        });
    });
    group.bench_function("fused", |bencher| {
        let mut chain = chain();
        bencher.iter(|| {
            records.clear();
            fill(&mut records, 0, black_box(RECORDS));
            fused(black_box(&mut chain), black_box(&mut records))
        });
    });
    for size in [RECORDS, SMALL_BATCH] {
        group.bench_function(format!("erased, batches of {size}"), |bencher| {
            let told = Arc::new(AtomicU64::new(0));
            let tail = SumTail { sum: Sum::default(), told: told.clone() };
            let mut stage: Box<dyn Stage> =
                black_box(Box::new(FusedStage::new(OneInput, chain(), tail, Vec::new())));
            let mut outbox = Outbox::new(&[1]);
            let mut batch = Batch::new::<u64>();
            bencher.iter(|| {
                for from in (0..black_box(RECORDS)).step_by(size as usize) {
                    batch.fill(|records| fill(records, from, from + size));
                    let upto = batch.stop();
                    let step = stage.process(InputPort(0), &mut batch, upto, &mut outbox);
                    assert!(matches!(step, Ok(Step::Done)));
                }
            });
            stage.flush(&mut outbox);
            black_box(told.load(Ordering::Relaxed));
        });
    }
    group.finish();
}

criterion_group!(benches, chains);
criterion_main!(benches);
