//! The steady state of a stage allocates nothing. One test alone in its binary, because the
//! allocator counts for the whole process.

use std::alloc::System;
use std::hint::black_box;

use dataflow::exchange::{ByKey, Exchange};
use dataflow::operator::Then;
use dataflow::operators::{Count, Input, Map, RunningAggregate};
use dataflow::placement::Placement;
use dataflow::stage::{FusedStage, InputPort, OneInput, Stage};
use dataflow::{Batch, Change, EventTime, Outbox, ProcessingTime, Progress, Record, Stamps, Step};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const KEYS: u64 = 100;
const RECORDS: u64 = 1_024;
const CHANNELS: usize = 4;
const WARM_UP: u64 = 100;
const BATCHES: u64 = 1_000;
/// Stages whose allocations are counted. The fewest are a stage's own: the thread of the test
/// harness makes some when it first waits, which may be late on a busy machine.
const STAGES: u64 = 3;

type Row = Change<(u64, u64)>;

/// Allocations and reallocations while `body` runs.
fn allocations(body: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    body();
    let change = region.change();
    change.allocations + change.reallocations
}

/// What becomes of the buffers that a stage has filled.
#[derive(Copy, Clone, PartialEq)]
enum Emptied {
    /// They come back to its pool.
    GivenBack,
    /// They are gone, as those that a micro-batch has beyond its pools.
    Dropped,
}

/// A batch through the stage, with a watermark behind it. Says how many records and buffers left.
fn turn(
    stage: &mut dyn Stage,
    outbox: &mut Outbox,
    batch: &mut Batch,
    number: u64,
    emptied: Emptied,
) -> (u64, u64) {
    batch.fill(|records| {
        records.extend((0..RECORDS).map(|n| Record {
            value: number * RECORDS + n,
            event_time: EventTime((number * RECORDS + n) as i64),
            stamps: Stamps { planned: 1, ingested: 1 },
        }));
    });
    let upto = batch.stop();
    let step = stage.process(InputPort(0), batch, upto, outbox);
    assert!(matches!(step, Ok(Step::Done)));
    let watermark = EventTime((number * RECORDS) as i64);
    let progress = Progress { watermark, processing_time: ProcessingTime::ZERO };
    let step = stage.advance(progress, outbox);
    assert!(matches!(step, Ok(Step::Done)));
    if number.is_multiple_of(3) {
        stage.flush(outbox);
    }
    let (mut seen, mut buffers) = (0, 0);
    while let Some(mut sealed) = outbox.take() {
        while !sealed.batch.is_finished() {
            let stop = sealed.batch.stop();
            seen += sealed.batch.drain::<Row>(stop).count() as u64;
            sealed.batch.take_mark();
        }
        buffers += 1;
        if emptied == Emptied::GivenBack {
            outbox.give_back(sealed.edge, sealed.batch);
        }
    }
    (seen, buffers)
}

/// Allocations of a warm running count over all batches, and the buffers that it filled in them.
fn warm_allocations(emptied: Emptied) -> (usize, u64) {
    (0..STAGES).map(|_| allocations_of_one(emptied)).min().expect("there are some")
}

fn allocations_of_one(emptied: Emptied) -> (usize, u64) {
    let count = RunningAggregate::new(|value: &u64| value % KEYS, Count::default());
    let chain = Then::new(Then::new(Input::default(), Map::new(|value: u64| value + 1)), count);
    let key_of = |change: &Row| match change {
        Change::Insert(row) | Change::Delete(row) => row.0,
        Change::Update { after, .. } => after.0,
    };
    let placement = Placement::key_groups(CHANNELS as u32, None);
    let tail = Exchange::new(ByKey { key_of, placement }, 0, CHANNELS, 1 << 12);
    let mut stage = FusedStage::new(OneInput, chain, tail, Vec::new());
    let mut outbox = Outbox::new(&[CHANNELS]);
    let mut batch = Batch::new::<u64>();
    let (mut seen, mut buffers) = (0, 0);
    let mut run = |numbers: std::ops::Range<u64>| {
        buffers = 0;
        for number in numbers {
            let left = turn(&mut stage, &mut outbox, &mut batch, number, emptied);
            (seen, buffers) = (seen + left.0, buffers + left.1);
        }
    };
    run(0..WARM_UP);
    let allocated = allocations(|| run(WARM_UP..WARM_UP + BATCHES));
    // It did run: what is missing still lies in open buffers.
    let fed = (WARM_UP + BATCHES) * RECORDS;
    assert!(seen > fed - RECORDS && seen <= fed, "{seen} of {fed}");
    (allocated, buffers)
}

#[test]
fn a_warm_stage_allocates_only_for_buffers_that_do_not_come_back() {
    assert_eq!(allocations(|| drop(black_box(Box::new(1_u64)))), 1, "the counter counts");
    assert_eq!(warm_allocations(Emptied::GivenBack).0, 0, "in {BATCHES} batches of {RECORDS}");
    // The batch, its records and its watermarks, each at once.
    let (allocated, buffers) = warm_allocations(Emptied::Dropped);
    assert!(buffers > 4 * BATCHES, "{buffers}");
    assert!(allocated as u64 <= 3 * buffers, "{allocated} for {buffers} buffers");
}
