//! What keyed state costs a record at various numbers of keys, and what the digest of a result
//! costs.

use std::collections::HashMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dataflow::operator::state::KeyedTable;
use dataflow::record::digest::hash_of;
use dataflow::{Change, Digest};
use foldhash::fast::FixedState;

const RECORDS: usize = 1 << 16;
const ROWS: u64 = 1_024;

/// Keys without an order that a cache could foresee.
fn keys(distinct: u64) -> Vec<u64> {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(state) * u128::from(distinct)) >> 64) as u64
    };
    (0..RECORDS).map(|_| next()).collect()
}

fn running_count(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("running count");
    group.throughput(Throughput::Elements(RECORDS as u64));
    for distinct in [1_000, 10_000, 100_000, 1_000_000] {
        let keys = keys(distinct);
        let mut table = KeyedTable::<u64, u64>::default();
        let mut map = HashMap::with_hasher(FixedState::with_seed(7));
        for key in 0..distinct {
            *table.entry(&key, || 0) += 1;
            *map.entry(key).or_insert(0_u64) += 1;
        }
        group.bench_with_input(BenchmarkId::new("table", distinct), &keys, |bencher, keys| {
            bencher.iter(|| {
                for key in keys {
                    *table.entry(key, || 0) += 1;
                }
                black_box(&mut table);
            });
        });
        group.bench_with_input(BenchmarkId::new("hash map", distinct), &keys, |bencher, keys| {
            bencher.iter(|| {
                for key in keys {
                    *map.entry(*key).or_insert(0) += 1;
                }
                black_box(&mut map);
            });
        });
    }
    group.finish();
}

fn digests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("digest");
    group.throughput(Throughput::Elements(ROWS));
    let rows: Vec<(u64, u64)> = (0..ROWS).map(|n| (n % 100, n)).collect();
    group.bench_function("row of 16 bytes", |bencher| {
        bencher.iter(|| {
            let mut digest = Digest::default();
            for row in black_box(&rows) {
                digest.insert(row);
            }
            digest
        });
    });
    group.bench_function("row of 16 bytes, each behind the other", |bencher| {
        bencher.iter(|| {
            let mut last = 0;
            for (key, count) in black_box(&rows) {
                last = hash_of(&(key ^ last as u64, *count));
            }
            last
        });
    });
    let changes: Vec<Change<(u64, u64)>> = rows
        .iter()
        .map(|&(key, count)| Change::Update { before: (key, count), after: (key, count + 1) })
        .collect();
    group.bench_function("update of a row of 16 bytes", |bencher| {
        bencher.iter(|| {
            let mut digest = Digest::default();
            for change in black_box(&changes) {
                if let Change::Update { before, after } = change {
                    digest.remove(before);
                    digest.insert(after);
                }
            }
            digest
        });
    });
    let texts: Vec<(String, u64)> = (0..ROWS).map(|n| (format!("user-{n:08}"), n)).collect();
    group.bench_function("row with a text of 13 bytes", |bencher| {
        bencher.iter(|| {
            let mut digest = Digest::default();
            for row in black_box(&texts) {
                digest.insert(row);
            }
            digest
        });
    });
    group.finish();
}

criterion_group!(benches, running_count, digests);
criterion_main!(benches);
