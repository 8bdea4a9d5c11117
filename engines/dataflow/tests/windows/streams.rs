//! The same windows as a workload's author asks for them.

use std::marker::PhantomData;
use std::sync::Arc;

use dataflow::operators::{Count, Input, SessionResult, WindowResult};
use dataflow::{
    Collect, Data, Digest, EventTime, Operator, Plan, ProcessingTime, Record, SidePort, Stream,
    TwoInputOperator,
};

use crate::driver::{Events, Run, slot};

const WAYS: &[Run] = &[
    Run { parallelism: 1, buffer_bytes: 1 << 15, chunk: 256, tight: false },
    Run { parallelism: 3, buffer_bytes: 1, chunk: 4, tight: true },
];

/// Keys 7 and 8 in one split, a record every 3 ns but none from 30 to 60, and never late.
fn clicks() -> Stream<Input<u64>> {
    let times = (0..30).map(|n| n * 3).filter(|time| !(30..60).contains(time));
    let clicks = times.map(|time| (time, 7 + u64::from(time % 2 == 1)));
    Stream::from_source(Arc::new(Events(vec![clicks.collect()])), 0)
}

/// Runs a plan in every way, and finds these rows.
fn check<T: Data>(plan: impl Fn() -> Plan, late: u64, rows: &[T]) {
    let mut digest = Digest::default();
    rows.iter().for_each(|row| digest.insert(row));
    for way in WAYS {
        let outcome = way.run(&plan());
        let mut json: Vec<String> =
            rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
        json.sort();
        assert_eq!((outcome.rows, outcome.digest, outcome.late), (json, digest, late), "{way:?}");
    }
}

fn row(key: u64, end: i64, result: u64) -> WindowResult<u64, u64> {
    WindowResult { key, window_end: EventTime(end), result }
}

#[test]
fn sliding_windows() {
    // Of key 7: 0 6 12 18 24 60 66 72 78 84; of key 8: 3 9 15 21 27 63 69 75 81 87.
    let expected =
        [(20, [4, 3]), (40, [5, 5]), (60, [1, 2]), (80, [4, 3]), (100, [5, 5]), (120, [1, 2])]
            .map(|(end, [seven, eight])| [row(7, end, seven), row(8, end, eight)]);
    for is_unshared in [false, true] {
        let plan = || {
            let windows = clicks().key_by(|key| *key).sliding_window(40, 20);
            let windows = if is_unshared { windows.unshared() } else { windows };
            windows.aggregate(Count::default()).sink(slot())
        };
        check(plan, 0, expected.as_flattened());
    }
}

#[test]
fn sessions() {
    let plan =
        || clicks().key_by(|key| *key).session_window(10).aggregate(Count::default()).sink(slot());
    let session = |key, start, end| SessionResult {
        key,
        start: EventTime(start),
        end: EventTime(end),
        result: 5_u64,
    };
    check(plan, 0, &[session(7, 0, 34), session(8, 3, 37), session(7, 60, 94), session(8, 63, 97)]);
}

#[test]
fn a_window_behind_sessions_drops_nothing() {
    let events = || {
        let events = vec![(0, 1), (10, 1), (20, 2), (21, 1), (45, 3)];
        Stream::from_source(Arc::new(Events(vec![events])), 0)
    };
    let plan = || {
        let sessions = events().key_by(|key: &u64| *key).session_window(10);
        // Sessions end at 20, 30, 31 and 55, and that is when their results happen.
        let ended = sessions.aggregate(Count::default()).key_by(|_| 7_u64);
        ended.window(10).aggregate(Count::default()).sink(slot())
    };
    check(plan, 0, &[row(7, 30, 1), row(7, 40, 2), row(7, 60, 1)]);
}

#[test]
fn allowed_lateness() {
    // The first window fires at 20, and takes in the record of 7 until 29.
    let events = || {
        let events = vec![(0, 1), (21, 1), (7, 1), (31, 1), (8, 1), (40, 1)];
        Stream::from_source(Arc::new(Events(vec![events])), 0)
    };
    let plan = |late| {
        move || {
            let windows = events().key_by(|key: &u64| *key).window(10).allowed_lateness(20);
            let windows = if late { windows.late_to(SidePort::new(0)) } else { windows };
            windows.aggregate(Count::default()).sink_changes(slot())
        }
    };
    let mut digest = Digest::default();
    [row(1, 10, 2), row(1, 30, 1), row(1, 40, 1), row(1, 50, 1)]
        .iter()
        .for_each(|row| digest.insert(row));
    for late in [false, true] {
        // A chunk of one event: a watermark stands behind each.
        let way = Run { parallelism: 1, buffer_bytes: 1 << 15, chunk: 1, tight: true };
        let outcome = way.run(&plan(late)());
        assert_eq!((outcome.digest.sum, outcome.late), (digest.sum, 1), "{:?}", outcome.rows);
        // Four rows put in, and one of them replaced.
        let changes = |op: &str| outcome.rows.iter().filter(|row| row.contains(op)).count();
        assert_eq!([changes("+I"), changes("-U"), changes("+U"), changes("-D")], [4, 1, 1, 0]);
    }
}

#[test]
fn processing_time_windows() {
    // The driver's clock stands still, so that only the end of the input closes a window.
    let plan = || {
        let windows = clicks().key_by(|key| *key).processing_time_window(1_000);
        windows.aggregate(Count::default()).sink(slot())
    };
    let row = |key| WindowResult { key, window_end: ProcessingTime(1_000), result: 10_u64 };
    check(plan, 0, &[row(7), row(8)]);
}

/// Hands the right input on: a plan has one sink, and the windows have to lead somewhere.
#[derive(Clone)]
struct OnlyRight<L>(PhantomData<fn(L)>);

impl<L: Data> TwoInputOperator for OnlyRight<L> {
    type Left = L;
    type Right = u64;
    type Out = u64;
    fn process_left(&mut self, _: Record<L>, _: &mut impl Collect<u64>) {}
    fn process_right(&mut self, record: Record<u64>, out: &mut impl Collect<u64>) {
        out.push(record);
    }
}

const LATE: SidePort<u64> = SidePort::new(0);

fn late_records<Op: Operator<Out: Data>>(windows: Stream<Op>) -> Plan {
    let late = windows.side_output(LATE).key_by(|record| *record);
    windows.key_by(|_| 0_u64).join(late, OnlyRight(PhantomData)).sink(slot())
}

#[test]
fn late_records_of_every_kind_of_window_can_be_consumed() {
    let keyed = || {
        let events = vec![(0, 1), (500, 1), (7, 5), (501, 1), (9, 6)];
        Stream::from_source(Arc::new(Events(vec![events])), 0).key_by(|_: &u64| 1_u64)
    };
    let count = Count::default;
    let plans = [
        late_records(keyed().sliding_window(10, 5).late_to(LATE).aggregate(count())),
        late_records(keyed().session_window(10).late_to(LATE).aggregate(count())),
        late_records(keyed().window(10).late_to(LATE).allowed_lateness(10).aggregate(count())),
    ];
    let way = Run { parallelism: 1, buffer_bytes: 1 << 15, chunk: 1, tight: true };
    for plan in plans {
        let outcome = way.run(&plan);
        assert_eq!((outcome.late, outcome.rows), (2, vec!["5".to_owned(), "6".to_owned()]));
    }
}
