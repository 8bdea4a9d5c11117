//! What it costs to find the partition of a key.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dataflow::placement::{PLACEMENTS, PlacementKind};

const KEYS: u64 = 4_096;

fn placements(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("partition of a key");
    group.throughput(Throughput::Elements(KEYS));
    let keys: Vec<u64> = (0..KEYS).map(|key| key.wrapping_mul(0x9e37_79b9) % 100_000).collect();
    for name in PLACEMENTS {
        for partitions in [7, 8] {
            let placement = PlacementKind::named(name).over(partitions, None);
            group.bench_function(BenchmarkId::new(*name, partitions), |bencher| {
                bencher.iter(|| {
                    // Looked at anew for every key, as by an exchange, which does more in between.
                    let partition = |key| u64::from(black_box(&placement).partition(key));
                    keys.iter().map(partition).sum::<u64>()
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, placements);
criterion_main!(benches);
