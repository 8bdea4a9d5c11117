//! Windows that close leave their memory to those that open. One test alone in its binary, because
//! the allocator counts for the whole process.

use std::alloc::System;

use dataflow::operator::lateness::LateNote;
use dataflow::operator::{Counted, Failure};
use dataflow::operators::{
    Count, LateFiringWindow, ProcessingTimeWindow, SlidingWindow, TumblingWindow,
};
use dataflow::{
    Collect, Data, EventTime, Operator, ProcessingTime, Progress, Record, SidePort, Stamps, Step,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const KEYS: u64 = 1_000;
/// Records per window that tumbles, one every nanosecond.
const SIZE: i64 = 4_000;

/// Operators whose allocations are counted. The fewest are an operator's own: the thread of the test
/// harness makes some when it first waits, which may be late on a busy machine.
const OPERATORS: u32 = 3;

/// Counts what comes out.
#[derive(Default)]
struct Results(u64);

impl<T> Collect<T> for Results {
    fn push(&mut self, _: Record<T>) {
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

/// Feeds the records of as many windows, with a watermark that follows half a window behind.
fn feed(operator: &mut impl Operator<In = u64>, windows: std::ops::Range<i64>) -> u64 {
    let mut results = Results::default();
    for time in windows.start * SIZE..windows.end * SIZE {
        let stamps = Stamps { planned: 1, ingested: 1 };
        let record = Record { value: time as u64 % KEYS, event_time: EventTime(time), stamps };
        operator.process(record, &mut results);
        if time % 100 == 99 {
            let watermark = EventTime(time - SIZE / 2);
            let progress = Progress { watermark, processing_time: ProcessingTime(time as u64) };
            assert_eq!(operator.advance(progress, &mut results), Step::Done);
        }
    }
    results.0
}

fn check(name: &str, operator: impl Operator<In = u64>) {
    let counted = (0..OPERATORS).map(|_| {
        let mut operator = operator.clone();
        feed(&mut operator, 0..20);
        let region = Region::new(ALLOCATOR);
        let results = feed(&mut operator, 20..40);
        let change = region.change();
        assert_eq!(results, 20 * KEYS, "{name}");
        change.allocations + change.reallocations
    });
    assert_eq!(counted.min(), Some(0), "{name}");
}

#[test]
fn in_the_steady_state_windows_allocate_nothing() {
    let key_of = |key: &u64| *key;
    let count = Count::default;
    check("tumbling", TumblingWindow::new(key_of, count(), SIZE));
    let sliding = SlidingWindow::new(key_of, count(), 5 * SIZE, SIZE);
    check("sliding", sliding.clone());
    check("unshared", sliding.unshared());
    check("late firing", LateFiringWindow::new(key_of, count(), SIZE, 3 * SIZE));
    check("processing time", ProcessingTimeWindow::new(key_of, count(), SIZE));
}
