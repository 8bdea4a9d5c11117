//! Whole plans with joins and side outputs, run by a driver of their own: edges, ports and types
//! must fit together, and no way of running them may change the answer.

mod driver;

use std::collections::BTreeMap;
use std::sync::Arc;

use dataflow::job::plan::{EdgeKind, StageId};
use dataflow::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use dataflow::operator::state::KeyedTable;
use dataflow::operators::{Count, WindowResult};
use dataflow::stage::InputPort;
use dataflow::{
    Collect, Data, Digest, Operator, Plan, Progress, Record, SidePort, Stream, TwoInputOperator,
};
use driver::{Events, Outcome, Run, slot};
use serde::{Deserialize, Serialize};

const WAYS: &[Run] = &[
    Run { parallelism: 1, buffer_bytes: 1 << 15, chunk: 256, tight: false },
    Run { parallelism: 2, buffer_bytes: 1 << 15, chunk: 4, tight: false },
    Run { parallelism: 2, buffer_bytes: 100, chunk: 4, tight: true },
    Run { parallelism: 3, buffer_bytes: 1, chunk: 7, tight: true },
];

/// Runs a plan in every way; all must agree on what comes out.
fn run(plan: impl Fn() -> Plan, ways: &[Run]) -> Outcome {
    let mut outcomes = ways.iter().map(|way| (way, way.run(&plan())));
    let (_, first) = outcomes.next().expect("there is a way");
    for (way, outcome) in outcomes {
        assert_eq!(outcome.rows, first.rows, "{way:?}");
        assert_eq!((outcome.digest, outcome.late), (first.digest, first.late), "{way:?}");
    }
    first
}

/// The outcome must hold these rows and no others, by text and by digest.
fn check<T: Data>(outcome: &Outcome, expected: &[T]) {
    let json = |row| serde_json::to_string(row).expect("a row is JSON");
    let mut rows: Vec<String> = expected.iter().map(json).collect();
    rows.sort();
    assert_eq!(outcome.rows, rows);
    let mut digest = Digest::default();
    expected.iter().for_each(|row| digest.insert(row));
    assert_eq!(outcome.digest, digest);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Click { user: u64, page: u64 },
    Name { user: u64, name: String },
}
impl Data for Event {}

/// Names to the side, clicks straight on.
#[derive(Clone)]
struct SortOut(SidePort<(u64, String)>);

impl Operator for SortOut {
    type In = Event;
    type Out = (u64, u64);
    fn process(&mut self, record: Record<Event>, out: &mut impl Collect<(u64, u64)>) {
        match record.value.clone() {
            Event::Click { user, page } => out.push(record.with((user, page))),
            Event::Name { user, name } => out.side(self.0, record.with((user, name))),
        }
    }
}

/// Every left record with every right one of its key, whichever comes first.
#[derive(Clone, Default)]
struct PairUp {
    table: KeyedTable<u64, (Vec<u64>, Vec<String>)>,
}

impl TwoInputOperator for PairUp {
    type Left = (u64, u64);
    type Right = (u64, String);
    type Out = (u64, u64, String);

    fn process_left(&mut self, record: Record<(u64, u64)>, out: &mut impl Collect<Self::Out>) {
        let (key, left) = record.value;
        let (lefts, rights) = self.table.entry(&key, Default::default);
        lefts.push(left);
        rights.iter().for_each(|right| out.push(record.with((key, left, right.clone()))));
    }
    fn process_right(&mut self, record: Record<(u64, String)>, out: &mut impl Collect<Self::Out>) {
        let (key, right) = record.value.clone();
        let (lefts, rights) = self.table.entry(&key, Default::default);
        rights.push(right.clone());
        lefts.iter().for_each(|left| out.push(record.with((key, *left, right.clone()))));
    }
    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        self.table.write(since, into);
    }
    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.table.read(from)
    }
}

fn clicks_and_names() -> Vec<Vec<(i64, Event)>> {
    let event = |split: u64, n: u64| match (split + n) % 5 {
        0 => Event::Name { user: n % 7, name: format!("name-{split}-{n}") },
        _ => Event::Click { user: n % 9, page: split * 1_000 + n },
    };
    (0..3).map(|split| (0..60).map(|n| (n as i64, event(split, n))).collect()).collect()
}

fn pairing_plan() -> Plan {
    let names = SidePort::new(0);
    let clicks = Stream::from_source(Arc::new(Events(clicks_and_names())), 0).then(SortOut(names));
    let names = clicks.side_output(names).key_by(|name| name.0);
    clicks.key_by(|click| click.0).join(names, PairUp::default()).sink(slot())
}

fn expected_pairs() -> Vec<(u64, u64, String)> {
    let events = clicks_and_names().concat();
    let mut pairs = Vec::new();
    for (_, click) in &events {
        let Event::Click { user, page } = click else { continue };
        for (_, name) in &events {
            match name {
                Event::Name { user: named, name } if named == user => {
                    pairs.push((*user, *page, name.clone()));
                }
                _ => {}
            }
        }
    }
    pairs
}

#[test]
fn a_side_output_can_be_joined_with_the_stream_that_it_left() {
    let expected = expected_pairs();
    assert!(expected.len() > 500);
    check(&run(pairing_plan, WAYS), &expected);
}

#[test]
fn edges_lead_where_the_streams_say() {
    let plan = pairing_plan();
    let names: Vec<_> = plan.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["source -> operator", "join"]);
    assert_eq!((plan.stages[0].reads_source, plan.stages[0].writes_sink), (true, false));
    assert_eq!((plan.stages[1].reads_source, plan.stages[1].writes_sink), (false, true));
    // The side output was keyed first, so it is output 0; the main stream is the left input.
    let ports = |plan: &Plan| -> Vec<_> {
        plan.outputs(StageId(0)).iter().map(|edge| (edge.output, edge.to, edge.port)).collect()
    };
    assert_eq!(ports(&plan), [(0, StageId(1), InputPort(1)), (1, StageId(1), InputPort(0))]);
    let inputs: Vec<_> = plan.inputs(StageId(1)).iter().map(|edge| edge.output).collect();
    assert_eq!(inputs, [1, 0]);
}

#[test]
fn the_records_of_a_key_meet_in_one_subtask() {
    let outcome = WAYS[1].run(&pairing_plan());
    let (read, joined) = (&outcome.records_in[0], &outcome.records_in[1]);
    assert_eq!(read, &[120, 60], "splits 0 and 2, and split 1");
    assert_eq!(joined.iter().sum::<u64>(), 180);
    assert!(joined.iter().all(|&records| records > 0));
}

/// Fails the run unless time only ever rises, and to the very end.
#[derive(Clone)]
struct Heed(dataflow::EventTime);

impl TwoInputOperator for Heed {
    type Left = WindowResult<u64, u64>;
    type Right = (u64, i64);
    type Out = Outcomes;

    fn process_left(&mut self, record: Record<Self::Left>, out: &mut impl Collect<Outcomes>) {
        assert!(record.event_time > self.0, "a window's result precedes the watermark");
        let WindowResult { key, window_end, result } = record.value.clone();
        out.push(record.with(Outcomes::Window(key, window_end.0, result)));
    }
    fn process_right(&mut self, record: Record<(u64, i64)>, out: &mut impl Collect<Outcomes>) {
        out.push(record.with(Outcomes::Late(record.value.0, record.value.1)));
    }
    fn advance(&mut self, now: Progress, _: &mut impl Collect<Outcomes>) -> dataflow::Step {
        assert!(now.watermark > self.0, "the watermark of both inputs rises");
        self.0 = now.watermark;
        dataflow::Step::Done
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Outcomes {
    Window(u64, i64, u64),
    Late(u64, i64),
}
impl Data for Outcomes {}

const WINDOW: i64 = 10;
/// The one chunk size, so that the same records are late however the plan is run.
const CHUNK: usize = 4;

/// One split whose time steps back by up to 40 every now and then. With one split, what is late
/// depends on chunks alone.
fn unpunctual() -> Vec<(i64, (u64, i64))> {
    let time = |n: i64| 3 * n - if n % 7 == 3 { n % 41 } else { 0 };
    (0..200).map(|n| (time(n), ((n * n % 11) as u64, time(n)))).collect()
}

fn lateness_plan(forwarded: bool) -> Plan {
    let late = SidePort::new(0);
    let windows = Stream::from_source(Arc::new(Events(vec![unpunctual()])), 5)
        .key_by(|event: &(u64, i64)| event.0)
        .window(WINDOW)
        .late_to(late)
        .aggregate(Count::default());
    let late = windows.side_output(late);
    let heed = Heed(dataflow::EventTime::MIN);
    if forwarded {
        // Once more through a stage of its own, which changes nothing.
        let late = late.forward().map(|event| event).key_by(|event| event.0);
        windows.key_by(|result| result.key).join(late, heed).sink(slot())
    } else {
        let late = late.key_by(|event| event.0);
        windows.key_by(|result| result.key).join(late, heed).sink(slot())
    }
}

/// Reads chunk by chunk and counts by hand; the end of the input comes with the last chunk.
fn expected_lateness() -> (Vec<Outcomes>, u64) {
    let mut windows: BTreeMap<(u64, i64), u64> = BTreeMap::new();
    let mut late = Vec::new();
    let (mut newest, mut watermark) = (i64::MIN, i64::MIN);
    for chunk in unpunctual().chunks(CHUNK) {
        for (time, (key, value)) in chunk {
            let end = time.div_euclid(WINDOW) * WINDOW + WINDOW;
            if end - 1 <= watermark {
                late.push(Outcomes::Late(*key, *value));
            } else {
                *windows.entry((*key, end)).or_default() += 1;
            }
            newest = newest.max(*time);
        }
        watermark = newest - 5 - 1;
    }
    let count = late.len() as u64;
    late.extend(windows.iter().map(|((key, end), n)| Outcomes::Window(*key, *end, *n)));
    (late, count)
}

fn ways_of_one_chunk() -> Vec<Run> {
    WAYS.iter().map(|way| Run { chunk: CHUNK as u64, ..*way }).collect()
}

#[test]
fn late_records_can_be_joined_with_the_windows_that_missed_them() {
    let (expected, late) = expected_lateness();
    assert!(late > 5, "there is something to see");
    let outcome = run(|| lateness_plan(false), &ways_of_one_chunk());
    assert_eq!(outcome.late, late);
    check(&outcome, &expected);
}

#[test]
fn a_side_output_can_be_forwarded_to_a_stage_of_its_own() {
    let (expected, late) = expected_lateness();
    let outcome = run(|| lateness_plan(true), &ways_of_one_chunk());
    assert_eq!(outcome.late, late);
    check(&outcome, &expected);

    let plan = lateness_plan(true);
    let names: Vec<_> = plan.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["source", "window", "input -> map", "join"]);
    let kinds: Vec<_> = plan.outputs(StageId(1)).iter().map(|edge| edge.kind).collect();
    assert_eq!(kinds, [EdgeKind::Forward, EdgeKind::Hash]);
    let outcome = ways_of_one_chunk()[1].run(&plan);
    assert_eq!(outcome.records_in[2].iter().sum::<u64>(), late);
}

#[test]
fn a_side_output_that_nobody_consumes_is_dropped() {
    let plan = || {
        let names = SidePort::new(0);
        let clicks = Stream::from_source(Arc::new(Events(clicks_and_names())), 0);
        clicks.then(SortOut(names)).sink(slot())
    };
    let clicks = clicks_and_names().concat().into_iter().filter_map(|(_, event)| match event {
        Event::Click { user, page } => Some((user, page)),
        Event::Name { .. } => None,
    });
    check(&run(plan, WAYS), &clicks.collect::<Vec<_>>());
}

#[test]
#[should_panic(expected = "side port 0 is consumed twice")]
fn a_side_output_is_consumed_once() {
    let names = SidePort::new(0);
    let clicks = Stream::from_source(Arc::new(Events(clicks_and_names())), 0).then(SortOut(names));
    let _first = clicks.side_output(names).forward();
    let _second = clicks.side_output(names).forward();
}

#[test]
#[should_panic(expected = "was begun and leads nowhere")]
fn a_stream_that_reaches_no_sink_is_refused() {
    let names = SidePort::new(0);
    let clicks = Stream::from_source(Arc::new(Events(clicks_and_names())), 0).then(SortOut(names));
    let _forgotten = clicks.side_output(names).forward();
    clicks.sink(slot());
}

#[test]
#[should_panic(expected = "an edge was never connected")]
fn a_key_without_an_operator_behind_it_is_refused() {
    let names = SidePort::new(0);
    let clicks = Stream::from_source(Arc::new(Events(clicks_and_names())), 0).then(SortOut(names));
    let _forgotten = clicks.side_output(names).key_by(|name| name.0);
    clicks.sink(slot());
}
