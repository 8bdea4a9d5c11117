//! Units of work: what is held back goes out at their end, as one record per key, and the watermark
//! stays behind it.

use std::collections::BTreeMap;

use dataflow::Change::{Insert, Update};
use dataflow::exchange::outbox::Sealed;
use dataflow::exchange::{Exchange, Forward};
use dataflow::operator::Then;
use dataflow::operators::{Combine, Count, Merging, RunningAggregate, TumblingWindow};
use dataflow::record::latency_trace::Part;
use dataflow::stage::{FusedStage, Input, InputPort, Marks, OneInput, Save, StageRunner};
use dataflow::verify::{Element, at, end_of_unit, records, verify_keyed, watermark};
use dataflow::{
    Batch, Change, EventTime, Operator, Outbox, ProcessingTime, Progress, Record, Stamps,
};
use proptest::prelude::*;

type KeyOf<T> = fn(&T) -> u64;

const IDENTITY: KeyOf<u64> = |key| *key;
const FIRST: KeyOf<(u64, u64)> = |partial| partial.0;

fn combine() -> Combine<u64, KeyOf<u64>, Count<u64>> {
    Combine::new(IDENTITY, Count::default())
}

/// Counts by key, and says once per unit what has changed.
fn once_per_unit() -> impl Operator<In = u64, Out = Change<(u64, u64)>> {
    let count = Merging::new(Count::<u64>::default());
    Then::new(combine(), RunningAggregate::new(FIRST, count))
}

/// One number per element: a record of that key, or the end of a unit for 9.
fn elements(numbers: &[u64]) -> Vec<Element<u64>> {
    let element = |(time, &number)| if number == 9 { end_of_unit() } else { at(time, number) };
    (0..).zip(numbers).map(element).collect()
}

/// The keys of each unit with their counts.
fn units(numbers: &[u64]) -> Vec<BTreeMap<u64, u64>> {
    let counts = |unit: &[u64]| {
        let mut counts = BTreeMap::new();
        unit.iter().for_each(|key| *counts.entry(*key).or_default() += 1);
        counts
    };
    numbers.split(|number| *number == 9).map(counts).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_unit_becomes_one_record_per_key(numbers in proptest::collection::vec(0u64..10, 0..40)) {
        let expected: Vec<_> = units(&numbers).into_iter().flatten().collect();
        verify_keyed(combine(), IDENTITY, elements(&numbers), expected);
    }

    #[test]
    fn an_aggregate_changes_once_per_key_and_unit(
        numbers in proptest::collection::vec(0u64..10, 0..40)
    ) {
        let mut table: BTreeMap<u64, u64> = BTreeMap::new();
        let changes = units(&numbers).into_iter().flatten().map(|(key, count)| {
            let after = table.get(&key).copied().unwrap_or_default() + count;
            match table.insert(key, after) {
                None => Insert((key, after)),
                Some(before) => Update { before: (key, before), after: (key, after) },
            }
        });
        let expected: Vec<_> = changes.collect();
        verify_keyed(once_per_unit(), IDENTITY, elements(&numbers), expected);
    }
}

#[test]
fn watermarks_end_no_unit() {
    let mut input = records([7, 7]);
    input.extend([watermark(1), at(2, 7), end_of_unit(), at(3, 7)]);
    verify_keyed(combine(), IDENTITY, input, vec![(7, 3), (7, 1)]);
}

fn record(key: u64, time: i64, stamp: u32) -> Record<u64> {
    let stamps = Stamps { planned: stamp, ingested: stamp };
    Record { value: key, event_time: EventTime(time), stamps }
}

/// A runner of one operator, whose buffers have this size.
fn runner<Op: Operator<Out: dataflow::Data>>(operator: Op, buffer_bytes: usize) -> StageRunner {
    let tail = Exchange::<Op::Out, _>::new(Forward, 0, 1, buffer_bytes);
    let stage = FusedStage::new(OneInput, operator, tail, Vec::new());
    StageRunner::new(Box::new(stage), Outbox::new(&[1]), Marks::Ignore)
}

fn buffer(records: impl IntoIterator<Item = Record<u64>>) -> Input {
    let batch = Batch::of(records.into_iter().collect());
    Input::Buffer { port: InputPort(0), channel: 0, batch }
}

fn time(watermark: i64) -> Input {
    Input::Time(Progress { watermark: EventTime(watermark), ..Progress::START })
}

/// Runs an input to its end and flushes: what was sent, the records made from state, and the turns.
fn run(runner: &mut StageRunner, input: Input) -> (Vec<Batch>, u64, u64) {
    runner.begin(input);
    let (mut sent, mut records, mut turns) = (Vec::new(), 0, 0);
    loop {
        let turn = runner.step().expect("nothing fails");
        if turn.done {
            runner.flush();
        }
        let route = |sealed: Sealed, _: &mut Vec<Batch>| sent.push(sealed.batch);
        let handed = runner.hand_over(Part::Boundary, || ProcessingTime::ZERO, route);
        handed.expect("there is no sink");
        (records, turns) = (records + turn.work.records, turns + 1);
        if turn.done {
            return (sent, records, turns);
        }
    }
}

fn drained(batches: Vec<Batch>) -> Vec<Record<(u64, u64)>> {
    let drain =
        |mut batch: Batch| -> Vec<Record<(u64, u64)>> { batch.drain(batch.len()).collect() };
    batches.into_iter().flat_map(drain).collect()
}

#[test]
fn a_combined_record_has_the_newest_times_of_what_went_into_it() {
    let mut runner = runner(combine(), 1 << 15);
    assert!(runner.has_units());
    run(&mut runner, buffer([record(7, 5, 8), record(7, 9, 2), record(7, 3, 4)]));
    let (sent, work, _) = run(&mut runner, Input::EndOfUnit);
    let stamps = Stamps { planned: 8, ingested: 8 };
    let expected = Record { value: (7, 3), event_time: EventTime(9), stamps };
    assert_eq!((drained(sent), work), (vec![expected], 1), "it is charged as one made from state");
}

#[test]
fn what_only_the_end_of_the_input_releases_is_not_timed() {
    let mut runner = runner(combine(), 1 << 15);
    run(&mut runner, buffer([record(7, 5, 8)]));
    run(&mut runner, time(i64::MAX));
    let (sent, ..) = run(&mut runner, Input::EndOfUnit);
    assert_eq!(drained(sent)[0].stamps, Stamps::UNTIMED);
}

#[test]
fn the_watermark_waits_for_what_is_held_back() {
    let mut runner = runner(combine(), 1 << 15);
    let (mut sent, ..) = run(&mut runner, time(1));
    assert_eq!(sent[0].take_mark(), Some(EventTime(1)), "nothing is held back");
    run(&mut runner, buffer([record(7, 2, 2)]));
    assert!(run(&mut runner, time(2)).0.is_empty(), "a record is held back that is not behind it");
    let (mut sent, ..) = run(&mut runner, Input::EndOfUnit);
    let [batch] = &mut sent[..] else { panic!("one buffer") };
    assert_eq!(batch.drain::<(u64, u64)>(1).count(), 1);
    assert_eq!(batch.take_mark(), Some(EventTime(2)), "it comes behind the record");
}

#[test]
fn an_operator_behind_it_in_the_same_stage_meets_the_watermark_in_time() {
    let window = TumblingWindow::new(FIRST, Count::default(), 10);
    let mut runner = runner(Then::new(combine(), window), 1 << 15);
    run(&mut runner, buffer([record(7, 2, 2), record(7, 3, 2), record(8, 4, 2)]));
    let (sent, ..) = run(&mut runner, time(9));
    assert!(sent.is_empty(), "the window is open while its records are held back");
    let (sent, ..) = run(&mut runner, Input::EndOfUnit);
    assert_eq!(sent.iter().map(Batch::len).sum::<usize>(), 2, "a result for each key");
    let counters = runner.save(Save::Full).expect("the unit has ended").tally.counters;
    assert_eq!((counters.windows_closed, counters.late_records), (1, 0));
}

#[test]
fn a_unit_that_makes_more_than_there_is_room_for_stops_and_goes_on() {
    let mut runner = runner(combine(), 1);
    run(&mut runner, buffer((0..9).map(|key| record(key, 1, 2))));
    let (sent, work, turns) = run(&mut runner, Input::EndOfUnit);
    assert_eq!((drained(sent).len(), work), (9, 9));
    assert!(turns >= 9, "a turn per sealed buffer: {turns}");
    let (sent, work, _) = run(&mut runner, Input::EndOfUnit);
    assert_eq!((sent.len(), work), (0, 0), "an empty unit makes nothing");
}

#[test]
#[should_panic(expected = "a unit of work ends before its stage is saved")]
fn nothing_is_saved_within_a_unit() {
    let mut runner = runner(combine(), 1 << 15);
    run(&mut runner, buffer([record(7, 5, 8)]));
    let _ = runner.save(Save::Full);
}

#[test]
fn a_stage_that_holds_nothing_back_has_no_units() {
    let count = RunningAggregate::new(IDENTITY, Count::default());
    let mut runner = runner(count, 1 << 15);
    assert!(!runner.has_units());
    run(&mut runner, buffer([record(7, 5, 8)]));
    assert!(runner.save(Save::Full).is_ok());
    let (sent, work, _) = run(&mut runner, Input::EndOfUnit);
    assert_eq!((sent.len(), work), (0, 0));
}
